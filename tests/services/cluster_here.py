"""A cluster whose workers are objects of this process, each with networks of its own, which may be lost."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from data.errors import LightboxError
from services.cluster.blocks import ReadScan, SentItem, SentOutcome, SentScan
from services.cluster.networks import SentNetwork, WorkerSettings
from services.cluster.trainer import SentTraining, Trainer, TrainingNews
from services.cluster.worker import Worker
from services.cluster.worker_pool import Place, WorkerLost

T = TypeVar("T")


@dataclass
class WorkerHere:
    """A worker that everything goes to and comes from as bytes, as over a network."""

    worker: Worker
    before: Callable[[str, Sequence[SentItem]], None]
    dismissed: bool = False
    _items: dict[str, Sequence[SentItem]] = field(default_factory=dict)

    def decode(self, block: str, items: Sequence[SentItem]) -> set[str]:
        self._items[block] = items
        self.before("decode", items)
        return _sent(self.worker.decode(block, _sent(items)))

    def read(self, block: str, known: set[str]) -> list[SentOutcome]:
        self.before("read", self._items[block])
        return _sent(self.worker.read(block, _sent(known)))

    def read_scans(self, task: str, scans: Sequence[SentScan]) -> list[ReadScan]:
        self.before("read scans", [])
        return _sent(self.worker.read_scans(task, _sent(scans)))

    def dismiss(self) -> None:
        self.worker.close()
        self.dismissed = True


@dataclass
class ClusterHere:
    """So many machines; `before` is called before each call of a worker and may raise WorkerLost."""

    networks: Sequence[SentNetwork]
    settings: WorkerSettings
    machines: int = 2
    before: Callable[[str, Sequence[SentItem]], None] = lambda _method, _items: None
    refused: Exception | None = None
    engaged: list[WorkerHere] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def places(self) -> list[Place]:
        return [Place(str(number), 0, f"machine {number}") for number in range(self.machines)]

    def engage(self, place: Place) -> WorkerHere:
        if self.refused is not None:
            raise self.refused
        worker = Worker()
        worker.load(_sent(self.networks), self.settings)
        here = WorkerHere(worker, self.before)
        with self.lock:
            self.engaged.append(here)
        return here


@dataclass
class TrainerHere:
    """A worker that trains; `before` is called before each question, with the epochs that were told."""

    trainer: Trainer
    before: Callable[[str, int], None]
    begun: list[SentTraining] = field(default_factory=list)
    dismissed: bool = False

    def begin(self, sent: SentTraining) -> None:
        self.before("begin", 0)
        self.begun.append(sent)
        self.trainer.begin(_sent(sent))

    def news(self, after: int) -> TrainingNews:
        self.before("news", after)
        return _told(lambda: self.trainer.news(after))

    def dismiss(self) -> None:
        self.trainer.close()
        self.dismissed = True


@dataclass
class TrainersHere:
    """So many machines that train."""

    machines: int = 2
    before: Callable[[str, int], None] = lambda _method, _epochs: None
    engaged: list[TrainerHere] = field(default_factory=list)

    def places(self) -> list[Place]:
        return [Place(str(number), 0, f"machine {number}") for number in range(self.machines)]

    def engage(self, place: Place) -> TrainerHere:
        self.engaged.append(here := TrainerHere(Trainer(), self.before))
        return here


def _told(ask: Callable[[], T]) -> T:
    """What a worker answers; what it raises comes as the cause of a lost worker, as Ray has it."""
    try:
        return _sent(ask())
    except LightboxError as error:
        raise WorkerLost(str(error)) from _sent(error)


@dataclass
class Losses:
    """Loses a worker before the first so many calls of a method."""

    method: str
    count: int
    cause: Exception | None = None
    of: str = ""  # only what holds an item of this name
    lost: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, method: str, items: Sequence[SentItem]) -> None:
        names = [item.name for item in items]
        with self.lock:
            if method != self.method or self.lost >= self.count or (self.of and self.of not in names):
                return
            self.lost += 1
        raise WorkerLost("it was killed") from self.cause


def _sent(value: T) -> T:
    received: T = pickle.loads(pickle.dumps(value))  # noqa: S301
    return received
