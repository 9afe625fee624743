"""Two versions on the same scans: which is better, how sure that is, and on which scans.

Answers are compared by McNemar's exact test (Psychometrika 1947; exact as a sign test on the scans that
only one version got right), rates by Newcombe's interval for paired proportions (Statistics in Medicine
1998, 17:2635, method 10), AUC by DeLong's test for two correlated curves (Biometrics 1988), everything
else by a bootstrap that draws scans, so that both versions are always judged on the same ones.
Differences are second minus first.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from data.errors import InvalidInput
from data.records import Judgements
from models.metrics import BOOTSTRAPS, Z95, calibration_error, rate
from services.statistics.scoring import MANY, area, called, confusion, f1

FloatArray = NDArray[np.float64]
Mask = NDArray[np.bool_]
SAME_DICE = 0.01
"""Masks whose Dice are closer than this are equally good: readers differ by more."""
MOST_ANSWERS = 20_000  # scans of which single cases are resampled; of more, that many are drawn


@dataclass(frozen=True)
class McNemar:
    """Scans that one version alone answered rightly; NaN where there are no scans at all."""

    first_only: int
    second_only: int
    p: float


@dataclass(frozen=True)
class Difference:
    """A figure of both versions on the same scans; `value` is second minus first, NaN where undefined."""

    first: float
    second: float
    value: float
    low: float
    high: float
    n: int
    p: float | None = None


@dataclass(frozen=True)
class PairedCase:
    """One scan: whether the second version won, lost or tied, by its "answer" or by "dice"."""

    scan_id: str
    first_result_id: str
    second_result_id: str
    outcome: str
    by: str
    first_value: float
    second_value: float


@dataclass(frozen=True)
class Paired:
    """Two versions side by side."""

    n: int
    mcnemar: McNemar
    differences: dict[str, Difference]
    cases: tuple[PairedCase, ...]  # losses of the second version first, then its wins, then ties

    def count(self, outcome: str) -> int:
        """How many scans the second version took as a "win", "lose" or "tie"."""
        return sum(case.outcome == outcome for case in self.cases)


def paired(
    first: Judgements, second: Judgements, thresholds: tuple[float | None, float | None] = (None, None)
) -> Paired:
    """Compare; row i of both is the same scan. Raises InvalidInput where it is not."""
    if list(first.scan_id) != list(second.scan_id):
        raise InvalidInput("Versions are compared on the same scans.")
    truth = first.truth_positive
    one, two = called(first, thresholds[0]), called(second, thresholds[1])
    differences = {
        "recall": rates_apart(one[truth], two[truth]),
        "specificity": rates_apart(~one[~truth], ~two[~truth]),
        "accuracy": rates_apart(one == truth, two == truth),
        "far": rates_apart(one[~truth], two[~truth]),
        "frr": rates_apart(~one[truth], ~two[truth]),
        **_of_answers(first, second, thresholds),
        "auc": _areas(truth, first.probability, second.probability),
        "calibration_error": _resampled(
            lambda rows: calibration_error(truth[rows], first.probability[rows]),
            lambda rows: calibration_error(truth[rows], second.probability[rows]),
            len(truth),
        ),
        "dice": _means(first.dice, second.dice),
    }
    test = mcnemar(one == truth, two == truth)
    return Paired(len(truth), test, differences, _cases(first, second, one == truth, two == truth))


def mcnemar(first_right: Mask, second_right: Mask) -> McNemar:
    """Exact and two-sided: whether one version is right where the other is not more often than a coin."""
    first_only = int((first_right & ~second_right).sum())
    second_only = int((second_right & ~first_right).sum())
    apart = first_only + second_only
    if not len(first_right):
        return McNemar(0, 0, math.nan)
    p = float(stats.binomtest(first_only, apart, 0.5).pvalue) if apart else 1.0
    return McNemar(first_only, second_only, p)


def rates_apart(first: Mask, second: Mask) -> Difference:
    """The difference of two shares of the same cases (Newcombe's method 10 for pairs)."""
    n = len(first)
    if not n:
        return _undefined()
    p1, p2 = rate(int(second.sum()), n), rate(int(first.sum()), n)
    value, phi = p1.value - p2.value, _phi(first, second)
    down1, up1 = p1.value - p1.low, p1.high - p1.value
    down2, up2 = p2.value - p2.low, p2.high - p2.value
    low = value - math.sqrt(max(0.0, down1**2 - 2 * phi * down1 * up2 + up2**2))
    high = value + math.sqrt(max(0.0, up1**2 - 2 * phi * up1 * down2 + down2**2))
    return Difference(p2.value, p1.value, value, low, high, n, mcnemar(first, second).p)


def _phi(first: Mask, second: Mask) -> float:
    """Newcombe's correlation of the pairs, with his correction for continuity."""
    n = len(first)
    a, d = int((first & second).sum()), int((~first & ~second).sum())
    b, c = int((second & ~first).sum()), int((first & ~second).sum())
    product = (a + b) * (c + d) * (a + c) * (b + d)
    if not product:
        return 0.0
    apart = a * d - b * c
    return (max(apart - n / 2, 0.0) if apart > 0 else apart) / math.sqrt(product)


def _of_answers(
    first: Judgements, second: Judgements, thresholds: tuple[float | None, float | None]
) -> dict[str, Difference]:
    """Precision and F1, whose denominators differ: by drawing the eight kinds of scans there are."""
    n, truth = len(first), first.truth_positive
    if not n:
        return {"precision": _undefined(), "f1": _undefined()}
    one, two = called(first, thresholds[0]), called(second, thresholds[1])
    kinds = np.bincount(4 * truth + 2 * one + two, minlength=8)
    drawn = np.random.default_rng(0).multinomial(n, kinds / n, size=BOOTSTRAPS)
    before, after = confusion(first, thresholds[0]), confusion(second, thresholds[1])
    precisions = [one.rates()["precision"].value for one in (before, after)]
    f1s = [f1(before).value, f1(after).value]
    return {
        "precision": _drawn(precisions[0], precisions[1], _precision(drawn), n),
        "f1": _drawn(f1s[0], f1s[1], _f1(drawn), n),
    }


def _precision(drawn: NDArray[np.int64]) -> FloatArray:
    return _part(drawn, (5, 7), (1, 3)) - _part(drawn, (6, 7), (2, 3))


def _f1(drawn: NDArray[np.int64]) -> FloatArray:
    second = _part(drawn, (5, 7, 5, 7), (1, 3, 4, 6))
    return second - _part(drawn, (6, 7, 6, 7), (2, 3, 4, 5))


def _part(drawn: NDArray[np.int64], hits: tuple[int, ...], others: tuple[int, ...]) -> FloatArray:
    """Of each draw, the share of `hits` in those and `others`; a kind's number says 4 for ill, 2 and 1
    for called ill by the first and the second version."""
    hit = drawn[:, hits].sum(axis=1)
    total = hit + drawn[:, others].sum(axis=1)
    return np.asarray(np.divide(hit, total, out=np.full(len(drawn), np.nan), where=total > 0))


def _areas(truth: Mask, first: FloatArray, second: FloatArray) -> Difference:
    """The difference of two AUCs of the same cases, by DeLong's covariance."""
    ill, healthy = int(truth.sum()), int((~truth).sum())
    if not ill or not healthy:
        return _undefined()
    one, two = area(truth, first).value, area(truth, second).value
    if min(ill, healthy) < 2:  # one case has no spread
        return Difference(one, two, two - one, -1.0, 1.0, len(truth))
    placed = [_placements(truth, probability) for probability in (first, second)]
    above, below = placed[1][0] - placed[0][0], placed[1][1] - placed[0][1]
    spread = math.sqrt(float(above.var(ddof=1)) / ill + float(below.var(ddof=1)) / healthy)
    p = (
        1.0
        if spread == 0 and two == one
        else 0.0
        if spread == 0
        else 2 * stats.norm.sf(abs(two - one) / spread)
    )
    value = two - one
    return Difference(one, two, value, value - Z95 * spread, value + Z95 * spread, len(truth), float(p))


def _placements(truth: Mask, probability: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Of each ill case the share of healthy ones below it, of each healthy one the share of ill above."""
    ill, healthy = probability[truth], probability[~truth]
    ranks = stats.rankdata(np.concatenate([ill, healthy]))
    above = (ranks[: len(ill)] - stats.rankdata(ill)) / len(healthy)
    below = 1 - (ranks[len(ill) :] - stats.rankdata(healthy)) / len(ill)
    return above, below


def _means(first: FloatArray, second: FloatArray) -> Difference:
    """The mean difference of what is known of both."""
    both = ~np.isnan(first) & ~np.isnan(second)
    one, two, gaps = first[both], second[both], (second - first)[both]
    n = len(gaps)
    if not n:
        return _undefined()
    if n < 2:
        return Difference(float(one[0]), float(two[0]), float(gaps[0]), -1.0, 1.0, n)
    random = np.random.default_rng(0)
    if n >= MANY:
        drawn = gaps.mean() + gaps.std(ddof=1) / math.sqrt(n) * random.standard_normal(BOOTSTRAPS)
    else:
        drawn = gaps[random.integers(n, size=(BOOTSTRAPS, n))].mean(axis=1)
    return _drawn(float(one.mean()), float(two.mean()), np.asarray(drawn), n)


def _resampled(
    first: Callable[[NDArray[np.int64]], float], second: Callable[[NDArray[np.int64]], float], n: int
) -> Difference:
    """The difference of a statistic of the rows of the same scans."""
    if not n:
        return _undefined()
    random, every = np.random.default_rng(0), np.arange(n)
    size = min(n, MOST_ANSWERS)
    draws = max(200, min(BOOTSTRAPS, 2_000_000 // size))
    rows = [random.integers(n, size=size) for _ in range(draws)]
    gaps = np.array([second(row) - first(row) for row in rows])
    before, after = first(every), second(every)
    # Fewer cases than there are spread wider, by the root of how much fewer.
    gaps = (after - before) + (gaps - gaps.mean()) * math.sqrt(size / n)
    return _drawn(before, after, gaps, n)


def _drawn(first: float, second: float, gaps: FloatArray, n: int) -> Difference:
    """With the interval of drawn differences, and twice the share of them beyond none (at most 1)."""
    known = gaps[~np.isnan(gaps)]
    if math.isnan(first) or math.isnan(second) or not len(known):
        return Difference(first, second, math.nan, -1.0, 1.0, n)
    low, high = np.percentile(known, [2.5, 97.5])
    beyond = min(int((known <= 0).sum()), int((known >= 0).sum()))
    p = min(1.0, 2 * (beyond + 1) / (len(known) + 1))
    return Difference(first, second, second - first, float(low), float(high), n, p)


def _undefined() -> Difference:
    return Difference(math.nan, math.nan, math.nan, -1.0, 1.0, 0)


def _cases(
    first: Judgements, second: Judgements, first_right: Mask, second_right: Mask
) -> tuple[PairedCase, ...]:
    """Scan by scan: by the answer where one alone is right, else by Dice where both have one."""
    by_answer = first_right != second_right
    gap = np.nan_to_num(second.dice - first.dice)
    better = np.where(by_answer, second_right.astype(int) - first_right.astype(int), gap)
    outcomes = np.select(
        [by_answer & second_right, by_answer, gap >= SAME_DICE, gap <= -SAME_DICE],
        ["win", "lose", "win", "lose"],
        "tie",
    )
    masks = ~by_answer & ~np.isnan(second.dice - first.dice)
    one, two = (
        np.where(masks, side.dice, right.astype(float))
        for side, right in ((first, first_right), (second, second_right))
    )
    place = {"lose": 0, "win": 1, "tie": 2}
    order = sorted(range(len(better)), key=lambda row: (place[str(outcomes[row])], -abs(float(better[row]))))
    return tuple(
        PairedCase(
            str(first.scan_id[row]),
            str(first.result_id[row]),
            str(second.result_id[row]),
            str(outcomes[row]),
            "dice" if masks[row] else "answer",
            float(one[row]),
            float(two[row]),
        )
        for row in order
    )
