"""The performance page's numbers as charts; each point carries the address that opens its cases."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from data.records import Outcome, StopReason
from models.statistics.estimate import Estimate
from reports import performance_figures as figures
from reports.chart_axes import Figure
from reports.performance_figures import ESTIMATED, VALIDATION, Dot, MetricSeries, Scale
from reports.stop_figures import stop_figure
from services.performance.answer_shares import AnswerShares
from services.performance.details import Errors, TrainingRun
from services.performance.estimate_records import Estimated
from services.performance.metrics import Metric
from services.performance.numbers import BY_MONTH, MetricPoint, MetricView, PerformanceQuery
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
WITHOUT_TRUTH = "estimated without truth"
NAMES = {"validation": "Validation", "reviewed": "Real use", "sample": "Random sample"}


def history(shown: MetricView, estimated: Estimated | None = None) -> Figure:
    """The chart of a metric, by version or by month, as the address asks.

    What is `estimated` without truth has series of its own; by month that of the address's version alone.
    """
    validated = _validation(shown)
    without_truth = _estimated(shown, estimated) if estimated else []
    if shown.asked.by == BY_MONTH:
        lines = [*_monthly(shown), *without_truth]
        months = sorted({*shown.months, *(dot.place for line in without_truth for dot in line.dots)})
        figure = figures.month_figure(months, lines, validated, scale(shown))
    else:
        real = [point for point in shown.points if point.source != VALIDATION]
        series = [*validated, *_by_kind(real), *without_truth]
        versions = [version.version for version in shown.versions]
        known = {dot.place for line in series for dot in line.dots}
        known |= {place for line in series for place, _ in line.withheld}
        # Real use outlives a registry that was lost: its versions stand first, as they came before.
        versions = [*sorted(known - set(versions)), *versions]
        live = shown.live.version.version if shown.live else None
        figure = figures.version_figure(versions, series, scale(shown), live)
    return figure


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


def _estimated(shown: MetricView, estimated: Estimated) -> list[MetricSeries]:
    """What may be shown of it: a line of the address's version by month, else a mark of each version."""
    by_month, version = shown.asked.by == BY_MONTH, shown.asked.version
    lines = []
    for synthetic in (False, True):
        mine = [
            point
            for point in estimated.told
            if point.synthetic == synthetic and (not by_month or point.version == version)
        ]
        if mine:
            name = f"Version {version}, {WITHOUT_TRUTH}" if by_month else WITHOUT_TRUTH.capitalize()
            dots = [_dot_of(point.month or point.version, point.figure) for point in mine]
            lines.append(MetricSeries(name, ESTIMATED, dots, synthetic))
    return lines


def answers(answered: Sequence[AnswerShares], asked: PerformanceQuery) -> Figure:
    """The share of uncertain answers, by month of the address's version or by version."""
    kind, scale_of = figures.READ, Scale("Uncertain answers", percent=True)
    mine = [each for each in answered if each.n and each.synthetic == asked.synthetic]
    if asked.by == BY_MONTH:
        mine = [each for each in mine if each.version == asked.version]
    dots = []
    for each in mine:
        query, opened = each.opened.get(Outcome.UNCERTAIN, ("", 0))
        exact = query if opened == each.counts[Outcome.UNCERTAIN] else ""
        dots.append(_dot_of(each.month or each.version, each.share(Outcome.UNCERTAIN), exact))
    if not dots:
        return {"data": [], "layout": {}}
    name = f"Version {asked.version}" if asked.by == BY_MONTH else "All readings"
    line = [MetricSeries(name, kind, dots, asked.synthetic)]
    places = [dot.place for dot in dots]
    if asked.by == BY_MONTH:
        return figures.month_figure(places, line, [], scale_of)
    return figures.version_figure(places, line, scale_of)


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


def _dot_of(place: str, figure: Estimate, query: str = "") -> Dot:
    return Dot(place, figure.value, figure.low, figure.high, figure.n, query)


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
