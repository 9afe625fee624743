"""Every service in one typed place: built here, started here, closed here."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from data.audit import AuditLog
from data.database import Database, migrate, open_database
from data.files import FileStore
from data.jobs import JobStore
from data.ledger import recount_if_behind
from data.lines import Ledger
from data.patients import PatientStore
from data.refusals import RefusalStore
from data.results import ResultStore
from data.reviews import ReviewStore
from data.scans import ScanStore
from data.tracking import Tracking
from data.uploads import UploadStore
from data.views import ViewStore
from data.worklist import WorklistStore
from models import tasks
from services.accounts import Accounts, accounts_of
from services.cohort import Cohorts
from services.cohort_export import CohortExports
from services.comparison import Comparing
from services.health import Health
from services.importing import Importing
from services.inference.batcher import MicroBatcher
from services.inference.engine import Engine, NetworkInput
from services.intake import Intake, empty_folder
from services.jobs import Jobs
from services.pictures import Pictures
from services.reading import Batcher, FloatArray, Reader, Reading
from services.registry import Registry
from services.review import Reviewing
from services.saved_views import SavedViews
from services.settings import Settings
from services.suitability import Gate
from services.uploads import Uploads
from services.worklist import Worklist


@dataclass(frozen=True)
class Services:
    """What the pages, the API and the command line are built on."""

    settings: Settings
    accounts: Accounts
    uploads: Uploads
    intake: Intake
    reading: Reading
    importing: Importing
    review: Reviewing
    worklist: Worklist
    cohorts: Cohorts
    comparing: Comparing
    cohort_exports: CohortExports
    saved_views: SavedViews
    pictures: Pictures
    registry: Registry
    jobs: Jobs
    health: Health
    audit: AuditLog
    engine: Engine
    batcher: Batcher
    database: Database

    def start(self) -> None:
        """Begin to work: jobs at once, networks as soon as they are loaded in the background."""
        self.batcher.start()
        threading.Thread(target=self._load_models, name="models", daemon=True).start()
        self.jobs.start()
        self.intake.resume()
        self.reading.resume()
        self.importing.resume()
        self.uploads.forget_broken()

    def close(self) -> None:
        """End the work at hand; what is unfinished goes on at the next start."""
        self.jobs.stop()
        self.batcher.stop()
        self.database.dispose()

    def _load_models(self) -> None:
        self.registry.load_all(self.engine)


def build_services(settings: Settings) -> Services:
    """Services on the settings' stores; migrates the database, starts nothing."""
    settings.home.mkdir(parents=True, exist_ok=True)
    empty_folder(settings.home)
    database = open_database(settings.database_url)
    migrate(database)
    recount_if_behind(database)
    files, scans, results = FileStore(settings.files_url), ScanStore(database), ResultStore(database)
    reviews, patients, audit = ReviewStore(database), PatientStore(database), AuditLog(database)
    ledger = Ledger(database)
    uploads, job_store = UploadStore(database), JobStore(database)
    engine, batcher = _inference(settings)
    jobs = Jobs(job_store, settings.home, settings.workers)
    accounts = accounts_of(database)
    registry = build_registry(settings)
    reader = Reader(engine, batcher)
    reading = Reading(reader, scans, results, files, jobs)
    intake = Intake(settings, uploads, scans, patients, files, Gate(reader), reading, jobs)
    pictures = Pictures(scans, results, reviews, files)
    cohorts = Cohorts(ledger, RefusalStore(database), engine.thresholds)
    comparing = Comparing(ledger)
    return Services(
        settings=settings,
        accounts=accounts,
        uploads=Uploads(uploads, intake, settings.max_scan_bytes),
        intake=intake,
        reading=reading,
        importing=Importing(settings, database, files, reader, jobs),
        review=Reviewing(scans, results, reviews, files, pictures, audit),
        worklist=Worklist(
            WorklistStore(database, ledger), scans, results, reviews, patients, files, accounts, registry
        ),
        cohorts=cohorts,
        comparing=comparing,
        cohort_exports=CohortExports(cohorts, comparing, audit),
        saved_views=SavedViews(ViewStore(database)),
        pictures=pictures,
        registry=registry,
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


def build_registry(settings: Settings) -> Registry:
    """The registry alone, for the command line."""
    tracking = Tracking(settings.tracking_uri, settings.home / "mlflow")
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
    batcher = MicroBatcher[NetworkInput, FloatArray](
        engine.run,
        max_batch=settings.max_batch,
        gather_ms=settings.gather_ms,
        max_waiting=settings.max_waiting,
    )
    return engine, batcher
