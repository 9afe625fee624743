"""Whether probabilities mean what they say, and how raw outputs become probabilities that do."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from models.statistics.confusion import FloatArray, Mask
from models.statistics.estimate import SHARE, TAILS, Estimate, undefined, unvaried
from models.statistics.proportions import proportion

BINS = 10
BOOTSTRAPS = 2000
MANY = 2000  # cases from which sums are as good as normal, and a bootstrap would only cost time


@dataclass(frozen=True)
class CalibrationBin:
    """Cases of similar probability: what was predicted on average, and the share that was ill."""

    low: float
    high: float
    predicted: float
    observed: Estimate

    @property
    def number(self) -> int:
        """Its place among bins of this width, from 0."""
        return round(self.low / (self.high - self.low))


def calibration_error(truth: Mask, probability: FloatArray, bins: int = BINS) -> Estimate:
    """Expected calibration error over bins of equal width (Naeini et al., AAAI 2015).

    The interval is a percentile bootstrap over cases. By chance alone the error is above zero, the more so
    the fewer cases there are; so is its interval, which is widened where it leaves the value out.
    """
    n = len(truth)
    if not n:
        return undefined()
    gap = truth.astype(np.float64) - probability
    place = bin_numbers(probability, bins)
    value = binned_error(truth, probability, bins)
    drawn = _gaps_of_few(gap, place, bins) if n < MANY else _gaps_of_many(gap, place, bins)
    low, high = np.percentile(np.abs(drawn).sum(axis=1) / n, TAILS)
    if high - low < 1e-12:
        return unvaried(value, n, SHARE)
    return Estimate(value, min(value, float(low)), max(value, float(high)), n)


def binned_error(truth: Mask, probability: FloatArray, bins: int = BINS) -> float:
    """The calibration error alone, as often as a bootstrap wants it; NaN of no cases."""
    if not len(truth):
        return math.nan
    gaps = np.bincount(bin_numbers(probability, bins), weights=truth - probability, minlength=bins)
    return float(np.abs(gaps).sum() / len(truth))


def calibration_bins(truth: Mask, probability: FloatArray, bins: int = BINS) -> list[CalibrationBin]:
    """Bins of equal width that hold any case, from the lowest probability to the highest."""
    place = bin_numbers(probability, bins)
    return [
        CalibrationBin(
            number / bins,
            (number + 1) / bins,
            float(probability[place == number].mean()),
            proportion(int(truth[place == number].sum()), int((place == number).sum())),
        )
        for number in np.unique(place).tolist()
    ]


def fitted_temperature(
    truth: Mask, logits: FloatArray, weights: FloatArray | None = None
) -> tuple[float, float]:
    """(temperature, bias) so that sigmoid(logit / temperature + bias) is calibrated (Platt 1999).

    `weights` say how much each case counts; all the same where there are none.
    """
    target = truth.astype(np.float64)

    def loss(at: FloatArray) -> float:
        z = logits * math.exp(at[0]) + at[1]
        return float(np.average(np.logaddexp(0, z) - target * z, weights=weights))

    best = minimize(loss, np.zeros(2), method="Nelder-Mead").x
    return float(math.exp(-best[0])), float(best[1])


def bin_numbers(probability: FloatArray, bins: int = BINS) -> NDArray[np.int64]:
    """The bin of equal width, from 0, that each probability (n,) falls into."""
    # A probability of 1 belongs to the last bin.
    return np.asarray(np.clip((probability * bins).astype(int), 0, bins - 1))


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
