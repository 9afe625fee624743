"""The performance page's numbers as charts; each point carries the address that opens its cases."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from data.records import StopReason
from reports import performance_figures as figures
from reports.figures import Figure, said_where_empty
from reports.performance_figures import VALIDATION, Dot, MetricSeries, Scale
from reports.stop_figures import stop_figure
from services.performance.details import Errors, TrainingRun
from services.performance.metrics import Metric
from services.performance.numbers import BY_MONTH, MetricPoint, MetricView
from services.performance.stop_rules import StopView
from services.statistics.answer_charts import answer_charts
from services.statistics.subgroups import SUBGROUPS, Subgroup
from services.task_words import words_of

MOST_MONTHLY = 6  # versions with a line of their own; the newest
_CASES = {
    StopReason.MISSES: "Reviewed scans with {finding}",
    StopReason.FALSE_ALARMS: "Reviewed scans without {finding}",
    StopReason.REFUSALS: "Scans that came",
}
NAMES = {"validation": "Validation", "reviewed": "Real use", "sample": "Random sample"}


def history(shown: MetricView) -> Figure:
    """The chart of a metric, by version or by month, as the address asks."""
    validated = _validation(shown)
    if shown.asked.by == BY_MONTH:
        figure = figures.month_figure(shown.months, _monthly(shown), validated, scale(shown))
    else:
        real = [point for point in shown.points if point.source != VALIDATION]
        series = [*validated, *_by_kind(real)]
        versions = [version.version for version in shown.versions]
        known = {dot.place for line in series for dot in line.dots}
        known |= {place for line in series for place, _ in line.withheld}
        # Real use outlives a registry that was lost: its versions stand first, as they came before.
        versions = [*sorted(known - set(versions)), *versions]
        live = shown.live.version.version if shown.live else None
        figure = figures.version_figure(versions, series, scale(shown), live)
    return said_where_empty(figure)


def errors(errors: Errors) -> dict[str, Figure]:
    """ROC, precision and calibration of a set of cases; without data where they say nothing."""
    if errors.curves is None:
        return dict.fromkeys(("roc", "precision", "calibration"), {"data": [], "layout": {}})
    return answer_charts(errors.curves, errors.bins, errors.figures)


def groups(
    subgroups: Mapping[str, Sequence[Subgroup]],
    metric: Metric,
    whole: float | None,
    address: Callable[[str], str],
) -> Figure:
    """A metric in every group that has it; `address` gives the cases of a group like "sex:F"."""
    rows = []
    for dimension, members in subgroups.items():
        for member in members:
            figure = member.figures.get(metric.name)
            if figure is not None and figure.n:
                query = address(f"{dimension}:{member.name}")
                dot = Dot(member.name, figure.value, figure.low, figure.high, figure.n, query)
                rows.append((SUBGROUPS[dimension], dot))
    if not rows:
        return {"data": [], "layout": {}}
    return figures.groups_figure(rows, whole, Scale(metric.label, metric.percent))


def training(training: TrainingRun) -> dict[str, Figure]:
    """A chart of each training curve by its name in words."""
    named = {
        name.removeprefix("epoch_").replace("_", " "): points for name, points in training.curves.items()
    }
    return {
        name: figures.training_figure(name, points)
        for name, points in sorted(named.items())
        if len(points) > 1
    }


def stop_charts(view: StopView, task: str) -> dict[StopReason, Figure]:
    """The tests of the whole version as charts."""
    return {
        watched.reason: stop_figure(
            watched.points.tolist(),
            watched.trials.bad.tolist(),
            watched.test.limit,
            _CASES[watched.reason].format(finding=words_of(task).finding),
        )
        for watched in view.watched
        if not watched.scanner
    }


def scale(shown: MetricView) -> Scale:
    """What the axis of a metric is."""
    metric, goal = shown.metric, shown.goal
    words = f"{metric.label} ({metric.unit})" if metric.unit else metric.label
    return Scale(
        words, metric.percent, goal.goal if goal else None, goal.alert_limit if goal else None
    )  # fmt: skip


def _validation(shown: MetricView) -> list[MetricSeries]:
    kinds = dict.fromkeys(point.kind for point in shown.points if point.source == VALIDATION)
    return [
        MetricSeries(
            f"Validation, {kind}" if kind else "Validation",
            VALIDATION,
            [
                _dot(point)
                for point in _oldest_first(shown)
                if point.source == VALIDATION and point.kind == kind
            ],
        )
        for kind in kinds
    ]


def _oldest_first(shown: MetricView) -> list[MetricPoint]:
    place = {version.version: index for index, version in enumerate(shown.versions)}
    return sorted(shown.points, key=lambda point: (place.get(point.version, -1), point.month))


def _monthly(shown: MetricView) -> list[MetricSeries]:
    """A line a version, the newest where there are too many to be told apart."""
    real = [point for point in shown.points if point.source != VALIDATION]
    newest = {
        name: max(point.month for point in real if point.version == name)
        for name in {p.version for p in real}
    }
    number = {version.version: index for index, version in enumerate(shown.versions)}
    kept = sorted(newest, key=lambda name: (newest[name], number.get(name, -1)))[-MOST_MONTHLY:]
    lines = []
    for version in kept:
        for synthetic in (False, True):
            mine = sorted(
                (point for point in real if point.version == version and point.synthetic == synthetic),
                key=lambda point: point.month,
            )
            if mine:
                lines.append(_series(f"Version {version}", mine, synthetic))
    return lines


def _by_kind(real: Sequence[MetricPoint]) -> list[MetricSeries]:
    series = []
    for synthetic in (False, True):
        mine = [point for point in real if point.synthetic == synthetic]
        if mine:
            series.append(_series(NAMES[mine[0].source], mine, synthetic))
    return series


def _series(name: str, points: Sequence[MetricPoint], synthetic: bool) -> MetricSeries:
    """Points by month where they have one, else by version."""
    return MetricSeries(
        name,
        points[0].source,
        [_dot(point, point.month) for point in points if not point.withheld],
        synthetic,
        [(point.month or point.version, point.withheld) for point in points if point.withheld],
    )


def _dot(point: MetricPoint, place: str = "") -> Dot:
    estimate = point.figure
    return Dot(
        place or point.version,
        estimate.value,
        estimate.low,
        estimate.high,
        estimate.n,
        point.query,
        point.past_limit,
    )
