"""Shares of cases, and differences of independent numbers."""

from __future__ import annotations

import math
from functools import lru_cache

from statsmodels.stats.proportion import proportion_confint

from models.statistics.estimate import CHANGE, LEVEL, Estimate, undefined


@lru_cache(maxsize=100_000)  # a page asks for hundreds, and often for the same
def proportion(hits: int, n: int) -> Estimate:
    """The share of `hits` in n cases with Wilson's interval (JASA 1927); undefined of no cases."""
    if n == 0:
        return undefined()
    low, high = proportion_confint(hits, n, alpha=1 - LEVEL, method="wilson")
    share = hits / n
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
