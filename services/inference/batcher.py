"""Requests of many threads gathered into batches for the one thread that owns the device.

Knows nothing of torch: `run(key, items)` does the work and must return as many results as it was
given items, in their order. Items of one key may share a batch. The key is the loaded network itself:
whoever asked one network is never answered by its successor, and an old network is let go with the
last request that names it.

Where several ask, a batch waits a few milliseconds until it is full. Who asks alone is answered at once.

Between two batches whoever's turn it is comes first (`services.turns`): a volume under way gives way to
a film. A short request's batch is filled with short ones only, so that it does not wait for more.
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
from data.records import Precedence
from services.turns import Turn, Turns

log = logging.getLogger(__name__)

In = TypeVar("In")
Out = TypeVar("Out")

BUSY = "Lightbox is reading as much as it can right now; please try again in about {when}."
SOONEST_S, LATEST_S = 5, 600
_NEWEST = 0.1  # weight of a batch in how long an item takes


def come_back_after(expected_s: float) -> int:
    """Whole seconds after which to ask again for what is expected then: not at once, nor after an hour."""
    return max(SOONEST_S, min(LATEST_S, math.ceil(expected_s)))


@dataclass
class Meter:
    """How long the device worked for somebody: of a shared batch the share."""

    seconds: float = 0.0


@dataclass
class _Waiting(Generic[In, Out]):
    item: In
    deadline: float
    meter: Meter
    future: Future[Out] = field(default_factory=Future)


@dataclass
class _Request(Generic[In, Out]):
    """What was asked at a time, as far as it still waits."""

    key: Hashable
    turn: Turn
    entries: deque[_Waiting[In, Out]]


class MicroBatcher(Generic[In, Out]):
    """A bounded queue, one worker thread, futures."""

    def __init__(
        self,
        run: Callable[[Any, Sequence[In]], Sequence[Out]],
        *,
        max_batch: int = 16,
        max_long_batch: int | None = None,
        gather_ms: float = 4.0,
        max_waiting: int = 2048,
        timeout_s: float = 120.0,
        turns: Turns | None = None,
    ) -> None:
        """`max_long_batch`: so many inputs of what is long at a time, for which a short one may wait."""
        self._run = run
        self._max_batch = max_batch
        self._max_long_batch = max_long_batch or max_batch
        self._turns = turns or Turns()
        self._gather_s = gather_ms / 1000
        self._max_waiting = max_waiting
        self._timeout_s = timeout_s
        self._requests: list[_Request[In, Out]] = []
        self._count = 0
        self._several_ask = False  # the last batch was of several requests, or others came while it ran
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._work, name="batcher", daemon=True)
        self._item_s = 0.0  # how long the device takes for an item, of late
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
            waiting.future.set_exception(self._busy())

    @property
    def waiting(self) -> int:
        """How many items wait for their turn."""
        return self._count

    def submit(
        self,
        key: Hashable,
        items: Sequence[In],
        turn: Turn | None = None,
        *,
        without_timeout: bool = False,
        meter: Meter | None = None,
    ) -> list[Future[Out]]:
        """A future for each item, all or none.

        Raises Busy when the queue has no room or the batcher is stopping. A future that was not
        run before the time-out gets Busy too, unless `without_timeout`; one that is cancelled is not run.
        Without a `turn` it is short and has just come. `meter` is told how long the device worked.
        """
        deadline = math.inf if without_timeout else time.monotonic() + self._timeout_s
        meter = meter or Meter()
        entries = deque(_Waiting[In, Out](item, deadline, meter) for item in items)
        futures = [entry.future for entry in entries]
        with self._changed:
            if self._stopping or self._count + len(entries) > self._max_waiting:
                raise self._busy()
            if entries:
                self._requests.append(_Request(key, turn or Turn.now(), entries))
            self._count += len(futures)
            self._changed.notify_all()
        return futures

    def _busy(self) -> Busy:
        """The refusal, which says when half of what waits now will be done: there is room again then."""
        seconds = come_back_after(self._count * self._item_s / 2)
        when = f"{seconds} seconds" if seconds < 100 else f"{math.ceil(seconds / 60)} minutes"
        return Busy(BUSY.format(when=when), seconds)

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
        """The next batch; where several ask, it waits a few milliseconds to fill. None when stopping."""
        with self._changed:
            while not self._count and not self._stopping:
                self._changed.wait()
            until = time.monotonic() + (self._gather_s if self._several_ask else 0.0)
            while not self._stopping and not self._is_full():
                left = until - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
            return None if self._stopping else self._taken()

    def _is_full(self) -> bool:
        """Whether some network has a whole batch waiting, so that nobody waits for more."""
        counts: dict[tuple[Hashable, bool], int] = {}
        for request in self._requests:
            kind = (request.key, request.turn.short)
            counts[kind] = counts.get(kind, 0) + len(request.entries)
        return any(count >= self._most(short) for (_, short), count in counts.items())

    def _most(self, short: bool) -> int:
        return self._max_batch if short else self._max_long_batch

    def _taken(self) -> tuple[Hashable, list[_Waiting[In, Out]]]:
        """The batch of whoever's turn it is, filled with what may share it."""
        first = self._turns.next(self._requests, lambda request: request.turn)
        sharing = [other for other in self._requests if _share(first, other)]
        sharing.sort(key=lambda other: (other is not first, other.turn.order))
        batch: list[_Waiting[In, Out]] = []
        for request in sharing:
            while request.entries and len(batch) < self._most(first.turn.short):
                batch.append(request.entries.popleft())
        self._several_ask = len(sharing) > 1
        # No request without entries stays: the last network that was asked would be held for ever.
        self._requests = [request for request in self._requests if request.entries]
        self._count -= len(batch)
        return first.key, batch

    def _may_run(self, entry: _Waiting[In, Out]) -> bool:
        if not entry.future.set_running_or_notify_cancel():
            return False
        if time.monotonic() > entry.deadline:
            entry.future.set_exception(self._busy())
            return False
        return True

    def _settle(self, key: Hashable, batch: list[_Waiting[In, Out]]) -> None:
        """Run a batch; where it fails, halve it, so that one bad item fails alone."""
        started = time.perf_counter()
        try:
            results = self._run(key, [entry.item for entry in batch])
            if len(results) != len(batch):
                raise BrokenBatch(f"{len(batch)} items in, {len(results)} results out")
        except Exception as error:  # noqa: BLE001  told to whoever asked; the thread serves all others
            self._halve_or_fail(key, batch, error)
            return
        self._several_ask = self._several_ask or self._count > 0  # before who was answered asks again
        self.batches, self.items = self.batches + 1, self.items + len(batch)
        share = (time.perf_counter() - started) / len(batch)
        self._item_s += (_NEWEST if self._item_s else 1.0) * (share - self._item_s)
        for entry, result in zip(batch, results, strict=True):
            entry.meter.seconds += share
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
            left = [entry for request in self._requests for entry in request.entries]
            self._requests.clear()
            self._count = 0
        return [entry for entry in left if entry.future.set_running_or_notify_cancel()]


def _share(first: _Request[In, Out], other: _Request[In, Out]) -> bool:
    """Whether what `other` asks may go into the batch of `first`, which takes longer with it."""
    if other.key != first.key or other is first:
        return other is first
    if first.turn.short:
        return other.turn.short and other.turn.precedence <= first.turn.precedence
    return other.turn.precedence <= max(first.turn.precedence, Precedence.BULK)
