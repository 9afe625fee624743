"""Requests of many threads gathered into batches for the one thread that owns the device.

Knows nothing of torch: `run(key, items)` does the work and must return as many results as it was
given items, in their order. Items of one key may share a batch. The key is the loaded network itself:
whoever asked one network is never answered by its successor, and an old network is let go with the
last request that names it.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from data.errors import BrokenBatch, Busy

log = logging.getLogger(__name__)

In = TypeVar("In")
Out = TypeVar("Out")

BUSY = "Lightbox is reading as much as it can right now; please try again in a moment."


@dataclass
class _Waiting(Generic[In, Out]):
    item: In
    deadline: float
    since: float
    future: Future[Out] = field(default_factory=Future)


@dataclass(frozen=True)
class _Line:
    """Where items queue that may share a batch."""

    background: bool
    key: Hashable


class MicroBatcher(Generic[In, Out]):
    """A bounded queue, one worker thread, futures."""

    def __init__(
        self,
        run: Callable[[Any, Sequence[In]], Sequence[Out]],
        *,
        max_batch: int = 16,
        gather_ms: float = 4.0,
        max_waiting: int = 2048,
        timeout_s: float = 120.0,
    ) -> None:
        self._run = run
        self._max_batch = max_batch
        self._gather_s = gather_ms / 1000
        self._max_waiting = max_waiting
        self._timeout_s = timeout_s
        self._queues: dict[_Line, deque[_Waiting[In, Out]]] = {}
        self._count = 0
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._work, name="batcher", daemon=True)
        self.batches = 0
        self.items = 0

    def start(self) -> None:
        """Begin to work; requests may be submitted before."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the batch at hand; whatever still waits is answered with Busy."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout=60)
        for waiting in self._drained():
            waiting.future.set_exception(Busy(BUSY))

    @property
    def waiting(self) -> int:
        """How many items wait for their turn."""
        return self._count

    def submit(self, key: Hashable, items: Sequence[In], *, background: bool = False) -> list[Future[Out]]:
        """A future for each item, all or none.

        Raises Busy when the queue has no room or the batcher is stopping. A future that was not
        run before the time-out gets Busy too; one that is cancelled is not run. Background items
        are run only while nothing else waits, for as long as that takes.
        """
        deadline = math.inf if background else time.monotonic() + self._timeout_s
        line = _Line(background, key)
        entries = [_Waiting[In, Out](item, deadline, time.monotonic()) for item in items]
        with self._changed:
            if self._stopping or self._count + len(entries) > self._max_waiting:
                raise Busy(BUSY)
            self._queues.setdefault(line, deque()).extend(entries)
            self._count += len(entries)
            self._changed.notify_all()
        return [entry.future for entry in entries]

    def _work(self) -> None:
        while self._work_once():
            pass  # between two batches this thread holds on to no network

    def _work_once(self) -> bool:
        """Wait for a batch and run it; False when stopping."""
        gathered = self._gathered()
        if gathered is None:
            return False
        key, batch = gathered
        alive = [entry for entry in batch if self._may_run(entry)]
        if alive:
            self._settle(key, alive)
        return True

    def _gathered(self) -> tuple[Hashable, list[_Waiting[In, Out]]] | None:
        """The next batch, waited for a few milliseconds until it is full; None when stopping."""
        with self._changed:
            while not self._count and not self._stopping:
                self._changed.wait()
            if self._stopping:
                return None
            line = self._longest_waiting()
            until = time.monotonic() + self._gather_s
            while len(self._queues[line]) < self._max_batch and not self._stopping:
                left = until - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
            queue = self._queues[line]
            batch = [queue.popleft() for _ in range(min(self._max_batch, len(queue)))]
            if not queue:  # or the last network that was asked would be held for ever
                del self._queues[line]
            self._count -= len(batch)
            return line.key, batch

    def _longest_waiting(self) -> _Line:
        return min(self._queues, key=lambda line: (line.background, self._queues[line][0].since))

    def _may_run(self, entry: _Waiting[In, Out]) -> bool:
        if not entry.future.set_running_or_notify_cancel():
            return False
        if time.monotonic() > entry.deadline:
            entry.future.set_exception(Busy(BUSY))
            return False
        return True

    def _settle(self, key: Hashable, batch: list[_Waiting[In, Out]]) -> None:
        """Run a batch; where it fails, halve it, so that one bad item fails alone."""
        try:
            results = self._run(key, [entry.item for entry in batch])
            if len(results) != len(batch):
                raise BrokenBatch(f"{len(batch)} items in, {len(results)} results out")
        except Exception as error:  # noqa: BLE001  told to whoever asked; the thread serves all others
            self._halve_or_fail(key, batch, error)
            return
        self.batches, self.items = self.batches + 1, self.items + len(batch)
        for entry, result in zip(batch, results, strict=True):
            entry.future.set_result(result)

    def _halve_or_fail(self, key: Hashable, batch: list[_Waiting[In, Out]], error: Exception) -> None:
        if len(batch) == 1:
            log.warning("one %s item failed: %r", key, error)
            batch[0].future.set_exception(error)
            return
        middle = len(batch) // 2
        self._settle(key, batch[:middle])
        self._settle(key, batch[middle:])

    def _drained(self) -> list[_Waiting[In, Out]]:
        with self._changed:
            left = [entry for queue in self._queues.values() for entry in queue]
            self._queues.clear()
            self._count = 0
        return [entry for entry in left if entry.future.set_running_or_notify_cancel()]
