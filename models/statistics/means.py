"""Means, quantiles and correlation of what is measured."""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from models.statistics.confusion import FloatArray
from models.statistics.estimate import CHANGE, LEVEL, SHARE, UNBOUNDED, Bounds, Estimate, undefined, unvaried


def mean(values: FloatArray, bounds: Bounds = SHARE) -> Estimate:
    """The mean of the known values (NaN is not known) with Student's t interval, within its bounds."""
    known = values[~np.isnan(values)]
    n = len(known)
    if not n:
        return undefined(0, bounds)
    value = float(known.mean())
    if n < 2 or np.ptp(known) == 0:
        return unvaried(float(known[0]), n, bounds)
    interval = stats.ttest_1samp(known, 0.0).confidence_interval(LEVEL)
    low, high = np.fmax(interval.low, bounds[0]), np.fmin(interval.high, bounds[1])
    return Estimate(value, float(low), float(high), n)


def quantile(values: FloatArray, share: float, bounds: Bounds = UNBOUNDED) -> Estimate:
    """A quantile with the interval that two of the sorted values span (David and Nagaraja, 2003).

    On a side where too few values are there to tell, it goes to the end of the bounds.
    """
    n = len(values)
    if not n:
        return undefined(0, bounds)
    ordered = np.sort(values)
    below = int(stats.binom.ppf((1 - LEVEL) / 2, n, share))
    above = int(stats.binom.ppf((1 + LEVEL) / 2, n, share)) + 1
    low = float(ordered[below - 1]) if below >= 1 else bounds[0]
    high = float(ordered[above - 1]) if above <= n else bounds[1]
    return Estimate(float(np.quantile(ordered, share)), low, high, n)


def median(values: FloatArray, bounds: Bounds = UNBOUNDED) -> Estimate:
    """The quantile at a half."""
    return quantile(values, 0.5, bounds)


def correlation(first: FloatArray, second: FloatArray) -> Estimate:
    """Pearson's r with the interval of Fisher's z (Metron 1921).

    Undefined for fewer than four pairs, and where one side does not vary.
    """
    n = len(first)
    if n < 4 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return undefined(n, CHANGE)
    result = stats.pearsonr(first, second)
    r = float(result.statistic)
    if math.isclose(abs(r), 1.0):  # pairs on a line show no spread, and z has no end there
        return Estimate(r, *UNBOUNDED, n)
    interval = result.confidence_interval(LEVEL)
    return Estimate(r, float(interval.low), float(interval.high), n)
