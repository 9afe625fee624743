"""The performance page's numbers as a program is answered; what is withheld is null, with the reason."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from data.records import ReadCount
from models.statistics.confusion import Confusion
from models.statistics.estimate import Estimate
from reports.performance_figures import VALIDATION
from services.performance.details import CELLS, Errors
from services.performance.metrics import METRICS, Metric
from services.performance.numbers import MetricPoint, MetricView, PerformanceQuery
from services.performance.small_figures import ALL, WithheldFigures


def errors_answer(
    asked: PerformanceQuery, errors: Errors, coverage: ReadCount, hidden: WithheldFigures | None
) -> dict[str, Any]:
    """What stands behind the lower part of the page, without what `hidden` withholds; None: all of it."""

    def why(figure: str, n: int) -> str:
        return "" if hidden is None else hidden.why(ALL, figure, n)

    judged: dict[str, Any] = asdict(coverage)
    if asked.chosen:  # how much was read is not counted by group
        judged = dict.fromkeys(judged)
    if why("cases", coverage.reviewed):
        judged |= dict.fromkeys(("reviewed", "sampled_reviewed"))
    return {
        "of": VALIDATION if asked.of == VALIDATION else "real",
        "version": asked.version or None,
        "month": asked.month or None,
        "synthetic": asked.synthetic,
        "n": None if why("cases", errors.n) else errors.n,
        "threshold": finite(errors.threshold),
        "confusion": _cells(errors.confusion, why),
        "figures": {
            name: _figure(figure, why(name, figure.n))
            for name, figure in errors.figures.items()
            if name in METRICS
        },
        "absent": errors.absent or None,
        "coverage": judged,
    }


def _cells(counts: Confusion, why: Callable[[str, int], str]) -> dict[str, int | None]:
    """The four cells, or four times nothing where they would tell how few were ill or healthy."""
    cells = (counts.hit, counts.miss, counts.false_alarm, counts.right_negative)
    ill, healthy = counts.hit + counts.miss, counts.false_alarm + counts.right_negative
    few = why("recall", ill) or why("specificity", healthy) or why("answers", counts.n)
    return {name.replace("-", "_"): None if few else n for name, n in zip(CELLS, cells, strict=True)}


def _figure(figure: Estimate, why: str) -> dict[str, Any]:
    return (
        {**dict.fromkeys(("n", "value", "low", "high")), "note": why}
        if why
        else figure.plain() | {"note": ""}
    )


def number_answer(metric: Metric, point: MetricPoint) -> dict[str, Any]:
    """One point of the chart."""
    return {
        "metric": metric.name,
        "version": point.version,
        "month": point.month or None,
        "source": point.source,
        "measured_on": point.kind or None,
        "synthetic": point.synthetic,
        **_figure(point.figure, point.withheld),
        "beyond_limit": point.past_limit,
        "cases": point.query or None,
    }


def metric_answer(shown: MetricView) -> dict[str, Any]:
    """What a metric means, and what is wanted of it."""
    metric, goal = shown.metric, shown.goal
    return {
        "name": metric.name,
        "label": metric.label,
        "meaning": metric.meaning,
        "unit": metric.unit or "share",
        "more_is_better": metric.more_is_better,
        "interval": metric.interval,
        "goal": goal.goal if goal else None,
        "alert_limit": goal.alert_limit if goal else None,
    }


def live_answer(shown: MetricView) -> dict[str, Any] | None:
    """The version in force; None where there is none."""
    live = shown.live
    if live is None:
        return None
    return {
        "version": live.version.version,
        "since": time_answer(live.since),
        "approved_by": live.by,
        "reason": live.reason,
        "registered_at": time_answer(live.version.created_at),
    }


def finite(value: float) -> float | None:
    """The number; None for what is none."""
    return value if math.isfinite(value) else None


def time_answer(moment: datetime | None) -> str | None:
    """A moment in ISO 8601, in UTC."""
    return moment.astimezone(UTC).isoformat() if moment else None
