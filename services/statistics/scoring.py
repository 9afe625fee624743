"""How right a model was in real use: figures of judgements, each with its interval and its n.

All functions are pure. What is undefined (no ill among the cases, nothing called ill) is NaN from 0 to
1 with n 0, never a guess. Rates carry Wilson's interval (JASA 1927), AUC DeLong's (Biometrics 1988); the
F1, calibration error and Dice a percentile bootstrap over cases, drawn by what determines the figure, so
that it costs the same for a hundred cases as for a million.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from data.records import Judgements
from models.metrics import BOOTSTRAPS, Z95, Figure, auc, bootstrapped, calibration_error, rate

FloatArray = NDArray[np.float64]
CountArray = NDArray[np.int64]
Mask = NDArray[np.bool_]
MANY = 2000  # cases from which a mean is as good as normal, and a bootstrap would only cost time
MOST_POINTS = 500  # of a curve
NOTHING = Figure(math.nan, 0.0, 1.0, 0)


@dataclass(frozen=True)
class Confusion:
    """How many cases were answered how."""

    hit: int
    miss: int
    false_alarm: int
    right_negative: int

    @property
    def n(self) -> int:
        """All cases."""
        return self.hit + self.miss + self.false_alarm + self.right_negative

    def rates(self) -> dict[str, Figure]:
        """Recall, precision, specificity, accuracy, FAR and FRR."""
        ill, healthy = self.hit + self.miss, self.false_alarm + self.right_negative
        return {
            "recall": rate(self.hit, ill),
            "precision": rate(self.hit, self.hit + self.false_alarm),
            "specificity": rate(self.right_negative, healthy),
            "accuracy": rate(self.hit + self.right_negative, self.n),
            "far": rate(self.false_alarm, healthy),
            "frr": rate(self.miss, ill),
        }


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

    def at(self, threshold: float) -> dict[str, Figure]:
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


@dataclass(frozen=True)
class CalibrationBin:
    """Cases of similar probability: what was predicted on average, and the share that was ill."""

    low: float
    high: float
    predicted: float
    observed: Figure


def called(judgements: Judgements, threshold: float | None = None) -> Mask:
    """Which are called ill: as they were, or as they would have been at a threshold."""
    return judgements.positive if threshold is None else judgements.probability >= threshold


def confusion(judgements: Judgements, threshold: float | None = None) -> Confusion:
    """How many were answered how, as it was or as it would have been at a threshold."""
    found, ill = called(judgements, threshold), judgements.truth_positive
    hit, false_alarm = int((found & ill).sum()), int((found & ~ill).sum())
    n_ill = int(ill.sum())
    return Confusion(hit, n_ill - hit, false_alarm, len(ill) - n_ill - false_alarm)


def scored(judgements: Judgements, threshold: float | None = None) -> dict[str, Figure]:
    """Every figure that truth decides; each result's own answer counts unless a threshold is given.

    A threshold moves what is called ill, not the masks: Dice stays as it was drawn. An accepted mask
    counts there as 1, a missed tumour as 0, and scans without a tumour do not count (`data.ledger.truths`).
    """
    counts = confusion(judgements, threshold)
    truth, probability = judgements.truth_positive, judgements.probability
    return {
        **counts.rates(),
        "f1": f1(counts),
        "auc": area(truth, probability),
        "calibration_error": miscalibration(truth, probability),
        "dice": mean(judgements.dice),
    }


def f1(counts: Confusion) -> Figure:
    """Harmonic mean of recall and precision; undefined where nothing is ill nor called ill."""
    cells = np.array([counts.hit, counts.miss, counts.false_alarm, counts.right_negative])
    if counts.n == 0 or not cells[:3].any():
        return Figure(math.nan, 0.0, 1.0, counts.n)
    drawn = np.random.default_rng(0).multinomial(counts.n, cells / counts.n, size=BOOTSTRAPS)
    low, high = np.nanpercentile(_f1_of(drawn), [2.5, 97.5])
    return Figure(float(_f1_of(cells)), float(low), float(high), counts.n)


def area(truth: Mask, probability: FloatArray) -> Figure:
    """AUC. A perfect order of few cases proves little, so it gets the interval of as many certain answers.

    DeLong's interval has no width there; the smaller of both groups says how much was proved (Wilson's).
    """
    if not len(truth):
        return NOTHING
    figure = auc(truth, probability)
    if math.isnan(figure.value) or figure.low < figure.high:
        return figure
    least = min(int(truth.sum()), int((~truth).sum()))
    proved = rate(least, least)
    if figure.value >= 1:
        return Figure(1.0, proved.low, 1.0, figure.n)
    return Figure(figure.value, 0.0, 1.0 - proved.low if figure.value <= 0 else 1.0, figure.n)


def miscalibration(truth: Mask, probability: FloatArray, bins: int = 10) -> Figure:
    """Expected calibration error over bins of equal width (Naeini et al., AAAI 2015).

    By chance alone it is above zero, the more so the fewer cases there are; so is its interval.
    """
    n = len(truth)
    if not n:
        return NOTHING
    gap = truth.astype(np.float64) - probability
    place = np.clip((probability * bins).astype(int), 0, bins - 1)
    drawn = _gaps_of_few(gap, place, bins) if n < MANY else _gaps_of_many(gap, place, bins)
    low, high = np.percentile(np.abs(drawn).sum(axis=1) / n, [2.5, 97.5])
    value = calibration_error(truth, probability, bins)
    return Figure(value, min(value, float(low)), max(value, float(high)), n)


def mean(values: FloatArray) -> Figure:
    """The mean of the known values; a bootstrap interval, for many cases the normal one."""
    known = values[~np.isnan(values)]
    if len(known) < 2:
        return NOTHING if not len(known) else Figure(float(known[0]), 0.0, 1.0, 1)
    if len(known) < MANY:
        return bootstrapped(known.tolist())
    value, half = float(known.mean()), Z95 * float(known.std(ddof=1)) / math.sqrt(len(known))
    return Figure(value, value - half, value + half, len(known))


def quantile(values: FloatArray, share: float) -> Figure:
    """A quantile with the interval that two of the sorted values span (David and Nagaraja, 2003).

    NaN bounds where too few values are there to bound it on that side.
    """
    n = len(values)
    if not n:
        return Figure(math.nan, math.nan, math.nan, 0)
    ordered = np.sort(values)
    below = int(stats.binom.ppf(0.025, n, share))
    above = int(stats.binom.ppf(0.975, n, share)) + 1
    low = float(ordered[below - 1]) if below >= 1 else math.nan
    high = float(ordered[above - 1]) if above <= n else math.nan
    return Figure(float(np.quantile(ordered, share)), low, high, n)


def swept(judgements: Judgements, thresholds: FloatArray | None = None) -> Sweep:
    """What each threshold would give; a hundred steps from 0 to 1 unless others are asked for."""
    at = np.linspace(0, 1, 101) if thresholds is None else np.sort(np.asarray(thresholds, dtype=np.float64))
    ill, healthy = _by_truth(judgements)
    return Sweep(at, _reaching(ill, at), _reaching(healthy, at), len(ill), len(healthy))


def curves(judgements: Judgements) -> Curves:
    """ROC and precision-recall curve over every threshold that makes a difference."""
    ill, healthy = _by_truth(judgements)
    kinds = np.unique(judgements.probability)[::-1]
    at = np.concatenate([[np.inf], kinds])
    hits, alerts = _reaching(ill, at), _reaching(healthy, at)
    roc, pr = np.zeros(0, int), np.zeros(0, int)
    recall, far = _share(hits, len(ill)), _share(alerts, len(healthy))
    precision = _share(hits, hits + alerts)
    if len(ill) and len(healthy):
        roc = _thinned(recall + far)
    if len(ill):  # precision where nothing is called ill is undefined
        pr = 1 + _thinned(recall[1:] + np.concatenate([[0.0], np.abs(np.diff(precision[1:]))]).cumsum())
    return Curves(
        far[roc], recall[roc], at[roc], recall[pr], precision[pr], at[pr], len(ill), len(healthy)
    )  # fmt: skip


def calibration(judgements: Judgements, bins: int = 10) -> list[CalibrationBin]:
    """Bins of equal width that hold any case, from the lowest probability to the highest."""
    probability, truth = judgements.probability, judgements.truth_positive
    place = np.clip((probability * bins).astype(int), 0, bins - 1)
    return [
        CalibrationBin(
            one / bins,
            (one + 1) / bins,
            float(probability[place == one].mean()),
            rate(int(truth[place == one].sum()), int((place == one).sum())),
        )
        for one in np.unique(place).tolist()
    ]


def _by_truth(judgements: Judgements) -> tuple[FloatArray, FloatArray]:
    truth = judgements.truth_positive
    return np.sort(judgements.probability[truth]), np.sort(judgements.probability[~truth])


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


def _f1_of(cells: CountArray) -> FloatArray:
    hit, wrong = cells[..., 0], cells[..., 1] + cells[..., 2]
    total = np.asarray(2.0 * hit + wrong)
    return np.asarray(np.divide(2.0 * hit, total, out=np.full(np.shape(total), np.nan), where=total > 0))


def _gaps_of_few(gap: FloatArray, place: NDArray[np.int64], bins: int) -> FloatArray:
    """Sums of gaps by bin in resampled cases: (draws, bins)."""
    n = len(gap)
    draws = np.random.default_rng(0).integers(n, size=(BOOTSTRAPS, n))
    code = place[draws] + np.arange(BOOTSTRAPS)[:, None] * bins
    sums = np.bincount(code.ravel(), weights=gap[draws].ravel(), minlength=BOOTSTRAPS * bins)
    return np.asarray(sums.reshape(BOOTSTRAPS, bins), dtype=np.float64)


def _gaps_of_many(gap: FloatArray, place: NDArray[np.int64], bins: int) -> FloatArray:
    """The same, as normal numbers of the mean and spread that resampling gives."""
    sums = np.bincount(place, weights=gap, minlength=bins)
    spread = np.sqrt(np.bincount(place, weights=gap**2, minlength=bins))
    return np.asarray(sums + spread * np.random.default_rng(0).standard_normal((BOOTSTRAPS, bins)))
