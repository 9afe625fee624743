"""Services one at a time for commands, which may work beside a server on the same home folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import MappingProxyType

from data.stores.jobs import JobStore
from data.stores.promotions import PromotionStore
from models import tasks
from models.outside import OutsideEvaluation
from models.task import Task
from models.weights import Trained
from services.accounts import accounts_of
from services.assembly.alerts import alerts_of
from services.assembly.auditing import AuditServices, build_auditing
from services.assembly.drift import DriftServices, build_drift
from services.assembly.evaluations import EvaluationServices, evaluations_of
from services.assembly.retention import RetentionServices, build_retention
from services.assembly.reviewing import blinding_of
from services.assembly.servers import no_other_server
from services.assembly.stores import Stores, command_stores, device_of, registry_of
from services.assembly.versions import margins, rehearsals_of
from services.cluster.connecting import ReadingConnector, reading_connector, training_cluster
from services.cluster.networks import WorkerSettings, sent
from services.cluster.reading_worker import ReadingWorker
from services.cluster.set_reading import ClusterSetReader
from services.cluster.trainings import ClusterTrainings
from services.cluster.worker_pool import Cluster
from services.cluster.workplace import ClusterWorkplace
from services.demo.demonstration import Demo
from services.evaluations.scan_sets import ScanSets
from services.evaluations.set_reader import SetReader
from services.importing.imports import Importing
from services.inference.engine import Engine
from services.jobs import Jobs
from services.reading.reader import Batcher, Reader
from services.reading.segmenting import Segmenting
from services.settings import Settings
from services.training.outside import judged_outside, keep_outside
from services.versions.outside import OutsideResults
from services.versions.promotion import Promotions
from services.versions.rehearsals import Rehearsals
from services.versions.serving import Serving
from services.versions.uploads import ModelUploads

UNREGISTERED = "unregistered"
"""The version of weights that are read with before they are registered."""
NOTHING_INSTEAD: Mapping[str, Trained] = MappingProxyType({})


@contextmanager
def importing_alone(settings: Settings, *, reads: bool, on: str | None = None) -> Iterator[Importing]:
    """Imports; the networks are loaded only for what `reads`: pausing and looking need none.

    `on` is the address of a cluster that decodes and reads. Raises InvalidInput where it cannot be used.
    """
    if on is not None and reads:
        with command_stores(settings) as stores, _workers(stores, on) as cluster:
            yield Importing(
                settings, stores.database, stores.files, None, elsewhere=partial(ClusterWorkplace, cluster)
            )
        return
    with command_stores(settings) as stores, _keeping(stores, reads) as reader:
        alone = no_other_server(settings)
        yield Importing(settings, stores.database, stores.files, reader, alone=alone)


@contextmanager
def demo_alone(settings: Settings, *, reads: bool) -> Iterator[Demo]:
    """The demonstration; the networks are loaded only for what `reads`: removing needs none."""
    with command_stores(settings) as stores, _keeping(stores, reads) as reader:
        yield Demo(settings, stores.database, stores.files, stores.tracking, reader)


@contextmanager
def model_uploads_alone(settings: Settings) -> Iterator[ModelUploads]:
    """Registering of versions."""
    with command_stores(settings) as stores:
        engine, batcher = device_of(settings)
        batcher.start()
        try:
            yield ModelUploads(stores.registry, engine, Reader(engine, batcher), tasks.ALL, stores.audit)
        finally:
            batcher.stop()


@contextmanager
def drift_alone(settings: Settings) -> Iterator[DriftServices]:
    """Drift runs that are waited for."""
    with command_stores(settings) as stores:
        yield build_drift(stores, alerts_of(stores))


@contextmanager
def auditing_alone(settings: Settings) -> Iterator[AuditServices]:
    """The audit trail."""
    with command_stores(settings) as stores:
        yield build_auditing(stores, accounts_of(stores.database), alerts_of(stores))


@contextmanager
def retention_alone(settings: Settings) -> Iterator[RetentionServices]:
    """Erasing, legal holds and expiry."""
    with command_stores(settings) as stores:
        yield build_retention(stores, accounts_of(stores.database))


@contextmanager
def evaluations_alone(settings: Settings, on: str | None = None) -> Iterator[EvaluationServices]:
    """Evaluations of the house's own scans that are waited for; `on` is a cluster that reads them.

    Raises InvalidInput where that cannot be used.
    """
    elsewhere = None if on is None else partial(_set_reader_on, reading_connector(on), settings)
    with command_stores(settings) as stores, _networks(stores) as (engine, reader):
        sets = ScanSets(stores.ledger, stores.scans, settings.outside_sets, lambda: [], lambda: [])
        serving = Serving(stores.registry, engine, tasks.ALL.values(), stores.audit, 0)
        hidden = blinding_of(stores).hidden
        yield evaluations_of(stores, sets, engine, reader, serving, hidden, elsewhere=elsewhere)


def _set_reader_on(cluster_of: ReadingConnector, settings: Settings, reader: SetReader) -> ClusterSetReader:
    """Workers of a cluster that are given the version's network."""
    return ClusterSetReader(
        reader, lambda loaded: cluster_of([sent(loaded, settings)], WorkerSettings.of(settings))
    )


@contextmanager
def trainings_on(address: str) -> Iterator[ClusterTrainings]:
    """Trainings by the workers of a cluster. Raises InvalidInput where it cannot be used."""
    with training_cluster(address) as cluster, ClusterTrainings(cluster) as trainings:
        yield trainings


@contextmanager
def rehearsals_alone(settings: Settings) -> Iterator[tuple[Rehearsals, Promotions]]:
    """Rehearsals that are waited for, and what the promotion gate says of them."""
    with command_stores(settings) as stores, _networks(stores) as (engine, reader):
        serving = Serving(stores.registry, engine, tasks.ALL.values(), stores.audit, 0)
        jobs = Jobs(JobStore(stores.database))  # never started: a server beside it does its own
        rehearsals = rehearsals_of(stores, engine, reader, serving, jobs)
        promotions = PromotionStore(stores.database)
        yield (
            rehearsals,
            Promotions(promotions, stores.registry, serving, rehearsals, stores.audit, margins(settings)),
        )


@contextmanager
def _workers(stores: Stores, on: str) -> Iterator[Cluster[ReadingWorker]]:
    """A cluster whose workers hold the networks in force."""
    cluster_of = reading_connector(on)
    with _networks(stores) as (engine, _):
        networks = [sent(engine.loaded(task), stores.settings) for task in engine.loaded_tasks()]
    with cluster_of(networks, WorkerSettings.of(stores.settings)) as cluster:
        yield cluster


@contextmanager
def _keeping(stores: Stores, reads: bool) -> Iterator[Reader | None]:
    """A reader for those who keep results, None unless it `reads`."""
    if not reads:
        yield None
        return
    with _networks(stores) as (_, reader):
        yield reader


@contextmanager
def _networks(stores: Stores) -> Iterator[tuple[Engine, Reader]]:
    """The networks in force, and a reader on them.

    They are registered where that has not been done yet, so that results name the version that the server
    will show.
    """
    engine, batcher = device_of(stores.settings)
    stores.registry.load_all(engine)
    engine.settle()  # once a machine; whoever comes here reads many scans
    batcher.start()
    try:
        yield engine, Reader(engine, batcher)
    finally:
        batcher.stop()


def build_reader(
    settings: Settings, instead: Mapping[str, Trained] = NOTHING_INSTEAD
) -> tuple[Reader, Batcher]:
    """A reader on the models that this machine knows; asks no server and needs no database.

    `instead` (task -> weights) stand in for those in force.
    """
    engine, batcher = device_of(settings)
    registry = registry_of(settings)
    for task in tasks.ALL.values():
        known = (instead[task.name], UNREGISTERED) if task.name in instead else registry.local(task.name)
        engine.place(task, *known)
    batcher.start()
    return Reader(engine, batcher), batcher


def outside_alone(settings: Settings, task: Task, trained: Trained, data: Path) -> OutsideEvaluation:
    """What these weights answer outside the training sources, behind this machine's suitability gate.

    Raises UnusableDataset.
    """
    reader, batcher = build_reader(settings, {task.name: trained})
    try:
        return judged_outside(Segmenting(reader, settings), task, trained, data)
    finally:
        batcher.stop()


def outside_kept(settings: Settings, task: Task, trained: Trained, evaluation: OutsideEvaluation) -> str:
    """Keep it beside the weights and with each version that is these with this decision; says where."""
    files = keep_outside(task, trained.folder, evaluation)
    registry = registry_of(settings)
    results = OutsideResults(registry.tracking)
    same = list(registry.all_registered_as(task.name, trained.sha256, trained.decision))
    for version in same:
        results.keep(version, trained, files)
    registered = ", ".join(f"version {version.version} in MLflow" for version in same)
    return f"Kept in {trained.folder}" + (
        f" and with {registered}." if same else "; no version is these weights with this threshold."
    )
