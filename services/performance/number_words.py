"""A metric's values as people read them, on the performance page and in reports alike."""

from __future__ import annotations

import math

from models.statistics.estimate import Estimate
from reports.document import Cell, fixed
from reports.number_words import (
    Fraction,
    FractionDifference,
    Share,
    ShareDifference,
    Worded,
    fraction_words,
    points_words,
    share_interval_words,
    share_words,
)
from services.performance.metrics import Metric

KINDS_OF_NUMBERS = (
    "Shares (recall, specificity, accuracy and the like) are in per cent; Dice, AUC, calibration error and "
    "probabilities are fractions, 0 to 1."
)
UNKNOWN = "–"


def value_words(metric: Metric, value: float | None) -> str:
    """A value of a metric; a dash where it is not known."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    if metric.unit == "ms":
        return f"{value / 1000:.2f} s" if value >= 1000 else f"{value:.0f} ms"
    return share_words(value) if metric.percent else fraction_words(value)


def plain_share(share: float) -> str:
    """A share that is no metric, in per cent."""
    return share_words(share) if math.isfinite(share) else UNKNOWN


def told_share(share: Estimate) -> str:
    """A share with its interval in brackets."""
    if not math.isfinite(share.value):
        return UNKNOWN
    return f"{share_words(share.value)} ({share_interval_words(share.low, share.high)})"


def interval_words(metric: Metric, low: float, high: float) -> str:
    """An interval, or a dash where it is not known."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return UNKNOWN
    if metric.percent:
        return share_interval_words(low, high)
    return f"{value_words(metric, low)} to {value_words(metric, high)}"


def gap_words(metric: Metric, gap: float, low: float, high: float) -> tuple[str, str]:
    """A difference of two values of a metric, and its interval; of shares it is in percentage points."""
    if metric.percent:
        return points_words(gap), f"{points_words(low, '')} to {points_words(high, '')}"
    return f"{gap:+.3f}", f"{low:+.3f} to {high:+.3f}"


def figure_cells(metric: Metric, figure: Estimate) -> list[Cell]:
    """Value and interval as cells of a report; None where there is none."""
    kind: type[Worded] = Share if metric.percent else Fraction
    return [_cell(value, kind) for value in (figure.value, figure.low, figure.high)]


def gap_cells(metric: Metric, gap: float, low: float, high: float) -> list[Cell]:
    """A difference of two values of a metric and its interval as cells of a report."""
    kind: type[Worded] = ShareDifference if metric.percent else FractionDifference
    return [_cell(value, kind) for value in (gap, low, high)]


def _cell(value: float, kind: type[Worded]) -> Cell:
    rounded = fixed(value)
    return None if rounded is None else kind(rounded)
