"""A Ray cluster: where workers can be, and talking to them. The only file that knows Ray.

Ray brings functions to machines, restarts nothing and keeps nothing here: which items are done stands in the
house's own table, and lost work is given out again by `WorkerPool`.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Generic, TypeVar

# Read by Ray when it is imported: it reports to nobody, and lets a killed command's workers go soon.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_CLIENT_RECONNECT_GRACE_PERIOD", "10")

import ray
from ray.exceptions import GetTimeoutError, RayActorError, RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from data.errors import InvalidInput, Outage, UnusableModel
from services.cluster.blocks import ReadScan, SentItem, SentOutcome, SentScan
from services.cluster.installation import installation, refusal_of
from services.cluster.networks import SentNetwork, WorkerSettings
from services.cluster.trainer import SentTraining, Trainer, TrainingNews
from services.cluster.worker import Worker
from services.cluster.worker_pool import Place, WorkerLost

log = logging.getLogger(__name__)

RESOURCE = "lightbox"
"""What a machine offers that is to read: one for each worker that it has room for."""

CALLS_AT_ONCE = 4
CONNECT_TRIES = 3
START_S = 120.0
LOAD_S = 600.0
LEAVE_S = 10.0

_NO_CLUSTER = "The Ray cluster at {address} cannot be reached: {why}"
_AWAY = "The connection to the Ray cluster was lost; what is read so far is kept."
_WITHOUT_LIGHTBOX = "The worker on {machine} has another Lightbox or none, so it is not used."


@contextmanager
def reading_cluster(
    address: str, networks: Sequence[SentNetwork], settings: WorkerSettings
) -> Iterator[RayCluster[RayReader]]:
    """Workers that read by these networks, at `ray://HOST:PORT`, or with `auto` where this machine belongs.

    Raises InvalidInput where there is no cluster, or one of another version of Ray or Python.
    """
    with _connected(address):  # networks go once for all workers
        yield RayCluster(RayReader, ray.put(list(networks)), settings)


@contextmanager
def training_cluster(address: str) -> Iterator[RayCluster[RayTrainer]]:
    """Workers that train. Raises InvalidInput as `reading_cluster` does."""
    with _connected(address):
        yield RayCluster(RayTrainer)


@contextmanager
def _connected(address: str) -> Iterator[None]:
    try:
        _connect(address)
    except (ConnectionError, RuntimeError, ValueError, OSError, RayError) as error:
        raise InvalidInput(_NO_CLUSTER.format(address=address, why=error)) from error
    try:
        yield
    finally:
        with suppress(ConnectionError, RayError):
            ray.shutdown()


def _connect(address: str) -> None:
    """Connect; the head starts a process for each command, which may fail by chance."""
    for left in reversed(range(CONNECT_TRIES)):
        try:
            ray.init(address, log_to_driver=False, logging_level=logging.ERROR)
            return
        except ConnectionAbortedError:
            if not left:
                raise
            log.warning("the Ray cluster did not let this command in; trying again")


class RayWorker:
    """An object of `kind` on a machine of the cluster."""

    kind: type

    def __init__(self, place: Place, resources: dict[str, float]) -> None:
        self._actor = _actor(self.kind, place, resources)

    def dismiss(self) -> None:
        """Let it go, with what lies on its disk."""
        with suppress(WorkerLost, Outage):
            self.ask("close", LEAVE_S)
        with suppress(RayError, ConnectionError):
            ray.kill(self._actor)

    def ask(self, method: str, timeout_s: float | None, *arguments: object) -> Any:
        """What a method of the worker answers.

        Raises WorkerLost, with what it raised itself as the cause, and Outage where the cluster is away.
        """
        with _outage_told():
            try:
                return ray.get(getattr(self._actor, method).remote(*arguments), timeout=timeout_s)
            except RayTaskError as error:
                raise WorkerLost(f"{type(error.cause).__name__}: {error.cause}") from error.cause
            except GetTimeoutError as error:
                raise WorkerLost(f"it did not answer within {timeout_s:.0f} s") from error
            except RayActorError as error:
                raise WorkerLost(type(error).__name__) from None
            except RayError as error:  # the machine with the answer, or who owned it, is gone
                raise WorkerLost(type(error).__name__) from None


class RayReader(RayWorker):
    """A worker that decodes and reads."""

    kind = Worker

    def decode(self, block: str, items: Sequence[SentItem]) -> set[str]:
        """As `Worker.decode`; raises WorkerLost."""
        contents: set[str] = self.ask("decode", None, block, items)
        return contents

    def read(self, block: str, known: set[str]) -> list[SentOutcome]:
        """As `Worker.read`; raises WorkerLost."""
        outcomes: list[SentOutcome] = self.ask("read", None, block, known)
        return outcomes

    def read_scans(self, task: str, scans: Sequence[SentScan]) -> list[ReadScan]:
        """As `Worker.read_scans`; raises WorkerLost."""
        said: list[ReadScan] = self.ask("read_scans", None, task, scans)
        return said


class RayTrainer(RayWorker):
    """A worker that trains."""

    kind = Trainer

    def begin(self, sent: SentTraining) -> None:
        """As `Trainer.begin`; raises WorkerLost."""
        self.ask("begin", START_S, sent)

    def news(self, after: int) -> TrainingNews:
        """As `Trainer.news`; raises WorkerLost."""
        news: TrainingNews = self.ask("news", None, after)
        return news


W = TypeVar("W", bound=RayWorker)


class RayCluster(Generic[W]):
    """The machines of a cluster that offer `lightbox`, each for workers of one kind."""

    def __init__(self, kind: type[W], *load: object) -> None:
        """`load` is what each worker's `load` is given."""
        self._kind = kind
        self._load = load
        self._ours = installation()

    def places(self) -> list[Place]:
        """Where workers can be right now. Raises Outage where the cluster cannot be reached any more."""
        with _outage_told():
            return [
                Place(node["NodeID"], number, _name(node))
                for node in ray.nodes()
                if node["Alive"]
                for number in range(int(node["Resources"].get(RESOURCE, 0)))
            ]

    def engage(self, place: Place) -> W:
        """A worker that is ready.

        Raises WorkerLost, and InvalidInput or UnusableModel where this machine cannot be used.
        """
        with _outage_told():
            node = next((node for node in ray.nodes() if node["NodeID"] == place.machine), None)
            if node is None or not node["Alive"]:
                raise WorkerLost("the machine is gone")
            worker = self._kind(place, node["Resources"])
        try:
            theirs = worker.ask("installed", START_S)
            why = refusal_of(place.name, theirs, self._ours)
            if why is not None:
                raise InvalidInput(why)
            ways = worker.ask("load", LOAD_S, *self._load)
        except WorkerLost as lost:
            worker.dismiss()
            if isinstance(lost.__cause__, UnusableModel):
                raise UnusableModel(f"{lost.__cause__}") from lost
            if isinstance(lost.__cause__, (ImportError, AttributeError)):
                raise InvalidInput(_WITHOUT_LIGHTBOX.format(machine=place.name)) from lost
            raise
        except InvalidInput:
            worker.dismiss()
            raise
        log.info("a worker on %s: %s", place.name, ", ".join(f"{what} {way}" for what, way in ways.items()))
        return worker


def _actor(kind: type, place: Place, resources: dict[str, float]) -> Any:
    """A worker with its share of the machine's cores, which Ray tells it, and of its GPUs."""
    share = max(1, int(resources[RESOURCE]))
    options = {
        "resources": {RESOURCE: 1},
        "num_cpus": max(1, int(resources.get("CPU", 1)) // share),
        "num_gpus": min(1.0, resources.get("GPU", 0.0) / share),
        "max_concurrency": CALLS_AT_ONCE,
        "max_restarts": 0,
        "scheduling_strategy": NodeAffinitySchedulingStrategy(place.machine, soft=False),
    }
    return ray.remote(kind).options(**options).remote()


def _name(node: dict[str, Any]) -> str:
    return f"{node['NodeManagerHostname']} ({node['NodeManagerAddress']})"


@contextmanager
def _outage_told() -> Iterator[None]:
    try:
        yield
    except ConnectionError as error:
        raise Outage(_AWAY) from error
