"""Items of an import, decoded and read by the workers of a cluster."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType

from data.database import new_id
from data.records import Refusal
from services.cluster.blocks import received_outcome, sent_item
from services.cluster.reading_worker import ReadingWorker
from services.cluster.worker_pool import TRIES, Cluster, WorkerLost, WorkerPool
from services.importing.asking import Asked
from services.importing.scan_reading import FAILED
from services.importing.workplace import BatchSize, House

_LOST = "Every worker that this was given to was lost while it worked on it, {tries} times."


class ClusterWorkplace:
    """A `services.importing.workplace.Workplace` on other machines."""

    batch = BatchSize(items=32, bytes=32 << 20)

    def __init__(self, cluster: Cluster[ReadingWorker], work: Path, ending: threading.Event) -> None:
        self._work = work
        self._house: House | None = None
        self._fault: BaseException | None = None  # of before there was anybody to tell
        self._pool = WorkerPool(cluster, ending, self._faulted)

    def __enter__(self) -> ClusterWorkplace:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._pool.__exit__(kind, error, where)

    def has_room(self, items: int) -> bool:
        """Whether a block more would find a worker soon."""
        return self._pool.has_room

    def submit(self, batch: Sequence[Asked], house: House) -> None:
        """Have a batch worked on by whichever worker is free first."""
        self._house = house
        if self._fault is not None:
            house.failed(self._fault)
        self._pool.submit(_Block(tuple(batch), house, self._work))

    def _faulted(self, fault: BaseException) -> None:
        self._fault = fault
        if self._house is not None:
            self._house.failed(fault)


@dataclass(frozen=True)
class _Block:
    """A batch that was given out, and how often it was begun."""

    batch: tuple[Asked, ...]
    house: House
    work: Path
    begun: int = 0

    def do(self, worker: ReadingWorker) -> None:
        block = new_id()
        contents = worker.decode(block, [sent_item(asked) for asked in self.batch])
        outcomes = worker.read(block, set(self.house.known(contents)))
        folder = self.work / block
        try:
            for number, (asked, outcome) in enumerate(zip(self.batch, outcomes, strict=True)):
                self.house.settled(asked, received_outcome(outcome, folder / str(number)))
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def drop(self) -> None:
        for asked in self.batch:
            self.house.settled(asked, None)

    def again(self, lost: WorkerLost) -> list[_Block]:
        """The same for another worker; what loses all of them is given out item by item."""
        begun = self.begun + 1
        if begun < TRIES:
            return [replace(self, begun=begun)]
        if len(self.batch) > 1:
            return [_Block((asked,), self.house, self.work) for asked in self.batch]
        if lost.__cause__ is not None:  # the same fault on every machine
            self.house.failed(lost.__cause__)
        else:
            (asked,) = self.batch
            self.house.settled(asked, [Refusal(asked.item.name, FAILED, _LOST.format(tries=begun))])
        return []
