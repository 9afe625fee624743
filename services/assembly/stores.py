"""What every service stands on: the settings, the database with its stores, the files, MLflow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from data.audit_origin import coming_from
from data.database import Database, migrate, open_database
from data.database_urls import sqlite_url
from data.files import FileStore
from data.ledger.in_memory import Ledger
from data.ledger.judgements import JudgementStore
from data.ledger.rows import recount_if_behind
from data.ledger.worklist import WorklistStore
from data.records import AuditOrigin, AuditVia
from data.stores.audit import AuditLog
from data.stores.patients import PatientStore
from data.stores.refusals import RefusalStore
from data.stores.results import ResultStore
from data.stores.reviews import ReviewStore
from data.stores.scans import ScanStore
from data.tracking import Tracking
from models import tasks
from models.device import chosen_device
from services.auditing.signing import sign_events
from services.identifier_encryption import encrypt_identifiers
from services.inference.batcher import MicroBatcher
from services.inference.choice import Wanted
from services.inference.choosing import Choosing
from services.inference.engine import Engine, NetworkInput, Output
from services.reading.reader import Batcher
from services.settings import Settings
from services.turns import Turns
from services.versions.registry import Registry

LONG_BATCH_ON_CPU = 4
"""Inputs of a volume at a time: a film waits for no more, and more would not make it faster there."""


@dataclass(frozen=True)
class Stores:
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


def tracking_of(settings: Settings) -> Tracking:
    """The house's MLflow, in its own folder unless another is set; asked of nothing yet."""
    uri = settings.tracking_uri or sqlite_url(settings.home / "mlflow.db")
    return Tracking(uri, settings.home / "mlflow")


def registry_of(settings: Settings, tracking: Tracking | None = None) -> Registry:
    """The registry of every task's versions."""
    return Registry(tracking or tracking_of(settings), settings.home / "models", tasks.ALL.values())


def open_stores(
    settings: Settings,
    tracking_of: Callable[[Settings], Tracking] = tracking_of,
    registry_of: Callable[[Settings, Tracking], Registry] = registry_of,
) -> Stores:
    """The stores on the settings' stores; brings the database up to date."""
    settings.home.mkdir(parents=True, exist_ok=True)
    database = open_database(settings.database_url)
    migrate(database)
    encrypt_identifiers(database, settings)
    sign_events(database, settings)
    recount_if_behind(database)
    share = settings.review_sample_percent / 100
    tracking, ledger = tracking_of(settings), Ledger(database, share)
    return Stores(
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
def command_stores(settings: Settings) -> Iterator[Stores]:
    """The stores for a command, which may work beside a server on the same home folder."""
    with coming_from(AuditOrigin(AuditVia.COMMAND)):
        stores = open_stores(settings)
        try:
            yield stores
        finally:
            stores.database.dispose()


def device_of(settings: Settings, turns: Turns | None = None) -> tuple[Engine, Batcher]:
    """The device without networks, and the queue in front of it, not started; `turns` says who is next."""
    device = chosen_device(settings.device)
    engine = Engine(settings.device, Choosing(settings.home / "networks", device, Wanted(settings.backend)))
    batcher = MicroBatcher[NetworkInput, Output](
        engine.run,
        max_batch=settings.max_batch,
        max_long_batch=LONG_BATCH_ON_CPU if device.type == "cpu" else settings.max_batch,
        gather_ms=settings.gather_ms,
        max_waiting=settings.max_waiting,
        turns=turns,
    )
    return engine, batcher
