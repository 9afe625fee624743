"""A number with its interval and its n, and what may be said where nothing varies."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from scipy import stats

Bounds = tuple[float, float]
"""Least and greatest possible value; NaN on a side that has no end."""

LEVEL = 0.95
Z95 = float(stats.norm.ppf(0.5 + LEVEL / 2))
TAILS = (2.5, 97.5)  # percentiles that hold 95 % between them
SHARE: Bounds = (0.0, 1.0)
CHANGE: Bounds = (-1.0, 1.0)
UNBOUNDED: Bounds = (math.nan, math.nan)


@dataclass(frozen=True)
class Estimate:
    """A number, the 95 % interval around it, and how many cases stand behind it."""

    value: float
    low: float
    high: float
    n: int

    def plain(self) -> dict[str, float | int | None]:
        """Its parts by their names, as JSON takes them: None for what is not defined or has no end."""
        return {name: part if math.isfinite(part) else None for name, part in asdict(self).items()}

    @classmethod
    def of_plain(cls, plain: Mapping[str, Any]) -> Estimate:
        """What `plain` made, read again; NaN for None."""
        value, low, high = (
            math.nan if plain[name] is None else float(plain[name]) for name in ("value", "low", "high")
        )
        return cls(value, low, high, plain["n"])


def undefined(n: int = 0, bounds: Bounds = SHARE) -> Estimate:
    """What cannot be known: NaN, anywhere within its bounds."""
    return Estimate(math.nan, *bounds, n)


def unvaried(value: float, n: int, bounds: Bounds) -> Estimate:
    """The mean of n cases that are all alike.

    By Wilson's interval (JASA 1927) up to z^2 / (n + z^2) of all cases may be others than those seen, and
    they may lie anywhere within the bounds. A single case says nothing of how much cases vary.
    """
    least, most = bounds
    if n < 2:
        return Estimate(value, least, most, n)
    others = Z95**2 / (n + Z95**2)
    return Estimate(value, value - others * (value - least), value + others * (most - value), n)
