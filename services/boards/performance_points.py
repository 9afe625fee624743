"""Performance over time on a board: the points of the performance page by month, in real use alone."""

from __future__ import annotations

from dataclasses import replace

from data.records import BoardChoice, BoardPanel, User
from reports.performance_figures import VALIDATION
from services import addresses
from services.boards.points import BoardPoint, PanelView, in_order, panel_title, too_few
from services.cohort.small_numbers import Audience
from services.performance.answers import finite
from services.performance.exports import PerformanceExports
from services.performance.metrics import metric_named
from services.performance.numbers import BY_MONTH, MetricPoint, Performance, choice_words
from services.permissions import Permission, require

_WHOLE = "Of the whole house: this number is not counted by site, scanner, sex or age group."
_BEFORE = "Of what people have reviewed, by month of reading."


class PerformancePoints:
    """Asks the performance page's services; counts nothing."""

    def __init__(self, numbers: Performance, exports: PerformanceExports) -> None:
        self._numbers = numbers
        self._exports = exports

    def of(
        self, panel: BoardPanel, choice: BoardChoice, since: str, viewer: User, audience: Audience
    ) -> PanelView:
        """A metric of a task by month, from the month `since` on ("" for all)."""
        require(viewer, Permission.SEE_STATISTICS)
        asked = self._numbers.asked(f"task={panel.task}&metric={panel.measure}&by={BY_MONTH}", viewer)
        if panel.version:
            asked = replace(asked, version=panel.version)
        if metric_named(panel.measure).truth:
            asked = asked.of_choice(choice.of)
        (shown,) = self._exports.told([self._numbers.shown(asked)], audience)
        points = [
            _point(point)
            for point in shown.points
            if point.source != VALIDATION and point.month >= since and panel.version in ("", point.version)
        ]
        says = [shown.metric.meaning]
        says += [_BEFORE] if shown.metric.truth else []
        says += [choice_words(shown)] if asked.chosen else [_WHOLE] if choice.of else []
        says += [shown.trouble] if shown.trouble else []
        return PanelView(
            panel,
            panel_title(panel),
            in_order(points),
            tuple(says),
            addresses.performance(asked.query()),
            shown.goal.goal if shown.goal else None,
            shown.goal.alert_limit if shown.goal else None,
        )


def _point(point: MetricPoint) -> BoardPoint:
    figure = point.figure
    made = BoardPoint(
        point.month,
        f"Version {point.version}",
        finite(figure.value),
        None if point.withheld else figure.n,
        finite(figure.low),
        finite(figure.high),
        point.synthetic,
        point.withheld,
        point.query,
        point.past_limit,
    )
    return too_few(made)
