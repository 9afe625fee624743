"""The performance page's numbers as charts; each point carries the address that opens its cases."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from reports import performance_figures as figures
from reports.figures import Figure, said_where_empty
from reports.performance_figures import VALIDATION, Dot, Scale, Series
from services.performance.details import Errors, Training
from services.performance.metrics import Metric
from services.performance.numbers import BY_MONTH, Point, Shown
from services.statistics.answer_charts import answer_charts
from services.statistics.subgroups import SUBGROUPS, Subgroup

MOST_MONTHLY = 6  # versions with a line of their own; the newest
NAMES = {"validation": "Validation", "reviewed": "Real use", "sample": "Random sample"}


def history(shown: Shown) -> Figure:
    """The chart of a metric, by version or by month, as the address asks."""
    validated = _validation(shown)
    if shown.asked.by == BY_MONTH:
        figure = figures.month_figure(shown.months, _monthly(shown), validated, scale(shown))
    else:
        real = [point for point in shown.points if point.source != VALIDATION]
        series = [*validated, *_by_kind(real)]
        versions = [version.version for version in shown.versions]
        known = {dot.place for one in series for dot in one.dots}
        # Real use outlives a registry that was lost: its versions stand first, as they came before.
        versions = [*sorted(known - set(versions)), *versions]
        live = shown.live.version.version if shown.live else None
        figure = figures.version_figure(versions, series, scale(shown), live)
    return said_where_empty(figure)


def errors(found: Errors) -> dict[str, Figure]:
    """ROC, precision and calibration of a set of cases; without data where they say nothing."""
    if found.curves is None:
        return dict.fromkeys(("roc", "precision", "calibration"), {"data": [], "layout": {}})
    return answer_charts(found.curves, found.bins, found.figures)


def groups(
    found: Mapping[str, Sequence[Subgroup]],
    metric: Metric,
    whole: float | None,
    address: Callable[[str], str],
) -> Figure:
    """A metric in every group that has it; `address` gives the cases of a group like "sex:F"."""
    rows = []
    for dimension, members in found.items():
        for member in members:
            figure = member.figures.get(metric.name)
            if figure is not None and figure.n:
                query = address(f"{dimension}:{member.name}")
                dot = Dot(member.name, figure.value, figure.low, figure.high, figure.n, query)
                rows.append((SUBGROUPS[dimension], dot))
    if not rows:
        return {"data": [], "layout": {}}
    return figures.groups_figure(rows, whole, Scale(metric.label, metric.percent))


def training(found: Training) -> dict[str, Figure]:
    """A chart of each training curve by its name in words."""
    named = {name.removeprefix("epoch_").replace("_", " "): points for name, points in found.curves.items()}
    return {
        name: figures.training_figure(name, points)
        for name, points in sorted(named.items())
        if len(points) > 1
    }


def scale(shown: Shown) -> Scale:
    """What the axis of a metric is."""
    metric, goal = shown.metric, shown.goal
    words = f"{metric.label} ({metric.unit})" if metric.unit else metric.label
    return Scale(
        words, metric.percent, goal.goal if goal else None, goal.alert_limit if goal else None
    )  # fmt: skip


def _validation(shown: Shown) -> list[Series]:
    kinds = dict.fromkeys(point.kind for point in shown.points if point.source == VALIDATION)
    return [
        Series(
            f"Validation, {kind}" if kind else "Validation",
            VALIDATION,
            [_dot(one) for one in _oldest_first(shown) if one.source == VALIDATION and one.kind == kind],
        )
        for kind in kinds
    ]


def _oldest_first(shown: Shown) -> list[Point]:
    place = {one.version: index for index, one in enumerate(shown.versions)}
    return sorted(shown.points, key=lambda point: (place.get(point.version, -1), point.month))


def _monthly(shown: Shown) -> list[Series]:
    """A line a version, the newest where there are too many to be told apart."""
    real = [one for one in shown.points if one.source != VALIDATION]
    newest = {
        one: max(point.month for point in real if point.version == one) for one in {p.version for p in real}
    }
    number = {one.version: index for index, one in enumerate(shown.versions)}
    kept = sorted(newest, key=lambda one: (newest[one], number.get(one, -1)))[-MOST_MONTHLY:]
    lines = []
    for version in kept:
        for synthetic in (False, True):
            mine = sorted(
                (one for one in real if one.version == version and one.synthetic == synthetic),
                key=lambda one: one.month,
            )
            if mine:
                lines.append(
                    Series(
                        f"Version {version}",
                        mine[0].source,
                        [_dot(one, one.month) for one in mine],
                        synthetic,
                    )
                )
    return lines


def _by_kind(real: Sequence[Point]) -> list[Series]:
    found = []
    for synthetic in (False, True):
        mine = [one for one in real if one.synthetic == synthetic]
        if mine:
            found.append(
                Series(NAMES[mine[0].source], mine[0].source, [_dot(one) for one in mine], synthetic)
            )
    return found


def _dot(point: Point, place: str = "") -> Dot:
    one = point.figure
    return Dot(place or point.version, one.value, one.low, one.high, one.n, point.query, point.past_limit)
