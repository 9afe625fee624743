"""What every service stands on: the settings, the database with its stores, the files, MLflow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from data.audit import AuditLog
from data.database import Database, migrate, open_database
from data.files import FileStore
from data.judgements import JudgementStore
from data.ledger import recount_if_behind
from data.lines import Ledger
from data.patients import PatientStore
from data.refusals import RefusalStore
from data.results import ResultStore
from data.reviews import ReviewStore
from data.scans import ScanStore
from data.tracking import Tracking
from data.worklist import WorklistStore
from models import tasks
from services.inference.batcher import MicroBatcher
from services.inference.engine import Engine, NetworkInput, Output
from services.reading import Batcher
from services.registry import Registry
from services.settings import Settings


@dataclass(frozen=True)
class Ground:
    """Stores on one database; they hold nothing but what they may forget."""

    settings: Settings
    database: Database
    files: FileStore
    tracking: Tracking
    registry: Registry
    audit: AuditLog
    scans: ScanStore
    results: ResultStore
    reviews: ReviewStore
    patients: PatientStore
    refusals: RefusalStore
    ledger: Ledger
    worklist: WorklistStore
    judgements: JudgementStore

    @property
    def clinical(self) -> tuple[str, ...]:
        """The tasks that clinicians get answers from."""
        return tuple(tasks.CLINICAL)

    @property
    def review_share(self) -> float:
        """Of all scans, the share that is reviewed whatever the model says, 0 to 1."""
        return self.settings.review_sample_percent / 100


def laid(settings: Settings) -> Ground:
    """The ground on the settings' stores; brings the database up to date."""
    settings.home.mkdir(parents=True, exist_ok=True)
    database = open_database(settings.database_url)
    migrate(database)
    recount_if_behind(database)
    share = settings.review_sample_percent / 100
    tracking, ledger = tracking_of(settings), Ledger(database, share)
    return Ground(
        settings=settings,
        database=database,
        files=FileStore(settings.files_url),
        tracking=tracking,
        registry=registry_of(settings, tracking),
        audit=AuditLog(database),
        scans=ScanStore(database),
        results=ResultStore(database),
        reviews=ReviewStore(database),
        patients=PatientStore(database),
        refusals=RefusalStore(database),
        ledger=ledger,
        worklist=WorklistStore(database, ledger),
        judgements=JudgementStore(database, share),
    )


@contextmanager
def standing(settings: Settings) -> Iterator[Ground]:
    """The ground for a command, which may work beside a server on the same home folder."""
    ground = laid(settings)
    try:
        yield ground
    finally:
        ground.database.dispose()


def tracking_of(settings: Settings) -> Tracking:
    """The house's MLflow, in its own folder unless another is set; asked of nothing yet."""
    uri = settings.tracking_uri or f"sqlite:///{settings.home / 'mlflow.db'}"
    return Tracking(uri, settings.home / "mlflow")


def registry_of(settings: Settings, tracking: Tracking | None = None) -> Registry:
    """The registry of every task's versions."""
    return Registry(tracking or tracking_of(settings), settings.home / "models", tasks.ALL.values())


def device_of(settings: Settings) -> tuple[Engine, Batcher]:
    """The device without networks, and the queue in front of it, not started."""
    engine = Engine(settings.device)
    batcher = MicroBatcher[NetworkInput, Output](
        engine.run,
        max_batch=settings.max_batch,
        gather_ms=settings.gather_ms,
        max_waiting=settings.max_waiting,
    )
    return engine, batcher
