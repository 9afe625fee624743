"""Every service in one typed place: built here, started here, closed here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from data.alerts import AlertStore
from data.audit import AuditLog
from data.database import Database, migrate, open_database
from data.features import FeatureStore
from data.files import FileStore
from data.jobs import JobStore
from data.judgements import JudgementStore
from data.ledger import recount_if_behind
from data.lines import Ledger
from data.patients import PatientStore
from data.promotions import PromotionStore
from data.refusals import RefusalStore
from data.reports import ReportStore
from data.results import ResultStore
from data.review_requests import ReviewRequestStore
from data.reviews import ReviewStore
from data.scans import ScanStore
from data.schedules import ScheduleStore
from data.tracking import Tracking
from data.uploads import UploadStore
from data.views import ViewStore
from data.worklist import WorklistStore
from models import tasks
from services.accounts import Accounts, accounts_of
from services.alerts import Alerts
from services.cohort import Cohorts
from services.cohort_export import CohortExports
from services.comparison import Comparing
from services.culprits import CulpritFinder
from services.drift import Drift
from services.drift_desk import drift_desk, schedule_drift
from services.gallery import Gallery
from services.gate import Margins
from services.governance import Sources
from services.health import Health
from services.history import Histories
from services.importing import Importing
from services.inference.batcher import MicroBatcher
from services.inference.engine import Engine, NetworkInput, Output
from services.intake import Intake, empty_folder
from services.jobs import Jobs
from services.model_uploads import ModelUploads
from services.performance_desk import PerformanceDesk, performance_desk
from services.performance_watch import PerformanceWatch
from services.pictures import Pictures
from services.promotion import Promotions
from services.reading import Batcher, Reader, Reading
from services.real_use import RealUse
from services.registry import Registry
from services.rehearsal import Rehearsals
from services.rehearsal_pictures import RehearsalPictures
from services.rehearsing import Rehearser
from services.reporting import Reporting
from services.reporting_desk import report_writers, schedule_reports
from services.retraining_pack import RetrainingPacks
from services.review import Reviewing
from services.review_requests import ReviewRequests
from services.sampling import Sampling
from services.saved_views import SavedViews
from services.schedules import Schedules
from services.serving import Serving
from services.settings import Settings
from services.suitability import Gate
from services.telling import Telling, addresses
from services.uploads import Uploads
from services.watching import Watching
from services.worklist import Worklist


@dataclass(frozen=True)
class Services:
    """What the pages, the API and the command line are built on."""

    settings: Settings
    accounts: Accounts
    uploads: Uploads
    intake: Intake
    reading: Reading
    watching: Watching
    importing: Importing
    review: Reviewing
    worklist: Worklist
    cohorts: Cohorts
    comparing: Comparing
    cohort_exports: CohortExports
    saved_views: SavedViews
    reporting: Reporting
    judgements: JudgementStore
    performance: PerformanceDesk
    real_use: RealUse
    sampling: Sampling
    pictures: Pictures
    gallery: Gallery
    registry: Registry
    serving: Serving
    rehearsals: Rehearsals
    rehearsal_pictures: RehearsalPictures
    promotions: Promotions
    model_uploads: ModelUploads
    histories: Histories
    drift: Drift
    culprits: CulpritFinder
    review_requests: ReviewRequests
    retraining_packs: RetrainingPacks
    alerts: Alerts
    schedules: Schedules
    jobs: Jobs
    health: Health
    audit: AuditLog
    engine: Engine
    batcher: Batcher
    database: Database

    def start(self) -> None:
        """Begin to work: jobs at once, networks as soon as they are loaded in the background."""
        self.batcher.start()
        self.serving.start(then=self._loaded)
        self.schedules.start()
        self.jobs.start()
        self.intake.resume()
        self.reading.resume()
        self.watching.resume()
        self.real_use.resume()
        self.importing.resume()
        self.uploads.forget_broken()

    def close(self) -> None:
        """End the work at hand; what is unfinished goes on at the next start."""
        self.serving.stop()
        self.jobs.stop()
        self.batcher.stop()
        self.histories.close()
        self.database.dispose()

    def _loaded(self) -> None:
        """What follows the loading of the networks, on their thread."""
        self.promotions.settle()
        self.histories.warm()


def build_services(settings: Settings) -> Services:
    """Services on the settings' stores; migrates the database, starts nothing."""
    settings.home.mkdir(parents=True, exist_ok=True)
    empty_folder(settings.home)
    database = open_database(settings.database_url)
    migrate(database)
    recount_if_behind(database)
    files, scans, results = FileStore(settings.files_url), ScanStore(database), ResultStore(database)
    reviews, patients, audit = ReviewStore(database), PatientStore(database), AuditLog(database)
    review_share = settings.review_sample_percent / 100
    ledger = Ledger(database, review_share)
    uploads, job_store = UploadStore(database), JobStore(database)
    engine, batcher = _inference(settings)
    clinical = tuple(tasks.CLINICAL)
    jobs = Jobs(job_store, settings.home, settings.workers)
    alerts = build_alerts(settings, database, audit, jobs)
    schedules = Schedules(ScheduleStore(database), jobs, alerts, audit)
    jobs.every_minute(schedules.tick)
    jobs.every_minute(alerts.tell_due)
    accounts = accounts_of(database)
    tracking = Tracking(settings.tracking_uri, settings.home / "mlflow")
    registry = build_registry(settings, tracking)
    reader = Reader(engine, batcher)
    reading = Reading(reader, scans, results, files, jobs)
    intake = Intake(settings, uploads, scans, patients, files, Gate(reader), reading, jobs)
    pictures = Pictures(scans, results, reviews, files)
    cohorts = Cohorts(ledger, RefusalStore(database), engine.thresholds)
    comparing = Comparing(ledger)
    serving = Serving(registry, engine, tasks.ALL.values(), audit, settings.registry_seconds)
    rehearsals = Rehearsals(
        registry,
        serving,
        engine,
        Rehearser(reader, results, reviews, files),
        scans,
        WorklistStore(database, ledger),
        files,
        jobs,
        job_store,
        audit,
    )
    margins = Margins(
        settings.gate_recall_percent / 100, settings.gate_dice_percent / 100, settings.gate_least_truths
    )
    histories = Histories(tracking, settings.home / "cache", clinical)
    judgements = JudgementStore(database, review_share)
    real_use = RealUse(judgements, tracking, jobs, clinical, logged=histories.refresh)
    jobs.every_minute(real_use.tick)
    promotions = Promotions(
        PromotionStore(database), registry, serving, rehearsals, audit, margins, real_use.running
    )
    serving.tell(promotions.followed)
    sampling = Sampling(judgements, review_share)
    performance = performance_desk(histories, judgements, sampling, ledger, database, clinical)
    watch = PerformanceWatch(performance.numbers, performance.goals, alerts, clinical)
    jobs.every_minute(watch.tick)
    desk = drift_desk(database, files, ledger, judgements, registry, alerts, jobs)
    schedule_drift(schedules, desk, clinical)
    sources = Sources(
        histories=histories,
        judgements=judgements,
        cohorts=cohorts,
        reviews=reviews,
        scans=scans,
        patients=patients,
        pictures=pictures,
        promotions=lambda: promotions.recent(limit=1000),
        drift_runs=lambda task: desk.drift.runs(task, 1000),
        alerts=lambda: [*alerts.standing(), *alerts.past(1000)],
        card=registry.card,
        tasks=clinical,
    )
    writers = report_writers(cohorts, desk.drift, sources)
    reporting = Reporting(settings, ReportStore(database), files, jobs, audit, writers)
    schedule_reports(schedules, reporting)
    return Services(
        settings=settings,
        accounts=accounts,
        uploads=Uploads(uploads, intake, settings.max_scan_bytes),
        intake=intake,
        reading=reading,
        watching=Watching(FeatureStore(database), results, scans, files, jobs),
        importing=Importing(settings, database, files, reader, jobs, real_use.heard),
        review=Reviewing(scans, results, reviews, files, pictures, audit, real_use.heard),
        worklist=Worklist(
            WorklistStore(database, ledger), scans, results, reviews, patients, files, accounts, registry
        ),
        cohorts=cohorts,
        comparing=comparing,
        cohort_exports=CohortExports(cohorts, comparing, audit),
        saved_views=SavedViews(ViewStore(database)),
        reporting=reporting,
        judgements=judgements,
        real_use=real_use,
        sampling=sampling,
        performance=performance,
        pictures=pictures,
        gallery=Gallery(files, pictures),
        registry=registry,
        serving=serving,
        rehearsals=rehearsals,
        rehearsal_pictures=RehearsalPictures(rehearsals, pictures, files),
        promotions=promotions,
        model_uploads=ModelUploads(registry, engine, reader, tasks.ALL, audit),
        histories=histories,
        drift=desk.drift,
        culprits=desk.culprits,
        review_requests=ReviewRequests(ReviewRequestStore(database), scans, audit),
        retraining_packs=RetrainingPacks(scans, results, reviews, patients, files, audit, jobs),
        alerts=alerts,
        schedules=schedules,
        jobs=jobs,
        health=Health(database, engine, batcher, registry, scans, job_store, tuple(tasks.ALL)),
        audit=audit,
        engine=engine,
        batcher=batcher,
        database=database,
    )


@contextmanager
def importing_alone(settings: Settings, *, reads: bool) -> Iterator[Importing]:
    """Imports for the command line, which may work beside a server on the same home folder.

    The networks are loaded only for what `reads`: pausing and looking need none.
    """
    settings.home.mkdir(parents=True, exist_ok=True)
    database = open_database(settings.database_url)
    migrate(database)
    recount_if_behind(database)
    reader, batcher = build_reader(settings) if reads else (None, None)
    try:
        yield Importing(settings, database, FileStore(settings.files_url), reader)
    finally:
        if batcher is not None:
            batcher.stop()
        database.dispose()


@contextmanager
def model_uploads_alone(settings: Settings) -> Iterator[ModelUploads]:
    """Registering versions for the command line, beside a running server or without one."""
    settings.home.mkdir(parents=True, exist_ok=True)
    database = open_database(settings.database_url)
    migrate(database)
    engine, batcher = _inference(settings)
    batcher.start()
    try:
        reader, registry = Reader(engine, batcher), build_registry(settings)
        yield ModelUploads(registry, engine, reader, tasks.ALL, AuditLog(database))
    finally:
        batcher.stop()
        database.dispose()


def build_alerts(
    settings: Settings, database: Database, audit: AuditLog | None = None, jobs: Jobs | None = None
) -> Alerts:
    """The alarms; for the command line without `jobs`: the running server then tells of them."""
    telling = Telling(addresses(settings.alerts), settings.public_url)
    log = audit or AuditLog(database)
    return Alerts(AlertStore(database), log, telling, jobs, settings.public_url)


def build_registry(settings: Settings, tracking: Tracking | None = None) -> Registry:
    """The registry alone, for the command line."""
    tracking = tracking or Tracking(settings.tracking_uri, settings.home / "mlflow")
    return Registry(tracking, settings.home / "models", tasks.ALL.values())


def build_reader(settings: Settings) -> tuple[Reader, Batcher]:
    """A reader on the models that this machine knows, for the command line; asks no server."""
    engine, batcher = _inference(settings)
    registry = build_registry(settings)
    for task in tasks.ALL.values():
        engine.place(task, *registry.local(task.name))
    batcher.start()
    return Reader(engine, batcher), batcher


def _inference(settings: Settings) -> tuple[Engine, Batcher]:
    engine = Engine(settings.device)
    batcher = MicroBatcher[NetworkInput, Output](
        engine.run,
        max_batch=settings.max_batch,
        gather_ms=settings.gather_ms,
        max_waiting=settings.max_waiting,
    )
    return engine, batcher
