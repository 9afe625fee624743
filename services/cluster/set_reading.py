"""Scans of the house, read by another version on the workers of a cluster; what they say is kept here."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from queue import SimpleQueue

from data.database import now
from data.errors import UserFacingError
from data.records import EvaluationReading
from services.cluster.blocks import SentScan
from services.cluster.reading_worker import ReadingWorker
from services.cluster.worker import UNREADABLE
from services.cluster.worker_pool import TRIES, Cluster, WorkerLost, WorkerPool
from services.evaluations.set_reader import KeptScan, SetReader
from services.inference.engine import Loaded
from services.inference.faults import FILE_FAULTS

log = logging.getLogger(__name__)

SCANS_AT_ONCE = 8
_LOST = "Every worker that this was given to was lost while it worked on it, {tries} times."

Finished = SimpleQueue[EvaluationReading | BaseException]


class ClusterSetReader:
    """Has a set read by the workers of a cluster that hold one network: that of the version."""

    def __init__(
        self, reader: SetReader, connect: Callable[[Loaded], AbstractContextManager[Cluster[ReadingWorker]]]
    ) -> None:
        self._reader = reader
        self._connect = connect

    def __call__(self, loaded: Loaded, waiting: Sequence[EvaluationReading]) -> Iterator[EvaluationReading]:
        """What the version says of each scan, as it comes. Raises InvalidInput and Outage."""
        finished: Finished = SimpleQueue()
        ending = threading.Event()
        with self._connect(loaded) as cluster, WorkerPool(cluster, ending, finished.put) as pool:
            try:
                for start in range(0, len(waiting), SCANS_AT_ONCE):
                    batch = tuple(waiting[start : start + SCANS_AT_ONCE])
                    pool.submit(_Scans(batch, loaded.task.name, self._reader, finished))
                for _ in waiting:
                    said = finished.get()
                    if isinstance(said, BaseException):
                        raise said
                    yield said
            finally:
                ending.set()


@dataclass(frozen=True)
class _Scans:
    """Scans that were given out, and how often they were begun."""

    batch: tuple[EvaluationReading, ...]
    task: str
    reader: SetReader
    finished: Finished
    begun: int = 0

    def do(self, worker: ReadingWorker) -> None:
        kept = [(asked, self._kept(asked)) for asked in self.batch]
        sent = [
            SentScan(scan.array, scan.spacing, scan.affine) for _, scan in kept if isinstance(scan, KeptScan)
        ]
        said = iter(worker.read_scans(self.task, sent))
        for asked, scan in kept:
            read = next(said) if isinstance(scan, KeptScan) else scan
            answered = _failed(asked, read) if isinstance(read, str) else self.reader.answered(asked, read)
            self.finished.put(answered)

    def _kept(self, asked: EvaluationReading) -> KeptScan | str:
        """A scan, or why there is none."""
        try:
            return self.reader.kept(asked)
        except UserFacingError as error:
            return str(error)
        except FILE_FAULTS:
            log.exception("%s could not be read", asked.name)
            return UNREADABLE

    def drop(self) -> None:
        """Nobody waits for what was not begun."""

    def again(self, lost: WorkerLost) -> list[_Scans]:
        """The same for another worker; what loses all of them is given out scan by scan."""
        begun = self.begun + 1
        if begun < TRIES:
            return [replace(self, begun=begun)]
        if len(self.batch) > 1:
            return [replace(self, batch=(asked,), begun=0) for asked in self.batch]
        (asked,) = self.batch
        self.finished.put(lost.__cause__ or _failed(asked, _LOST.format(tries=begun)))
        return []


def _failed(asked: EvaluationReading, why: str) -> EvaluationReading:
    return replace(asked, read_at=now(), failure=why)
