"""How long work takes on this machine, learnt from the last that was done."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from heapq import nsmallest
from math import log, sqrt
from statistics import median
from time import monotonic

from data.records import Effort, Job
from data.stores.jobs import JobStore

REMEMBERED = 400  # jobs of a kind
NEAREST, LEAST = 9, 3
KEPT_S = 5.0
_PER_INPUT_S, _AT_LEAST_S = 0.1, 0.2  # for the order, until something was measured
_UNKNOWN_INPUTS = 64


class ExpectedTimes:
    """Seconds of work by kind and effort: the median of the jobs most alike, each scaled to the same size.

    What is kept of jobs is all it knows, so it knows as much after a restart.
    """

    def __init__(self, store: JobStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._known: dict[str, _Known] = {}

    def seconds(self, kind: str, effort: Effort) -> float | None:
        """Without waiting for others; None where fewer than `LEAST` jobs of the same work were done."""
        known, asked = self._known_of(kind), (effort.work, effort.inputs, effort.size)
        if asked not in known.expected:
            known.expected[asked] = _expected(known.by_work.get(effort.work, []), effort)
        return known.expected[asked]

    def guess(self, kind: str, effort: Effort) -> float:
        """As `seconds`, and a rough number where too few tell: for the order, never to be shown."""
        known = self.seconds(kind, effort)
        inputs = _UNKNOWN_INPUTS if effort.inputs is None else effort.inputs
        return _AT_LEAST_S + _PER_INPUT_S * inputs if known is None else known

    def _known_of(self, kind: str) -> _Known:
        with self._lock:
            known = self._known.get(kind)
        if known is not None and monotonic() - known.read_at < KEPT_S:
            return known
        by_work: dict[str, list[Job]] = defaultdict(list)
        for job in self._store.worked(kind, REMEMBERED):
            by_work[job.effort.work].append(job)
        known = _Known(monotonic(), by_work)
        with self._lock:
            self._known[kind] = known
        return known


@dataclass(frozen=True)
class _Known:
    """The last jobs of a kind, and what was worked out of them: a queue asks the same of many alike."""

    read_at: float
    by_work: Mapping[str, list[Job]]
    expected: dict[tuple[str, int | None, int], float | None] = field(default_factory=dict)


def _expected(done: list[Job], effort: Effort) -> float | None:
    if len(done) < LEAST:
        return None
    nearest = nsmallest(NEAREST, done, key=lambda job: _distance(job.effort, effort))
    return median(_scaled(job, effort) for job in nearest)


def _ratios(measured: Effort, asked: Effort) -> Sequence[float]:
    inputs = (asked.inputs or _UNKNOWN_INPUTS) / (measured.inputs or _UNKNOWN_INPUTS)
    return inputs, max(asked.size, 1) / max(measured.size, 1)


def _distance(measured: Effort, asked: Effort) -> float:
    """How unlike two are: by what factor inputs and size differ."""
    return sum(abs(log(ratio)) for ratio in _ratios(measured, asked))


def _scaled(job: Job, asked: Effort) -> float:
    """How long it would have taken with the size asked for: as the geometric mean of both ratios."""
    inputs, size = _ratios(job.effort, asked)
    return (job.worked_s or 0.0) * sqrt(inputs * size)
