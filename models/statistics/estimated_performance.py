"""How good answers are that nobody has judged: what calibrated probabilities say of it themselves.

Confidence-based performance estimation (CBPE, as NannyML's documentation defines it: "Estimating performance
without ground truth"). Where a calibrated probability says p, a share p of such cases is ill. So a case that
is called ill is a hit with chance p and a false alarm with chance 1 - p, and the sums of these chances are
the expected confusion matrix. It rests on two things that probabilities cannot tell: that they are
calibrated on the cases at hand, and that what an ill picture looks like has not changed (no concept drift).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from models.statistics.confusion import FloatArray, Mask
from models.statistics.estimate import LEVEL, SHARE, TAILS, Z95, Estimate, undefined

DRAWS = 2000
GROUPS = 32  # of cases of neighbouring probability that are drawn together
_SURE = 1e-6  # probabilities are kept so far from 0 and 1, where log odds have no end
_PRIOR_SD = 2.0
_STEPS = 50


@dataclass(frozen=True)
class Recalibration:
    """Probabilities corrected on a house's own truths: logit' = intercept + slope * logit.

    `covariance` is that of (intercept, slope); `n` cases, of which `ill`, stand behind it.
    """

    intercept: float
    slope: float
    covariance: NDArray[np.float64]
    n: int
    ill: int

    def corrected(self, probability: FloatArray) -> FloatArray:
        """Probabilities as they should have been said."""
        return _share(self.intercept + self.slope * _logit(probability))

    def drawn(self, probability: FloatArray, chance: np.random.Generator) -> FloatArray:
        """The same as often as `DRAWS`, each with another correction that the truths allow: (draws, n)."""
        both = chance.multivariate_normal([self.intercept, self.slope], self.covariance, size=DRAWS)
        return _share(both[:, :1] + both[:, 1:] * _logit(probability))


def recalibrated(truth: Mask, probability: FloatArray) -> Recalibration:
    """Logistic recalibration (Cox, Biometrika 1958; Platt 1999) of probabilities (n,) on truths (n,).

    A weak normal prior (standard deviation 2) around no correction gives it an end where the truths are in
    perfect order; the covariance is Laplace's.
    """
    columns = np.column_stack([np.ones(len(truth)), _logit(probability)])
    prior, usual = np.eye(2) / _PRIOR_SD**2, np.array([0.0, 1.0])
    at, target = usual.copy(), truth.astype(np.float64)
    for _ in range(_STEPS):  # Newton's steps; the loss is convex
        said = _share(columns @ at)
        slope = columns.T @ (said - target) + prior @ (at - usual)
        curve = columns.T @ (columns * (said * (1 - said))[:, None]) + prior
        step = np.linalg.solve(curve, slope)
        at -= step * min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-12))
        if np.abs(step).max() < 1e-9:
            break
    covariance = np.asarray(np.linalg.inv(curve), dtype=np.float64)
    return Recalibration(float(at[0]), float(at[1]), covariance, len(truth), int(truth.sum()))


@dataclass(frozen=True)
class ExpectedConfusion:
    """The confusion matrix that is to be expected: sums of chances, not counts of cases."""

    hit: float
    miss: float
    false_alarm: float
    right_negative: float

    @classmethod
    def of(cls, probability: FloatArray, called: Mask) -> ExpectedConfusion:
        """Of calibrated probabilities (n,) and which of the cases were called ill (n,)."""
        hit, miss = float(probability[called].sum()), float(probability[~called].sum())
        n_called = int(called.sum())
        return cls(hit, miss, n_called - hit, len(called) - n_called - miss)

    def denominator(self, rate: str) -> float:
        """How many cases a rate is to be expected to be a share of."""
        ill, healthy = self.hit + self.miss, self.false_alarm + self.right_negative
        called = self.hit + self.false_alarm
        return {"recall": ill, "frr": ill, "specificity": healthy, "far": healthy, "precision": called}.get(
            rate, ill + healthy
        )


def estimated_rates(
    probability: FloatArray, called: Mask, recalibration: Recalibration | None = None
) -> dict[str, Estimate]:
    """Recall, precision, specificity, accuracy, FAR, FRR and F1 of cases (n,) without their truth.

    Values come from the expected confusion matrix. The interval holds 95 % of what reviewing all n cases
    would give: hits and misses are drawn as sums of independent Bernoulli trials (Poisson's binomial
    distribution; Hong, Computational Statistics and Data Analysis 2013), 2,000 times from a fixed seed. Above
    32 cases on a side those of neighbouring probability are drawn together, which makes the interval hardly
    wider and never narrower (Hoeffding, Annals of Mathematical Statistics 1956). What a recalibration does
    not know of itself is drawn too. n is of all cases.
    """
    n = len(probability)
    if not n:
        return dict.fromkeys(_RATES, undefined())
    said = probability if recalibration is None else recalibration.corrected(probability)
    expected = ExpectedConfusion.of(said, called)
    chance = np.random.default_rng(0)
    n_called, n_not = int(called.sum()), n - int(called.sum())
    # Both sides of the threshold are corrected by the same draws of the correction.
    hits, misses = _ill_drawn([probability[called], probability[~called]], recalibration, chance)
    values = _rates(*(np.array([part]) for part in vars(expected).values()))
    drawn = _rates(hits, misses, n_called - hits, n_not - misses)
    return {
        name: _between(float(values[name][0]), drawn[name], n, expected.denominator(name)) for name in _RATES
    }


def expected_dice(expected: FloatArray, mean_error: float | None = None) -> Estimate:
    """The mean Dice to be expected of masks (n,) by what each is expected to have.

    The interval holds 95 % of what the mean of the true ones would be, if single ones lie around the expected
    ones as in validation: `mean_error` is the mean distance there, from which follows the spread of normal
    errors (Geary, Biometrika 1935). Where it is not known, no Dice between 0 and 1 with this mean can spread
    more than by Bhatia and Davis (American Mathematical Monthly 2000, 107:353).
    """
    known = expected[~np.isnan(expected)]
    n = len(known)
    if not n:
        return undefined()
    spread = known * (1 - known) if mean_error is None else np.full(n, mean_error**2 * math.pi / 2)
    value, half = float(known.mean()), Z95 * float(np.sqrt(spread.sum())) / n
    return Estimate(value, max(SHARE[0], value - half), min(SHARE[1], value + half), n)


def holds(inside: int, n: int) -> bool:
    """Whether `inside` of n true values within their 95 % intervals is no fewer than chance allows.

    False where so few would happen in less than 5 % of houses whose estimates are right (the lower tail of
    the binomial distribution): both of 2, 2 of 3, 2 of 6, 3 of 12 outside. A single one decides nothing.
    """
    return bool(stats.binom.cdf(inside, n, LEVEL) > 1 - LEVEL - 1e-9)


_RATES = ("recall", "precision", "specificity", "accuracy", "far", "frr", "f1")
RATES = frozenset(_RATES)


def _rates(
    hit: FloatArray, miss: FloatArray, false_alarm: FloatArray, right_negative: FloatArray
) -> dict[str, FloatArray]:
    ill, healthy = hit + miss, false_alarm + right_negative
    wrong = miss + false_alarm
    recall, specificity = _part(hit, ill), _part(right_negative, healthy)
    return {
        "recall": recall,
        "precision": _part(hit, hit + false_alarm),
        "specificity": specificity,
        "accuracy": _part(hit + right_negative, ill + healthy),
        "far": 1 - specificity,
        "frr": 1 - recall,
        "f1": _part(2 * hit, 2 * hit + wrong),
    }


def _part(some: FloatArray, of: FloatArray) -> FloatArray:
    """A share, NaN of nothing."""
    whole = np.asarray(of, dtype=np.float64)
    return np.asarray(np.divide(some, whole, out=np.full(whole.shape, np.nan), where=whole > 0))


def _between(value: float, drawn: FloatArray, n: int, of: float) -> Estimate:
    """Value and interval; at 0 and 1 it is as wide as one of the `of` cases that the rate is a share of."""
    known = drawn[~np.isnan(drawn)]
    if math.isnan(value) or not len(known):
        return undefined(n)
    # Drawn values are few and lie apart: the ends are values that were drawn, the outer ones of two.
    low = float(np.percentile(known, TAILS[0], method="lower"))
    high = float(np.percentile(known, TAILS[1], method="higher"))
    case = min(1.0, 1 / of)
    low = 1 - case if low > 1 - case / 2 else low
    high = case if high < case / 2 else high
    return Estimate(value, min(value, low), max(value, high), n)


def _ill_drawn(
    sides: list[FloatArray], recalibration: Recalibration | None, chance: np.random.Generator
) -> list[FloatArray]:
    """How many of the cases of each side are ill, drawn `DRAWS` times."""
    grouped = [_groups(side) for side in sides]
    means = np.concatenate([mean for mean, _ in grouped])
    said = means[None, :] if recalibration is None else recalibration.drawn(means, chance)
    sizes = np.concatenate([size for _, size in grouped])
    drawn = chance.binomial(sizes, said, size=(DRAWS, len(sizes)))
    first = len(grouped[0][0])
    return [part.sum(axis=1).astype(np.float64) for part in (drawn[:, :first], drawn[:, first:])]


def _groups(probability: FloatArray) -> tuple[FloatArray, NDArray[np.int64]]:
    """(mean, size) of groups of cases of neighbouring probability; each case its own where they are few."""
    parts = np.array_split(np.sort(probability), min(max(1, len(probability)), GROUPS))
    held = [part for part in parts if len(part)]
    return np.array([part.mean() for part in held]), np.array([len(part) for part in held], dtype=np.int64)


def _logit(probability: FloatArray) -> FloatArray:
    inside = np.clip(probability, _SURE, 1 - _SURE)
    return np.asarray(np.log(inside) - np.log1p(-inside))


def _share(logit: FloatArray) -> FloatArray:
    return np.asarray(1 / (1 + np.exp(-np.clip(logit, -60, 60))))
