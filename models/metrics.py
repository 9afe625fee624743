"""Figures with intervals: overlap, distance, rates, calibration.

Rates carry Wilson's interval (Wilson, JASA 1927), means and medians a percentile bootstrap over
patients, AUC the interval of DeLong (Biometrics 1988).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, stats
from sklearn.metrics import roc_auc_score

FloatArray = NDArray[np.float64]
MaskArray = NDArray[np.bool_]
BOOTSTRAPS = 2000
Z95 = 1.959963984540054


@dataclass(frozen=True)
class Figure:
    """A number, the 95 % interval around it, and how many cases stand behind it."""

    value: float
    low: float
    high: float
    n: int


def dice(found: MaskArray, truth: MaskArray) -> float:
    """Overlap of two masks; two empty masks count as 1."""
    total = int(found.sum()) + int(truth.sum())
    return 2.0 * int(np.logical_and(found, truth).sum()) / total if total else 1.0


def hausdorff95(found: MaskArray, truth: MaskArray, spacing: tuple[float, float, float]) -> float | None:
    """95th percentile of surface distances both ways, in the units of `spacing`.

    None where one mask is empty and the other is not: there is no distance to nothing.
    """
    if not found.any() and not truth.any():
        return 0.0
    if not found.any() or not truth.any():
        return None
    ours, theirs = _surface(found), _surface(truth)
    to_theirs = ndimage.distance_transform_edt(~theirs, sampling=spacing)[ours]
    to_ours = ndimage.distance_transform_edt(~ours, sampling=spacing)[theirs]
    return float(np.percentile(np.concatenate([to_theirs, to_ours]), 95))


def rate(hits: int, n: int) -> Figure:
    """A share with Wilson's 95 % interval; an empty set gives NaN from 0 to 1."""
    if n == 0:
        return Figure(math.nan, 0.0, 1.0, 0)
    share, z2 = hits / n, Z95**2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return Figure(share, max(0.0, centre - half), min(1.0, centre + half), n)


def bootstrapped(
    values: Sequence[float], statistic: Callable[[FloatArray], float] = lambda v: float(np.mean(v))
) -> Figure:
    """`statistic` of `values` with a percentile bootstrap interval; the seed is fixed."""
    sample = np.asarray(values, dtype=np.float64)
    if not len(sample):
        return Figure(math.nan, math.nan, math.nan, 0)
    draws = np.random.default_rng(0).integers(len(sample), size=(BOOTSTRAPS, len(sample)))
    resampled = np.array([statistic(sample[draw]) for draw in draws])
    low, high = np.percentile(resampled, [2.5, 97.5])
    return Figure(statistic(sample), float(low), float(high), len(sample))


def auc(truth: NDArray[np.bool_], score: FloatArray) -> Figure:
    """Area under the ROC curve with DeLong's interval on the logit scale."""
    n = len(truth)
    if truth.all() or not truth.any():
        return Figure(math.nan, 0.0, 1.0, n)
    area = float(roc_auc_score(truth, score))
    spread = math.sqrt(_delong_variance(score[truth], score[~truth]))
    if not 0 < area < 1 or spread == 0:
        return Figure(area, area, area, n)
    logit, width = math.log(area / (1 - area)), Z95 * spread / (area * (1 - area))
    return Figure(area, _sigmoid(logit - width), _sigmoid(logit + width), n)


def calibration_error(truth: NDArray[np.bool_], probability: FloatArray, bins: int = 10) -> float:
    """Expected calibration error over bins of equal width (Naeini et al., AAAI 2015)."""
    if not len(truth):
        return math.nan
    place = np.clip((probability * bins).astype(int), 0, bins - 1)
    gaps = [
        (place == index).mean() * abs(truth[place == index].mean() - probability[place == index].mean())
        for index in np.unique(place)
    ]
    return float(np.sum(gaps))


def classification(truth: NDArray[np.bool_], probability: FloatArray, threshold: float) -> dict[str, Figure]:
    """The whole table for a two-class answer at `threshold`.

    FAR is the share of healthy called ill, FRR the share of ill called healthy.
    """
    called = probability >= threshold
    hit, false_alarm = int((called & truth).sum()), int((called & ~truth).sum())
    ill, healthy = int(truth.sum()), int((~truth).sum())
    recall = rate(hit, ill)
    precision = rate(hit, hit + false_alarm)
    ece = calibration_error(truth, probability)
    return {
        "auc": auc(truth, probability),
        "accuracy": rate(hit + healthy - false_alarm, ill + healthy),
        "recall": recall,
        "precision": precision,
        "specificity": rate(healthy - false_alarm, healthy),
        "f1": _f1(truth, called),
        "far": rate(false_alarm, healthy),
        "frr": rate(ill - hit, ill),
        "calibration_error": Figure(ece, math.nan, math.nan, len(truth)),
    }


def frr_at_far(truth: NDArray[np.bool_], probability: FloatArray, far: float) -> Figure:
    """The share of ill missed at the threshold where at most `far` of the healthy are called ill."""
    healthy = np.sort(probability[~truth])[::-1]
    threshold = healthy[min(len(healthy) - 1, int(far * len(healthy)))]
    return rate(int((probability[truth] <= threshold).sum()), int(truth.sum()))


def correlation(ours: Sequence[float], theirs: Sequence[float]) -> Figure:
    """Pearson's r with the interval of Fisher's z (Fisher, Metron 1921); NaN for fewer than four pairs."""
    n = len(ours)
    if n < 4 or len(set(ours)) < 2 or len(set(theirs)) < 2:
        return Figure(math.nan, -1.0, 1.0, n)
    r = float(np.corrcoef(ours, theirs)[0, 1])
    z, half = math.atanh(np.clip(r, -0.999999, 0.999999)), Z95 / math.sqrt(n - 3)
    return Figure(r, math.tanh(z - half), math.tanh(z + half), n)


def threshold_for_recall(truth: NDArray[np.bool_], probability: FloatArray, recall: float) -> float:
    """The highest threshold that still keeps `recall` on these cases."""
    ill = np.sort(probability[truth])
    allowed = math.floor((1 - recall) * len(ill))
    return float(ill[min(allowed, len(ill) - 1)])


def fitted_temperature(truth: NDArray[np.bool_], logits: FloatArray) -> tuple[float, float]:
    """(temperature, bias) so that sigmoid(logit / temperature + bias) is calibrated (Platt 1999)."""
    from scipy.optimize import minimize

    target = truth.astype(np.float64)

    def loss(at: FloatArray) -> float:
        z = logits * math.exp(at[0]) + at[1]
        return float(np.mean(np.logaddexp(0, z) - target * z))

    best = minimize(loss, np.zeros(2), method="Nelder-Mead").x
    return float(math.exp(-best[0])), float(best[1])


def _f1(truth: NDArray[np.bool_], called: NDArray[np.bool_]) -> Figure:
    def statistic(pairs: FloatArray) -> float:
        ill, positive = pairs % 2 == 1, pairs >= 2
        total = ill.sum() + positive.sum()
        return float(2 * (ill & positive).sum() / total) if total else 0.0

    return bootstrapped(list(truth.astype(float) + 2.0 * called), statistic)


def _surface(mask: MaskArray) -> MaskArray:
    # Out of the picture counts as background, in-plane; a lone slice has no faces above or below.
    shape = np.ones((1, 3, 3)) if len(mask) == 1 else ndimage.generate_binary_structure(3, 1)
    outer: MaskArray = mask & ~ndimage.binary_erosion(mask, structure=shape)
    return outer


def _delong_variance(ill: FloatArray, healthy: FloatArray) -> float:
    ranks = stats.rankdata(np.concatenate([ill, healthy]))
    above = (ranks[: len(ill)] - stats.rankdata(ill)) / len(healthy)
    below = 1 - (ranks[len(ill) :] - stats.rankdata(healthy)) / len(ill)
    return float(_variance(above) / len(ill) + _variance(below) / len(healthy))


def _variance(values: FloatArray) -> float:
    return float(np.var(values, ddof=1)) if len(values) > 1 else 0.0


def _sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))
