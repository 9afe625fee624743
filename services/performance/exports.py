"""The performance page's numbers as they leave the house: files, the chart as a picture, the API's answer.

Page, files and answer are made of the same points: every digit agrees.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from data.database import now
from data.errors import NotFound
from data.records import NOTICE, VERSION, AuditEvent, ExportRow, User
from data.stores.audit import AuditLog
from reports.evaluation import figure_png
from reports.performance_figures import VALIDATION
from reports.tables import csv_table, json_table, parquet_table, xlsx_table
from services.cohort.exports import MIME, Export
from services.performance import charts as performance_charts
from services.performance.details import CELLS, Details, Errors
from services.performance.metrics import METRICS, Metric
from services.performance.numbers import MetricPoint, MetricView, Performance, PerformanceQuery
from services.permissions import Permission, require

KINDS = ("csv", "xlsx", "parquet", "json", "png")
PICTURE_SIZE = (1200, 600)
_TABLES = {"csv": csv_table, "xlsx": xlsx_table, "parquet": parquet_table, "json": json_table}


class PerformanceExports:
    """Writes; each file that leaves is noted in the audit trail."""

    def __init__(self, performance: Performance, details: Details, audit: AuditLog) -> None:
        self._performance = performance
        self._details = details
        self._audit = audit

    def export(self, asked: PerformanceQuery, kind: str, user: User) -> Export:
        """The numbers of every metric as a table, or the chart of the address's metric as PNG.

        Raises NotFound for a kind that there is not.
        """
        require(user, Permission.SEE_STATISTICS)
        if kind not in KINDS:
            raise NotFound("There is no such kind of file.")
        at = now()
        if kind == "png":
            content, mime = picture(self._performance.shown(asked)), "image/png"
        else:
            shown = self._performance.every(asked)
            content, mime = _TABLES[kind](table(shown), facts(shown[0], user, at)), MIME[kind]
        self._audit.record(AuditEvent(at, user.id, "performance.export", kind, asked.query()))
        return Export(f"lightbox-performance-{asked.task}-{at:%Y-%m-%d}.{kind}", content, mime)

    def numbers(self, asked: PerformanceQuery, every: bool = False) -> dict[str, Any]:
        """The same for a program: the numbers of one metric or of `every` one, and the errors behind them."""
        shown = self._performance.every(asked) if every else [self._performance.shown(asked)]
        first = shown[0]
        coverage = self._performance.coverage(asked)
        return {
            "task": asked.task,
            "by": asked.by,
            "part": asked.part,
            "metrics": [_metric(each) for each in shown],
            "live": _live(first),
            "challenger": first.challenger,
            "as_of": _time(first.as_of),
            "trouble": first.trouble,
            "numbers": [_number(each.metric, point) for each in shown for point in each.points],
            "cases": _errors(asked, self._details.errors(asked)) | {"coverage": asdict(coverage)},
            "notice": NOTICE,
        }


def table(shown: Iterable[MetricView]) -> list[ExportRow]:
    """Every point of these metrics in a row: section is the metric, group the source, name the version."""
    return [_row(each.metric, point) for each in shown for point in each.points]


def picture(shown: MetricView) -> bytes:
    """The chart as PNG."""
    figure = performance_charts.history(shown)
    words = f"{shown.metric.label}, {shown.asked.task}. {NOTICE}"
    width, height = PICTURE_SIZE
    title = {"text": words, "font": {"size": 11}, "x": 0.01, "y": 0.01, "yanchor": "bottom"}
    margin = figure["layout"]["margin"] | {"t": 60, "b": 90}
    figure["layout"] |= {"width": width, "height": height, "title": title, "margin": margin}
    return figure_png(figure)


def facts(shown: MetricView, user: User, at: datetime) -> dict[str, str]:
    """What a person must know of a file, by its label."""
    said = {
        "Task": shown.asked.task,
        "By": f"registered version and {shown.asked.by}"
        if shown.asked.by != "version"
        else "registered version",
        "Real use": "all that was reviewed" if shown.asked.part == "reviewed" else "the random sample alone",
        "MLflow read": f"{shown.as_of:%Y-%m-%d %H:%M} UTC" if shown.as_of else "never",
        "Counted": f"{at:%Y-%m-%d %H:%M} UTC",
        "Written for": user.display_name,
        "Lightbox": VERSION,
        "Notice": NOTICE,
    }
    return said | ({"Trouble": shown.trouble} if shown.trouble else {})


def _row(metric: Metric, point: MetricPoint) -> ExportRow:
    figure = point.figure
    notes = ["synthetic"] * point.synthetic + ["beyond the alert limit"] * point.past_limit
    return ExportRow(
        section=metric.name,
        group=f"{point.source}, {point.kind}" if point.kind else point.source,
        name=f"{point.version}, {point.month}" if point.month else point.version,
        quantity=metric.unit or "share",
        n=figure.n,
        value=_finite(figure.value),
        low=_finite(figure.low),
        high=_finite(figure.high),
        note=", ".join(notes),
    )


def _number(metric: Metric, point: MetricPoint) -> dict[str, Any]:
    return {
        "metric": metric.name,
        "version": point.version,
        "month": point.month or None,
        "source": point.source,
        "measured_on": point.kind or None,
        "synthetic": point.synthetic,
        **point.figure.plain(),
        "beyond_limit": point.past_limit,
        "cases": point.query or None,
    }


def _metric(shown: MetricView) -> dict[str, Any]:
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


def _errors(asked: PerformanceQuery, errors: Errors) -> dict[str, Any]:
    """What stands behind the lower part of the page."""
    counts = errors.confusion
    cells = (counts.hit, counts.miss, counts.false_alarm, counts.right_negative)
    return {
        "of": VALIDATION if asked.of == VALIDATION else "real",
        "version": asked.version or None,
        "month": asked.month or None,
        "synthetic": asked.synthetic,
        "n": errors.n,
        "threshold": _finite(errors.threshold),
        "confusion": {name.replace("-", "_"): n for name, n in zip(CELLS, cells, strict=True)},
        "figures": {name: figure.plain() for name, figure in errors.figures.items() if name in METRICS},
        "absent": errors.absent or None,
    }


def _live(shown: MetricView) -> dict[str, Any] | None:
    live = shown.live
    if live is None:
        return None
    return {
        "version": live.version.version,
        "since": _time(live.since),
        "approved_by": live.by,
        "reason": live.reason,
        "registered_at": _time(live.version.created_at),
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _time(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None
