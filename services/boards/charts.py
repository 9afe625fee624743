"""A panel's points as a chart."""

from __future__ import annotations

import math

from reports.chart_axes import Figure, whole_ticks
from reports.performance_figures import REVIEWED, Dot, MetricSeries, Scale, month_figure
from services.boards.measures import Source
from services.boards.points import BoardPoint, PanelView

MOST_SERIES = 6
"""Lines that can be told apart; the newest are drawn, the numbers below a chart hold all."""


_ACROSS = {
    Source.PERFORMANCE: "Month of reading",
    Source.VOLUMES: "Month in which they came",
    Source.DRIFT: "Run",
    Source.ALERTS: "Month",
}
_COUNTS = (Source.VOLUMES, Source.ALERTS)


def chart(view: PanelView) -> Figure:
    """Points over time, a line a series; what is withheld or too few is hatched with the reason."""
    series = _kept(view)
    drawn = [line for key in series for line in _lines(view, *key)]
    places = list(dict.fromkeys(point.at for point in view.points))
    measure = view.measure
    words = f"{measure.label} ({measure.unit})" if measure.unit else measure.label
    figure = month_figure(places, drawn, [], Scale(words, measure.percent, view.goal, view.limit))
    figure["layout"]["xaxis"] |= {"title": {"text": _ACROSS[measure.source]}}
    if measure.source is not Source.PERFORMANCE:
        figure["layout"]["yaxis"] |= {"rangemode": "tozero"}
    counted = [point.value for point in view.points if point.value is not None]
    if measure.source in _COUNTS and not measure.percent and counted:
        figure["layout"]["yaxis"] |= whole_ticks(int(max(counted)))
    return figure


def _kept(view: PanelView) -> list[tuple[str, bool]]:
    newest: dict[tuple[str, bool], str] = {}
    for point in view.points:
        newest[point.series, point.synthetic] = point.at
    return sorted(newest, key=lambda key: newest[key])[-MOST_SERIES:]


def _lines(view: PanelView, name: str, synthetic: bool) -> list[MetricSeries]:
    mine = [point for point in view.points if (point.series, point.synthetic) == (name, synthetic)]
    dots = [_dot(point, point.value) for point in mine if point.value is not None]
    hidden = [(point.at, point.note) for point in mine if point.value is None and point.note]
    return [MetricSeries(name, REVIEWED, dots, synthetic, hidden)]


def _dot(point: BoardPoint, value: float) -> Dot:
    low, high = (math.nan if end is None else end for end in (point.low, point.high))
    return Dot(point.at, value, low, high, point.n or 0, point.link, point.beyond)
