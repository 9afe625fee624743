"""Alerts where real use falls beyond the limit that the department has set."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from data import house_clock
from data.records import Evidence, Severity
from reports.performance_figures import REVIEWED
from services import addresses
from services.alerts.alerts import Alerts
from services.performance.goals import Goals
from services.performance.metrics import METRICS
from services.performance.number_words import interval_words, value_words
from services.performance.numbers import BY_MONTH, MetricPoint, MetricView, Performance, PerformanceQuery
from services.task_words import words_of

LEAST = 10
"""Cases below which a number says too little to call anybody."""


class LimitMonitor:
    """Looks at the newest month of the live version, in real patients."""

    def __init__(self, performance: Performance, goals: Goals, alerts: Alerts, tasks: Sequence[str]) -> None:
        self._performance = performance
        self._goals = goals
        self._alerts = alerts
        self._tasks = tuple(tasks)
        self._said: dict[str, tuple[object, ...]] = {}

    def tick(self) -> None:
        """Raise, or propose an end, where anything changed since the last time."""
        for task in self._tasks:
            limited = self._limited(task)
            gone = {cause for cause in self._said if cause.startswith(_cause(task, ""))}
            for name in sorted(limited):
                self._look(task, name)
            for cause in gone - {_cause(task, name) for name in limited}:
                del self._said[cause]
                self._alerts.propose_end(cause, "Its alert limit was taken away.", None)

    def standing(self) -> dict[tuple[str, str], bool]:
        """Of each task and metric with an alert limit whether its alert is not closed."""
        causes = {alert.cause for alert in self._alerts.unfinished()}
        return {
            (task, name): _cause(task, name) in causes for task in self._tasks for name in self._limited(task)
        }

    def _limited(self, task: str) -> set[str]:
        goals = self._goals.of(task)
        return {name for name in METRICS if name in goals and goals[name].alert_limit is not None}

    def _look(self, task: str, metric: str) -> None:
        """The newest month says something of its own from `LEAST` cases on, and nothing before.

        So the first cases of a new month leave the alert of the last one alone.
        """
        shown = self._performance.shown(PerformanceQuery(task, metric, BY_MONTH, REVIEWED))
        cause, point = _cause(task, metric), _newest(shown)
        seen = (point.figure, point.month, point.version, shown.goal) if point else ()
        if self._said.get(cause) == seen:
            return
        self._said[cause] = seen
        if point is None or point.figure.n < LEAST:
            return
        title, sentence, link = _words(task, shown, point)
        evidence = Evidence(_month(point.month), point.figure.n)
        if point.past_limit:
            severity = _severity(shown, point)
            self._alerts.raise_alert(cause, severity, title, sentence, link, evidence=evidence)
        else:
            self._alerts.propose_end(cause, f"Within the limit now. {sentence}", evidence)


def _cause(task: str, metric: str) -> str:
    return f"performance limit {task} {metric}"


def _newest(shown: MetricView) -> MetricPoint | None:
    """The newest month of the live version, of real patients."""
    live = shown.live.version.version if shown.live else None
    mine = [point for point in shown.points if point.month and point.version == live and not point.synthetic]
    return max(mine, key=lambda point: point.month, default=None)


def _month(month: str | None) -> datetime:
    """The beginning of a month, which orders evidence by month."""
    return house_clock.month_begins(month or "")


def _severity(shown: MetricView, point: MetricPoint) -> Severity:
    """Critical where even the better end of the interval is beyond the limit."""
    limit = shown.goal.alert_limit if shown.goal else None
    if limit is None:
        return Severity.WARNING
    sure = point.figure.high < limit if shown.metric.more_is_better else point.figure.low > limit
    return Severity.CRITICAL if sure else Severity.WARNING


def _words(task: str, shown: MetricView, point: MetricPoint) -> tuple[str, str, str]:
    metric, figure = shown.metric, point.figure
    limit = shown.goal.alert_limit if shown.goal else None
    title = f"{metric.label} of {words_of(task).label.lower()} is beyond its limit"
    sentence = (
        f"Version {point.version}, {point.month}: {value_words(metric, figure.value)} "
        f"(95 % interval {interval_words(metric, figure.low, figure.high)}, n = {figure.n}); "
        f"the alert limit is {value_words(metric, limit)}."
    )
    query = PerformanceQuery(task, metric.name, BY_MONTH, version=point.version, month=point.month).query()
    return title, sentence, addresses.performance(query)
