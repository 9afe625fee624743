"""The statistic of a stop rule as a chart: its points, case by case, against the limit."""

from __future__ import annotations

from collections.abc import Sequence

from reports.chart_axes import Figure, bare_figure, said_where_empty
from reports.colours import MARKED, OURS

_MOST = 2000  # cases that are drawn: the last ones
_ROOM_FOR_LIMIT_PX = 72


def stop_figure(points: Sequence[int], bad: Sequence[bool], limit: int, cases: str) -> Figure:
    """The points after each case, bad ones marked, and the limit as a line; `cases` names the axis."""
    first = max(0, len(points) - _MOST)
    numbers = list(range(first + 1, len(points) + 1))
    shown, marked = list(points[first:]), list(bad[first:])
    line = {
        "type": "scatter",
        "mode": "lines",
        "line": {"shape": "hv", "color": OURS, "width": 2},
        "name": "Points",
        "x": numbers,
        "y": shown,
        "hovertemplate": "case %{x}: %{y} points<extra></extra>",
    }
    marks = {
        "type": "scatter",
        "mode": "markers",
        "marker": {"symbol": "x", "size": 8, "color": MARKED},
        "name": "Bad case",
        "x": [number for number, is_bad in zip(numbers, marked, strict=True) if is_bad],
        "y": [value for value, is_bad in zip(shown, marked, strict=True) if is_bad],
        "hovertemplate": "case %{x}: %{y} points, a bad case<extra></extra>",
    }
    figure = bare_figure([line, marks], cases, "Points")
    top = max([limit, *shown])
    figure["layout"]["yaxis"] |= {"range": [0, 1.12 * top], "rangemode": "tozero"}
    figure["layout"]["xaxis"] |= {
        "tickformat": "d",
        "range": [first + 0.5, max(len(points), first + 10) + 0.5],
    }
    figure["layout"]["margin"] |= {"r": _ROOM_FOR_LIMIT_PX}
    figure["layout"] |= {
        "showlegend": False,
        "shapes": [_limit_line(limit)],
        "annotations": [_limit_words(limit)],
    }
    return said_where_empty(figure)


def _limit_line(limit: int) -> dict[str, object]:
    ends = {"x0": 0, "x1": 1, "y0": limit, "y1": limit, "xref": "paper"}
    return ends | {"type": "line", "line": {"color": MARKED, "width": 2, "dash": "dash"}}


def _limit_words(limit: int) -> dict[str, object]:
    """Beside the frame, at the end of its line: within it the points would cross them."""
    place = {"x": 1.01, "y": limit, "xref": "paper", "xanchor": "left", "yanchor": "middle"}
    return place | {"text": f"limit {limit}", "showarrow": False, "font": {"color": MARKED}}
