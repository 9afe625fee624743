"""Two versions on the same cases: how far apart they are, and how sure that is.

Differences are second minus first. Where cases show no spread of a difference, its interval is that of
two independent numbers: that no difference was seen does not prove that there is none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from models.statistics.areas import auc, delong
from models.statistics.calibration import BOOTSTRAPS, binned_error, calibration_error
from models.statistics.confusion import Confusion, FloatArray, Mask
from models.statistics.estimate import CHANGE, LEVEL, TAILS, Z95, Estimate
from models.statistics.proportions import difference

MOST_ANSWERS = 20_000  # cases that are resampled one by one; of more, that many are drawn
LEAST_DRAWS = 200
LEAST_SPREAD = 0.01  # of differences of values from 0 to 1: less is nobody's win
_NO_WIDTH = 1e-12


@dataclass(frozen=True)
class McNemar:
    """Cases that one side alone answered rightly; p is NaN where there are no cases at all."""

    first_only: int
    second_only: int
    p: float


@dataclass(frozen=True)
class PairedDifference:
    """A number of both sides on the same cases; `value` is second minus first, NaN where undefined."""

    first: float
    second: float
    value: float
    low: float
    high: float
    n: int
    p: float | None = None


def mcnemar(first_right: Mask, second_right: Mask) -> McNemar:
    """Whether one side is right where the other is not more often than a coin falls.

    The exact two-sided test (McNemar, Psychometrika 1947; a sign test on the cases that differ).
    """
    first_only = int((first_right & ~second_right).sum())
    second_only = int((second_right & ~first_right).sum())
    apart = first_only + second_only
    if not len(first_right):
        return McNemar(0, 0, math.nan)
    p = float(stats.binomtest(first_only, apart, 0.5).pvalue) if apart else 1.0
    return McNemar(first_only, second_only, p)


def paired_shares(first: Mask, second: Mask) -> PairedDifference:
    """The difference of two shares of the same cases; p is McNemar's.

    The interval is Bonett and Price's (J. Educ. Behav. Stat. 2012, 37:479), which stays honest for few
    cases: with none that differ it is not without width.
    """
    n = len(first)
    if not n:
        return _undefined()
    test = mcnemar(first, second)
    gained, lost = (test.second_only + 1) / (n + 2), (test.first_only + 1) / (n + 2)
    centre = gained - lost
    half = Z95 * math.sqrt((gained + lost - centre**2) / (n + 2))
    value = (test.second_only - test.first_only) / n
    low, high = max(-1.0, centre - half), min(1.0, centre + half)
    return PairedDifference(float(first.mean()), float(second.mean()), value, low, high, n, test.p)


def same_in_all(margin: float) -> int:
    """How many cases on which the sides never differ keep a share's change within `margin`.

    Without a case that differs, `paired_shares` reaches z * sqrt(2) / (n + 2) to either side.
    """
    return math.floor(Z95 * math.sqrt(2) / margin) - 1


def paired_means(first: FloatArray, second: FloatArray) -> PairedDifference:
    """The mean difference of what is known of both, of values from 0 to 1; the paired t interval and test.

    The spread of the differences counts as at least LEAST_SPREAD: with none at all the interval would say
    that further cases cannot differ either.
    """
    known = ~np.isnan(first) & ~np.isnan(second)
    before, after = first[known], second[known]
    gaps, n = after - before, int(known.sum())
    if not n:
        return _undefined()
    value, half, p = float(gaps.mean()), 2.0, None
    if n > 1:
        spread = max(float(gaps.std(ddof=1)), LEAST_SPREAD)
        half = float(stats.t.ppf((1 + LEVEL) / 2, n - 1)) * spread / math.sqrt(n)
        varied = np.ptp(gaps) > 0
        p = float(stats.ttest_1samp(gaps, 0.0).pvalue) if varied else None if gaps.any() else 1.0
    low, high = max(-1.0, value - half), min(1.0, value + half)
    return PairedDifference(float(before.mean()), float(after.mean()), value, low, high, n, p)


def paired_areas(truth: Mask, first: FloatArray, second: FloatArray) -> PairedDifference:
    """The difference of two AUCs of the same cases, interval and test by DeLong's covariance."""
    if truth.all() or not truth.any():
        return _undefined()
    before, after, spread = delong(truth, first, second)
    value = after - before
    if not spread > _NO_WIDTH:
        joined = difference(auc(truth, second), auc(truth, first))
        p = 1.0 if value == 0 else None
        return PairedDifference(before, after, value, joined.low, joined.high, len(truth), p)
    half = Z95 * spread
    p = float(2 * stats.norm.sf(abs(value) / spread))
    return PairedDifference(
        before, after, value, max(-1.0, value - half), min(1.0, value + half), len(truth), p
    )


def paired_precision_and_f1(truth: Mask, first: Mask, second: Mask) -> dict[str, PairedDifference]:
    """Precision and F1, whose denominators differ: by drawing the eight kinds of cases that there are."""
    n = len(truth)
    if not n:
        return {"precision": _undefined(), "f1": _undefined()}
    kinds = np.bincount(4 * truth + 2 * first + second, minlength=8)
    drawn = np.random.default_rng(0).multinomial(n, kinds / n, size=BOOTSTRAPS)
    before, after = Confusion.of(truth, first).rates(), Confusion.of(truth, second).rates()
    gaps = {"precision": _precision_gaps(drawn), "f1": _f1_gaps(drawn)}
    return {name: _resampled(before[name], after[name], gaps[name], n) for name in gaps}


def paired_calibration(truth: Mask, first: FloatArray, second: FloatArray) -> PairedDifference:
    """The difference of two calibration errors, by drawing cases."""
    n = len(truth)
    if not n:
        return _undefined()
    size, random = min(n, MOST_ANSWERS), np.random.default_rng(0)
    draws = max(LEAST_DRAWS, min(BOOTSTRAPS, 2_000_000 // size))
    gaps = np.empty(draws)
    for number in range(draws):
        rows = random.integers(n, size=size)
        gaps[number] = binned_error(truth[rows], second[rows]) - binned_error(truth[rows], first[rows])
    before, after = calibration_error(truth, first), calibration_error(truth, second)
    # Fewer cases than there are spread wider, by the root of how much fewer.
    centred = (gaps - gaps.mean()) * math.sqrt(size / n)
    return _resampled(before, after, after.value - before.value + centred, n)


def _precision_gaps(drawn: NDArray[np.int64]) -> FloatArray:
    return _part(drawn, (5, 7), (1, 3)) - _part(drawn, (6, 7), (2, 3))


def _f1_gaps(drawn: NDArray[np.int64]) -> FloatArray:
    second = _part(drawn, (5, 7, 5, 7), (1, 3, 4, 6))
    return second - _part(drawn, (6, 7, 6, 7), (2, 3, 4, 5))


def _part(drawn: NDArray[np.int64], hits: tuple[int, ...], others: tuple[int, ...]) -> FloatArray:
    """Of each draw, the share of `hits` in those and `others`; a kind's number says 4 for ill, 2 and 1
    for called ill by the first and the second side."""
    hit = drawn[:, hits].sum(axis=1)
    total = hit + drawn[:, others].sum(axis=1)
    return np.asarray(np.divide(hit, total, out=np.full(len(drawn), np.nan), where=total > 0))


def _resampled(first: Estimate, second: Estimate, gaps: FloatArray, n: int) -> PairedDifference:
    """With the interval of resampled differences, and twice the share of them beyond none (at most 1)."""
    known = gaps[~np.isnan(gaps)]
    value = second.value - first.value
    if math.isnan(value) or not len(known):
        return PairedDifference(first.value, second.value, math.nan, *CHANGE, n)
    low, high = (float(end) for end in np.percentile(known, TAILS))
    beyond = min(int((known <= 0).sum()), int((known >= 0).sum()))
    p = min(1.0, 2 * (beyond + 1) / (len(known) + 1))
    if high - low < _NO_WIDTH:
        joined = difference(second, first)
        low, high, p = joined.low, joined.high, 1.0
    return PairedDifference(first.value, second.value, value, low, high, n, p)


def _undefined() -> PairedDifference:
    return PairedDifference(math.nan, math.nan, math.nan, *CHANGE, 0)
