"""What every threshold would give: curves, sweeps, and the thresholds that keep a rate."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.errors import UnusableDataset
from models.statistics.confusion import Confusion, CountArray, FloatArray, Mask
from models.statistics.estimate import Estimate, undefined
from models.statistics.proportions import proportion

MOST_POINTS = 500  # of a curve


@dataclass(frozen=True)
class Sweep:
    """What every threshold would give; NaN where undefined."""

    threshold: FloatArray  # ascending
    hits: CountArray
    false_alarms: CountArray
    n_ill: int
    n_healthy: int

    @property
    def recall(self) -> FloatArray:
        """Of the ill, the share called ill."""
        return _share(self.hits, self.n_ill)

    @property
    def far(self) -> FloatArray:
        """Of the healthy, the share called ill."""
        return _share(self.false_alarms, self.n_healthy)

    @property
    def frr(self) -> FloatArray:
        """Of the ill, the share called healthy."""
        return 1 - self.recall

    @property
    def specificity(self) -> FloatArray:
        """Of the healthy, the share called healthy."""
        return 1 - self.far

    @property
    def precision(self) -> FloatArray:
        """Of those called ill, the share that is."""
        return _share(self.hits, self.hits + self.false_alarms)

    @property
    def accuracy(self) -> FloatArray:
        """Of all, the share called rightly."""
        return _share(self.hits + self.n_healthy - self.false_alarms, self.n_ill + self.n_healthy)

    def confusion(self, threshold: float) -> Confusion:
        """The counts at the swept threshold that is nearest."""
        place = int(np.abs(self.threshold - threshold).argmin())
        hit, false_alarm = int(self.hits[place]), int(self.false_alarms[place])
        return Confusion(hit, self.n_ill - hit, false_alarm, self.n_healthy - false_alarm)

    def at(self, threshold: float) -> dict[str, Estimate]:
        """The rates, with intervals, at the swept threshold that is nearest."""
        return self.confusion(threshold).rates()


@dataclass(frozen=True)
class Curves:
    """ROC and precision-recall curve, each from the strictest threshold to the laxest.

    At most 500 points each, the ends among them; without any ill or healthy cases there are none.
    """

    roc_far: FloatArray
    roc_recall: FloatArray
    roc_threshold: FloatArray
    pr_recall: FloatArray
    pr_precision: FloatArray
    pr_threshold: FloatArray
    n_ill: int
    n_healthy: int


def swept(truth: Mask, probability: FloatArray, thresholds: FloatArray | None = None) -> Sweep:
    """What each threshold would give; a hundred steps from 0 to 1 unless others are asked for."""
    at = np.linspace(0, 1, 101) if thresholds is None else np.sort(np.asarray(thresholds, dtype=np.float64))
    ill, healthy = np.sort(probability[truth]), np.sort(probability[~truth])
    return Sweep(at, _reaching(ill, at), _reaching(healthy, at), len(ill), len(healthy))


def curves(truth: Mask, probability: FloatArray) -> Curves:
    """ROC and precision-recall curve over every threshold that makes a difference."""
    ill, healthy = np.sort(probability[truth]), np.sort(probability[~truth])
    at = np.concatenate([[np.inf], np.unique(probability)[::-1]])
    hits, alarms = _reaching(ill, at), _reaching(healthy, at)
    recall, far, precision = _share(hits, len(ill)), _share(alarms, len(healthy)), _share(hits, hits + alarms)
    roc, pr = np.zeros(0, int), np.zeros(0, int)
    if len(ill) and len(healthy):
        roc = _thinned(recall + far)
    if len(ill):  # precision where nothing is called ill is undefined
        pr = 1 + _thinned(recall[1:] + np.concatenate([[0.0], np.abs(np.diff(precision[1:]))]).cumsum())
    return Curves(
        far[roc], recall[roc], at[roc], recall[pr], precision[pr], at[pr], len(ill), len(healthy)
    )  # fmt: skip


def threshold_for_recall(truth: Mask, probability: FloatArray, recall: float) -> float:
    """The highest threshold that still keeps `recall` on these cases; UnusableDataset without any ill."""
    ill = np.sort(probability[truth])
    if not len(ill):
        raise UnusableDataset("A threshold is chosen on cases of which some are ill; here none is.")
    return float(ill[min(_at_most(1 - recall, len(ill)), len(ill) - 1)])


def frr_at_far(truth: Mask, probability: FloatArray, far: float) -> Estimate:
    """The share of ill missed at the threshold where at most `far` of the healthy are called ill."""
    healthy = np.sort(probability[~truth])[::-1]
    if not len(healthy):
        return undefined()
    threshold = healthy[min(_at_most(far, len(healthy)), len(healthy) - 1)]
    return proportion(int((probability[truth] <= threshold).sum()), int(truth.sum()))


def _at_most(share: float, n: int) -> int:
    # A tenth of 70 is 7, though 1 - 0.9 is a hair less than a tenth.
    return math.floor(share * n + 1e-9)


def _reaching(ordered: FloatArray, thresholds: FloatArray) -> CountArray:
    return (len(ordered) - np.searchsorted(ordered, thresholds, side="left")).astype(np.int64)


def _share(hits: CountArray, n: CountArray | int) -> FloatArray:
    total = np.broadcast_to(np.asarray(n, dtype=np.float64), hits.shape)
    return np.asarray(np.divide(hits, total, out=np.full(hits.shape, np.nan), where=total > 0))


def _thinned(way: FloatArray) -> NDArray[np.int64]:
    """Indices evenly spread along a rising way, first and last among them."""
    if len(way) <= MOST_POINTS:
        return np.arange(len(way))
    places = np.searchsorted(way, np.linspace(way[0], way[-1], MOST_POINTS - 1))
    return np.unique(np.concatenate([[0], places.clip(0, len(way) - 1), [len(way) - 1]]))
