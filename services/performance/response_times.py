"""How long readings took, from the house's own readings: those of months without a review count too."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.ledger.judgements import JudgementStore
from models.statistics.estimate import Estimate
from models.statistics.means import quantile

SHARES = {"latency_p50_ms": 0.5, "latency_p95_ms": 0.95}


@dataclass(frozen=True)
class ResponseTime:
    """A quantile over the readings of a version: of a month, or of all where `month` is empty."""

    version: str
    month: str
    synthetic: bool
    figure: Estimate


class ResponseTimes:
    """Counts; keeps the times of months that it has seen."""

    def __init__(self, judgements: JudgementStore) -> None:
        self._judgements = judgements
        self._turn = threading.Lock()
        self._kept: dict[tuple[str, str, str, bool], tuple[int, NDArray[np.float64]]] = {}

    def by_month(self, task: str, metric: str) -> Iterator[ResponseTime]:
        """A figure a month of each version; months in which no time is known are left out."""
        for (version, month, synthetic), times in self._months(task):
            yield ResponseTime(version, month, synthetic, quantile(times, SHARES[metric]))

    def by_version(self, task: str, metric: str) -> Iterator[ResponseTime]:
        """A figure a version, over all its months: no quantile of months, but of all their readings."""
        versions: defaultdict[tuple[str, bool], list[NDArray[np.float64]]] = defaultdict(list)
        for (version, _, synthetic), times in self._months(task):
            versions[version, synthetic].append(times)
        for (version, synthetic), parts in versions.items():
            figure = quantile(np.concatenate(parts), SHARES[metric])
            yield ResponseTime(version, "", synthetic, figure)

    def _months(self, task: str) -> Iterator[tuple[tuple[str, str, bool], NDArray[np.float64]]]:
        for key, count in sorted(self._judgements.read_counts(task).items()):
            times = self._times(task, *key, count.read)
            if len(times):
                yield key, times

    def _times(self, task: str, version: str, month: str, synthetic: bool, n: int) -> NDArray[np.float64]:
        """What a month's readings took; asked again where their number has changed."""
        key = (task, version, month, synthetic)
        with self._turn:
            kept = self._kept.get(key)
        if kept is not None and kept[0] == n:
            return kept[1]
        times = self._judgements.latencies(task, version, month, synthetic)
        with self._turn:
            self._kept[key] = (n, times)
        return times
