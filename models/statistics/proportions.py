"""Shares of cases, and differences of independent numbers."""

from __future__ import annotations

import math

from models.statistics.estimate import CHANGE, Z95, Estimate, undefined


def proportion(hits: int, n: int) -> Estimate:
    """The share of `hits` in n cases with Wilson's interval (JASA 1927); undefined of no cases."""
    if n == 0:
        return undefined()
    # Written out: a page asks for hundreds, and statsmodels looks the quantile up each time.
    share, whole = hits / n, n + Z95**2
    middle, half = (hits + Z95**2 / 2) / whole, Z95 * math.sqrt(n) / whole
    half *= math.sqrt(share * (1 - share) + Z95**2 / (4 * n))
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return Estimate(share, min(share, low), max(share, high), n)


def difference(first: Estimate, second: Estimate, correlation: float = 0.0) -> Estimate:
    """First minus second, its interval joined of both intervals ("square and add"); n is of both.

    Of two independent shares this is Newcombe's method 10 (Statistics in Medicine 1998, 17:873), of other
    numbers the method of variance estimates recovery (Zou and Donner, Statistics in Medicine 2008,
    27:1693). `correlation` is that of the two estimates. NaN where either is.
    """
    n = first.n + second.n
    value = first.value - second.value
    if math.isnan(value):
        return undefined(n, CHANGE)
    below = first.value - first.low, second.high - second.value
    above = first.high - first.value, second.value - second.low
    return Estimate(value, value - _joined(*below, correlation), value + _joined(*above, correlation), n)


def _joined(first: float, other: float, correlation: float) -> float:
    # Rounding may make the square of nothing a hair less than nothing.
    return math.sqrt(max(0.0, first**2 + other**2 - 2 * correlation * first * other))
