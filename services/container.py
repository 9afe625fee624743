"""Every service in one typed place: built here, started here, closed here."""

from __future__ import annotations

from dataclasses import dataclass

from data.audit import AuditLog
from data.database import Database
from data.features import FeatureStore
from data.jobs import JobStore
from data.judgements import JudgementStore
from data.review_requests import ReviewRequestStore
from data.schedules import ScheduleStore
from data.uploads import UploadStore
from data.views import ViewStore
from models import tasks
from services.accounts import Accounts, accounts_of
from services.alerts import Alerts
from services.cohort import Cohorts
from services.cohort_export import CohortExports
from services.command_line import alerts_of
from services.comparison import Comparing
from services.culprits import CulpritFinder
from services.drift import Drift
from services.drift_desk import drift_desk, schedule_drift
from services.gallery import Gallery
from services.ground import device_of, laid
from services.health import Health
from services.history import Histories
from services.importing import Importing
from services.inference.engine import Engine
from services.intake import Intake, empty_folder
from services.jobs import Jobs
from services.model_uploads import ModelUploads
from services.models_desk import models_desk
from services.performance_desk import PerformanceDesk, performance_desk
from services.performance_watch import PerformanceWatch
from services.pictures import Pictures
from services.promotion import Promotions
from services.reading import Batcher, Reader, Reading
from services.real_use import RealUse
from services.registry import Registry
from services.rehearsal import Rehearsals
from services.rehearsal_pictures import RehearsalPictures
from services.reporting import Reporting
from services.reporting_desk import reporting_desk, schedule_reports
from services.retraining_pack import RetrainingPacks
from services.review import Reviewing
from services.review_requests import ReviewRequests
from services.sampling import Sampling
from services.saved_views import SavedViews
from services.schedules import Schedules
from services.serving import Serving
from services.settings import Settings
from services.suitability import Gate
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
    empty_folder(settings.home)
    ground = laid(settings)
    database, files, audit = ground.database, ground.files, ground.audit
    scans, results, reviews, patients = ground.scans, ground.results, ground.reviews, ground.patients
    engine, batcher = device_of(settings)
    reader = Reader(engine, batcher)
    job_store = JobStore(database)
    jobs = Jobs(job_store, settings.home, settings.workers)
    alerts = alerts_of(ground, jobs)
    schedules = Schedules(ScheduleStore(database), jobs, alerts, audit)

    uploads, accounts = UploadStore(database), accounts_of(database)
    reading = Reading(reader, scans, results, files, jobs)
    intake = Intake(settings, uploads, scans, patients, files, Gate(reader), reading, jobs)
    pictures = Pictures(scans, results, reviews, files)
    cohorts, comparing = Cohorts(ground.ledger, ground.refusals, engine.thresholds), Comparing(ground.ledger)

    histories = Histories(ground.tracking, settings.home / "cache", ground.clinical)
    real_use = RealUse(ground.judgements, ground.tracking, jobs, ground.clinical, logged=histories.refresh)
    models = models_desk(ground, engine, reader, pictures, jobs, real_use.running)
    sampling = Sampling(ground.judgements, ground.review_share)
    performance = performance_desk(
        histories, ground.judgements, sampling, ground.ledger, database, ground.clinical
    )
    watch = PerformanceWatch(performance.numbers, performance.goals, alerts, ground.clinical)
    desk = drift_desk(ground, alerts, jobs)
    reporting = reporting_desk(
        ground, jobs, histories, cohorts, pictures, desk.drift, models.promotions, alerts
    )

    schedule_drift(schedules, desk, ground.clinical)
    schedule_reports(schedules, reporting)
    for tick in (schedules.tick, alerts.tell_due, real_use.tick, watch.tick):
        jobs.every_minute(tick)
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
            ground.worklist, scans, results, reviews, patients, files, accounts, ground.registry
        ),
        cohorts=cohorts,
        comparing=comparing,
        cohort_exports=CohortExports(cohorts, comparing, audit),
        saved_views=SavedViews(ViewStore(database)),
        reporting=reporting,
        judgements=ground.judgements,
        real_use=real_use,
        sampling=sampling,
        performance=performance,
        pictures=pictures,
        gallery=Gallery(files, pictures),
        registry=ground.registry,
        serving=models.serving,
        rehearsals=models.rehearsals,
        rehearsal_pictures=models.rehearsal_pictures,
        promotions=models.promotions,
        model_uploads=models.uploads,
        histories=histories,
        drift=desk.drift,
        culprits=desk.culprits,
        review_requests=ReviewRequests(ReviewRequestStore(database), scans, audit),
        retraining_packs=RetrainingPacks(scans, results, reviews, patients, files, audit, jobs),
        alerts=alerts,
        schedules=schedules,
        jobs=jobs,
        health=Health(database, engine, batcher, ground.registry, scans, job_store, tuple(tasks.ALL)),
        audit=audit,
        engine=engine,
        batcher=batcher,
        database=database,
    )
