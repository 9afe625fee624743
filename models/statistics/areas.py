"""The area under the ROC curve: the chance that an ill case gets a higher number than a healthy one.

Variances are DeLong's (Biometrics 1988). Everything is counted by value, so that of whole numbers in a
small range (`superiority`) nothing has to be sorted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.optimize import brentq

from models.statistics.confusion import CountArray, FloatArray, Mask
from models.statistics.estimate import Z95, Estimate, undefined

_NO_SPREAD = 1e-12


@dataclass(frozen=True)
class Superiority:
    """How often a value of one sample exceeds one of another, ties half.

    `spread` is the standard error, NaN where a sample has a single value; p is Mann and Whitney's.
    """

    value: float
    spread: float
    p: float


def auc(truth: Mask, probability: FloatArray) -> Estimate:
    """AUC of cases (n,) with a 95 % interval; undefined without ill or without healthy cases.

    The interval is DeLong's on the logit scale (Pepe 2003). Where it has none, as a perfect order has no
    variance and a lone ill case none to be seen, it is Newcombe's (Statistics in Medicine 2006, 25:559,
    method 5), which never is without width.
    """
    ill, healthy = int(truth.sum()), int((~truth).sum())
    if not ill or not healthy:
        return undefined(len(truth))
    result = superiority(*_counted(truth, probability)[0])
    return Estimate(result.value, *interval(result, ill, healthy), ill + healthy)


def interval(result: Superiority, higher: int, lower: int) -> tuple[float, float]:
    """The 95 % interval of a superiority of samples of these sizes, as `auc` has it."""
    area = result.value
    if not 0 < area < 1 or not result.spread > _NO_SPREAD:
        return _newcombe(area, higher, lower)
    logit, width = math.log(area / (1 - area)), Z95 * result.spread / (area * (1 - area))
    return _sigmoid(logit - width), _sigmoid(logit + width)


def superiority(higher: CountArray, lower: CountArray) -> Superiority:
    """That of two samples by their counts of each value: both (values,), the values ascending."""
    a, b = higher.astype(np.float64), lower.astype(np.float64)
    n, m = a.sum(), b.sum()
    wins, losses = _placements(a, b)
    value = float((a * wins).sum() / n)
    spread = math.nan
    if min(n, m) > 1:
        of_higher = (a * (wins - value) ** 2).sum() / (n - 1)
        of_lower = (b * (losses - value) ** 2).sum() / (m - 1)
        spread = math.sqrt(float(of_higher / n + of_lower / m))
    return Superiority(value, spread, _mann_whitney(value, a, b))


def delong(truth: Mask, first: FloatArray, second: FloatArray) -> tuple[float, float, float]:
    """(AUC of `first`, AUC of `second`, standard error of their difference) on the same cases.

    The standard error is NaN where there are fewer than two ill or two healthy cases.
    """
    ill, healthy = int(truth.sum()), int((~truth).sum())
    before, after = (_placed(truth, probability) for probability in (first, second))
    areas = float(before[truth].mean()), float(after[truth].mean())
    if min(ill, healthy) < 2:
        return (*areas, math.nan)
    gap = after - before
    variance = gap[truth].var(ddof=1) / ill + gap[~truth].var(ddof=1) / healthy
    return (*areas, math.sqrt(float(variance)))


def _counted(truth: Mask, probability: FloatArray) -> tuple[tuple[CountArray, CountArray], NDArray[np.int64]]:
    """Counts of each value among the ill and among the healthy, and each case's value by its number."""
    values, places = np.unique(probability, return_inverse=True)
    ill, healthy = (np.bincount(places[part], minlength=len(values)) for part in (truth, ~truth))
    return (ill, healthy), places


def _placements(a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Of each value: the share of `b` that it exceeds, and the share of `a` that exceeds it; ties half."""
    return (np.cumsum(b) - b / 2) / b.sum(), 1 - (np.cumsum(a) - a / 2) / a.sum()


def _placed(truth: Mask, probability: FloatArray) -> FloatArray:
    """Of each ill case the share of healthy ones below it, of each healthy one the share of ill above."""
    (ill, healthy), places = _counted(truth, probability)
    wins, losses = _placements(ill.astype(np.float64), healthy.astype(np.float64))
    return np.where(truth, wins[places], losses[places])


def _mann_whitney(value: float, a: FloatArray, b: FloatArray) -> float:
    """Two-sided p by the normal approximation, corrected for ties."""
    n, m, both = a.sum(), b.sum(), a + b
    ties = float((both**3 - both).sum() / ((n + m) * (n + m - 1)))
    spread = math.sqrt(float(n * m / 12 * (n + m + 1 - ties)))
    return 1.0 if spread == 0 else float(2 * stats.norm.sf(abs(value - 0.5) * n * m / spread))


def _newcombe(area: float, ill: int, healthy: int) -> tuple[float, float]:
    """The areas from which this one is 1.96 of their own standard errors away."""

    def far(other: float) -> float:
        return (other - area) ** 2 - Z95**2 * _hanley_mcneil(other, ill, healthy)

    low = 0.0 if area <= 0 else brentq(far, 0.0, area - _NO_SPREAD)
    high = 1.0 if area >= 1 else brentq(far, area + _NO_SPREAD, 1.0)
    return float(low), float(high)


def _hanley_mcneil(area: float, ill: int, healthy: int) -> float:
    """Variance of an AUC (Hanley and McNeil, Radiology 1982), of groups taken to be equally large."""
    others = (ill + healthy) / 2 - 1
    pairs = 1 + others * ((1 - area) / (2 - area) + area / (1 + area))
    return area * (1 - area) * pairs / (ill * healthy)


def _sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))
