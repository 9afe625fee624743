"""An estimate held against a limit by its 95 % interval, and how many cases it takes to tell.

An interval that lies wholly on one side of the limit tells; one that holds the limit does not: it is then as
compatible with a number that keeps the limit as with one that misses it.
"""

from __future__ import annotations

import math
from enum import Enum

from scipy import stats

from models.statistics.estimate import LEVEL, Z95, Estimate

MOST_CASES = 5000
"""More cases than this are not asked for: what was reached lies too near the limit to be told from it."""


class Side(Enum):
    """On which side of a limit an interval lies."""

    KEPT = "kept"
    MISSED = "missed"
    STRADDLES = "straddles"


def at_least(estimate: Estimate, limit: float) -> Side:
    """Whether a number is `limit` or more: kept where the interval begins at the limit or above it."""
    if estimate.low >= limit:
        return Side.KEPT
    return Side.MISSED if estimate.high < limit else Side.STRADDLES


def at_most(estimate: Estimate, limit: float) -> Side:
    """Whether a number is `limit` or less: kept where the interval ends at the limit or below it."""
    if estimate.high <= limit:
        return Side.KEPT
    return Side.MISSED if estimate.low > limit else Side.STRADDLES


def cases_for_share(share: float, limit: float) -> int | None:
    """Of how many cases in all Wilson's interval no longer holds the limit, if the share stays as it is.

    Wilson's interval is the inversion of the score test (Wilson, JASA 1927, 22:209), so that its end is at
    the limit L where n = z^2 L (1 - L) / (p - L)^2, on either side. Of no refusal in n scans this is
    z^2 (1 - L) / L. None where more than `MOST_CASES` would be needed.
    """
    gap = abs(share - limit)
    if not gap > 0:
        return None
    # A hair less than a whole number is rounding, not another case.
    needed = math.ceil(Z95**2 * limit * (1 - limit) / gap**2 - 1e-9)
    return needed if needed <= MOST_CASES else None


def cases_for_mean(mean: Estimate, limit: float) -> int | None:
    """Of how many cases in all Student's interval no longer holds the limit, if mean and spread stay.

    Its half-width is t(n - 1) s / sqrt(n); s is taken from the wider half, because bounds may have cut the
    other. None where more than `MOST_CASES` would be needed, and where nothing is known.
    """
    gap = abs(mean.value - limit)
    half = max(mean.value - mean.low, mean.high - mean.value)
    if not (gap > 0 and math.isfinite(half)) or mean.n < 2:
        return None
    spread = half * math.sqrt(mean.n) / _student(mean.n)
    counts = range(mean.n, MOST_CASES + 1)
    return next((n for n in counts if _student(n) * spread / math.sqrt(n) <= gap), None)


def _student(n: int) -> float:
    return float(stats.t.ppf(0.5 + LEVEL / 2, n - 1))
