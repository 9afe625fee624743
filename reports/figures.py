"""Charts as Plotly figures in plain dictionaries: the pages draw them, the reports print them.

A point that stands for cases carries the query that selects them as its `customdata`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from reports.chart_axes import (
    Figure,
    bare_figure,
    counted,
    hatched,
    names_beside,
    said_where_empty,
    short_name,
    whole_ticks,
)
from reports.colours import CHANCE, FRAME, MARKED, OURS, PALE, SIZES

_FEW_DAYS, _DAY_MS = 8, 86_400_000
_FILLED = 0.8  # of a day, week or month by its bar
_FEW_BARS, _SLIM = 3, 0.5
_MOST_UPRIGHT = 8  # names that stand beside each other
_LINE_PX = 13  # from one small line of text to the next
_HATCHED = 0.12  # of the longest bar: how long one is whose number is withheld


@dataclass(frozen=True)
class ChartColumn:
    """One class of a chart: how many, what selects them, and a share with its interval where there is one."""

    name: str
    n: int
    query: str = ""
    share: float | None = None
    low: float | None = None
    high: float | None = None
    of: int = 0  # how many the share is of
    withheld: str = ""  # why the count is not told; then n is 0
    share_withheld: str = ""  # why the share is not told; then it is None


def counts_figure(
    columns: Sequence[ChartColumn], chosen: Sequence[str] = (), *, across: str = "", lying: bool = False
) -> Figure:
    """Bars of counts; `lying` ones are for long names. With something chosen, the others are pale.

    A count that is withheld is a hatched bar of a length that says nothing.
    """
    told = [column for column in columns if not column.withheld]
    names, numbers = [column.name for column in told], [column.n for column in told]
    bar: Figure = {
        "type": "bar",
        "marker": {"color": [OURS if not chosen or column.name in chosen else PALE for column in told]},
        "customdata": [column.query for column in told],
        "hovertemplate": "%{y}: %{x:,}<extra></extra>" if lying else "%{x}: %{y:,}<extra></extra>",
    }
    hidden = _withheld_bars(columns, lying)
    if len(columns) < _FEW_BARS:
        bar["width"] = _SLIM  # one class alone would fill the whole chart
    if lying:
        drawn = [bar | {"x": numbers, "y": names, "orientation": "h"}, *hidden]
        figure = bare_figure(drawn, "Scans", across)
        order = {"categoryorder": "array", "categoryarray": [column.name for column in columns]}
        category = {"autorange": "reversed", "type": "category", "automargin": True} | order
        figure["layout"]["yaxis"] |= category | names_beside([column.name for column in columns])
    else:
        figure = bare_figure([bar | {"x": names, "y": numbers}, *hidden], across, "Scans")
        order = {"categoryorder": "array", "categoryarray": [column.name for column in columns]}
        figure["layout"]["xaxis"] |= {"type": "category"} | order
    figure["layout"]["xaxis" if lying else "yaxis"] |= counted(numbers)
    return said_where_empty(_named(figure) if hidden else figure)


def _withheld_bars(columns: Sequence[ChartColumn], lying: bool) -> list[Figure]:
    """A hatched trace for each reason why counts are withheld."""
    length = max(1.0, _HATCHED * max((column.n for column in columns), default=0))
    traces = []
    for why in dict.fromkeys(column.withheld for column in columns if column.withheld):
        names = [column.name for column in columns if column.withheld == why]
        lengths = [length] * len(names)
        place = {"x": lengths, "y": names, "orientation": "h"} if lying else {"x": names, "y": lengths}
        traces.append(hatched(why) | place | {"customdata": [""] * len(names)})
    return traces


def _named(figure: Figure) -> Figure:
    """With a legend above that names the hatched bars alone."""
    for trace in figure["data"]:
        trace.setdefault("showlegend", False)
    figure["layout"] |= {
        "showlegend": True,
        "barmode": "overlay",
        "legend": {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
    }
    return figure


def time_figure(columns: Sequence[ChartColumn]) -> Figure:
    """Counts by day, week or month, as the axis says; names are the first days of these, in ISO."""
    days = [date.fromisoformat(column.name) for column in columns]
    apart = min(((after - before).days for before, after in pairwise(days)), default=1)
    by = "Daily" if apart < 7 else "Weekly, by Mondays" if apart == 7 else "Monthly"
    figure = counts_figure(columns, across=by)
    if len(columns) > 2:  # one or two days alone would be drawn as an axis of milliseconds
        figure["layout"]["xaxis"] |= {
            "type": "date",
            "tickformat": "%b\n%Y" if by == "Monthly" else "%-d %b\n%Y",
            "nticks": 8,
            "automargin": True,
        }
        for trace in figure["data"]:  # of few bars Plotly would make wide ones, over their neighbours
            trace["width"] = [_FILLED * apart * _DAY_MS] * len(trace["x"])
        if (days[-1] - days[0]).days < _FEW_DAYS:
            figure["layout"]["xaxis"] |= {"dtick": _DAY_MS}  # else it ticks hours
    return figure


def shares_figure(columns: Sequence[ChartColumn], up: str) -> Figure:
    """Shares in per cent with their 95 % intervals, n written under the name of each."""
    known = [column for column in columns if column.share is not None and column.of]
    hidden = [column for column in columns if column.share_withheld]
    value = [100 * (column.share or 0.0) for column in known]
    points = {
        "type": "scatter",
        "mode": "markers",
        "x": [column.name for column in known],
        "y": value,
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [100 * (column.high or 0.0) - at for column, at in zip(known, value, strict=True)],
            "arrayminus": [at - 100 * (column.low or 0.0) for column, at in zip(known, value, strict=True)],
            "color": FRAME,
            "thickness": 1.5,
        },
        "text": [f"n = {column.of:,}" for column in known],
        "marker": {"color": OURS, "size": 9},
        "customdata": [column.query for column in known],
        "hovertemplate": "%{x}: %{y:.1f} %<br>%{text}<extra></extra>",
    }
    figure = bare_figure([points, *_withheld_shares(hidden)], "", up)
    figure["layout"]["yaxis"] |= {
        "range": [0, 104],
        "tickvals": list(range(0, 101, 20)),
        "ticktext": [f"{tick} %" for tick in range(0, 101, 20)],  # a suffix is not drawn beside `tickvals`
    }
    shown = [column.name for column in columns if column in known or column in hidden]
    many = len(shown) > _MOST_UPRIGHT
    line = ", " if many else "<br>"
    of = {column.name: f"{short_name(column.name)}{line}n = {column.of:,}" for column in known}
    figure["layout"]["xaxis"] |= {
        "type": "category",
        "categoryorder": "array",
        "categoryarray": shown,
        "tickvals": shown,
        "ticktext": [of.get(name, short_name(name)) for name in shown],
        "tickangle": -90 if many else 0,  # else Plotly turns them by some angle, one over the other
        "range": [-0.5, len(shown) - 0.5],
        "tickfont": {"size": 10},
        "automargin": True,
    }
    return said_where_empty(_named(figure) if hidden else figure)


def _withheld_shares(columns: Sequence[ChartColumn]) -> list[Figure]:
    """Where a share is withheld, all that it might be is hatched."""
    traces = []
    for why in dict.fromkeys(column.share_withheld for column in columns):
        names = [column.name for column in columns if column.share_withheld == why]
        said = f"{why} on one side" if why.startswith("fewer") else why
        trace = hatched(said) | {"x": names, "y": [100] * len(names), "width": [0.3] * len(names)}
        traces.append(trace | {"customdata": [""] * len(names)})
    return traces


def sizes_figure(groups: Mapping[str, Sequence[ChartColumn]]) -> Figure:
    """Of each group the classes of size, as parts of one lying bar."""
    classes = [column.name for column in next(iter(groups.values()), ())]
    bars: list[Figure] = [
        {
            "type": "bar",
            "orientation": "h",
            "name": name,
            "y": list(groups),
            "x": [columns[index].n for columns in groups.values()],
            "customdata": [columns[index].query for columns in groups.values()],
            "marker": {"color": SIZES[index % len(SIZES)], "line": {"color": FRAME, "width": 0.5}},
            "hovertemplate": "%{y}, " + name + ": %{x:,}<extra></extra>",
        }
        for index, name in enumerate(classes)
    ]
    hidden = [group for group, columns in groups.items() if any(column.withheld for column in columns)]
    if hidden:
        longest = max(sum(column.n for column in columns) for columns in groups.values())
        length = [max(1.0, _HATCHED * longest)] * len(hidden)
        place = {"orientation": "h", "y": hidden, "x": length, "customdata": [""] * len(hidden)}
        bars.append(hatched("classes that are withheld") | place)
    figure = bare_figure(bars, "Scans with a measured lesion", "")
    if len(groups) < _FEW_BARS:
        for bar in bars:
            bar["width"] = _SLIM
    figure["layout"]["xaxis"] |= counted([sum(column.n for column in of) for of in groups.values()])
    figure["layout"] |= {"barmode": "stack", "showlegend": True}
    figure["layout"]["legend"] = {
        "orientation": "h",
        "y": 1.0,
        "yanchor": "bottom",
        "x": 0,
        "traceorder": "normal",
    }
    figure["layout"]["margin"] |= {"t": 64}
    category = {"autorange": "reversed", "type": "category", "automargin": True}
    figure["layout"]["yaxis"] |= category | names_beside(list(groups))
    return said_where_empty(figure)


def chances_figure(
    columns: Sequence[ChartColumn],
    tenths: Sequence[str],
    thresholds: Mapping[str, float],
    chosen: Sequence[str] = (),
) -> Figure:
    """Counts by tenth of probability (all `tenths` have a place), the thresholds in force as lines."""
    figure = counts_figure(columns, chosen, across="Probability")
    figure["layout"]["xaxis"] |= {
        "type": "category",
        "categoryorder": "array",
        "categoryarray": list(tenths),
        "range": [-0.5, len(tenths) - 0.5],
        "tickvals": list(tenths),
        "ticktext": [tenth.split(" ")[0] for tenth in tenths],
    }
    lines = []
    for name, at in thresholds.items():
        place = at * 10 - 0.5  # tenths stand at whole numbers
        lines.append((place, f"{name} {at:.2f}"))
    drawn = {"type": "line", "y0": 0, "y1": 1, "yref": "paper", "line": {"color": MARKED, "dash": "dot"}}
    figure["layout"]["shapes"] = [drawn | {"x0": x, "x1": x} for x, _ in lines]
    figure["layout"]["annotations"] = [  # above the bars, which would strike them through
        {"x": x, "y": 1, "yref": "paper", "yanchor": "bottom", "yshift": _LINE_PX * index, "text": words,
         "showarrow": False, "font": {"size": 10, "color": MARKED}}
        for index, (x, words) in enumerate(lines)
    ]  # fmt: skip
    figure["layout"]["margin"] |= {"t": 24 + _LINE_PX * max(0, len(lines) - 1)}
    if "legend" in figure["layout"]:  # above the words of the thresholds
        figure["layout"]["legend"] |= {"yref": "container", "y": 0.99, "yanchor": "top"}
        figure["layout"]["margin"]["t"] += 2 * _LINE_PX
    return said_where_empty(figure)


def places_figure(
    counts: NDArray[np.int64],
    queries: Sequence[Sequence[str]],
    withheld: Sequence[tuple[int, int]] = (),
) -> Figure:
    """Where the largest lesions lie, (rows, columns) over the outline of a head seen from below.

    Places whose count is withheld are crossed out.
    """
    side = len(counts)
    shown = np.where(counts > 0, counts, np.nan)
    heat = {
        "type": "heatmap",
        "z": [[None if np.isnan(count) else int(count) for count in row] for row in shown],
        "customdata": [list(row) for row in queries],
        "colorscale": [[0, "#dbe8f2"], [1, OURS]],
        "xgap": 1,
        "ygap": 1,
        "showscale": bool(counts.any()),
        "colorbar": {"title": {"text": "Scans"}, "thickness": 10} | whole_ticks(int(counts.max(initial=0))),
        "hovertemplate": "%{z:,} scans<extra></extra>",
    }
    crossed = {
        "type": "scatter",
        "mode": "markers",
        "x": [column for _, column in withheld],
        "y": [row for row, _ in withheld],
        "customdata": [""] * len(withheld),
        "marker": {"symbol": "x-thin", "size": 8, "line": {"color": CHANCE, "width": 1.5}},
        "name": "withheld",
        "hovertemplate": "withheld<extra></extra>",
    }
    figure = bare_figure([heat, crossed] if withheld else [heat], "", "")
    axis = {"visible": False, "range": [-1, side], "constrain": "domain"}
    figure["layout"]["xaxis"] |= axis
    figure["layout"]["yaxis"] |= axis | {"range": [side, -1], "scaleanchor": "x"}
    middle, wide, high = (side - 1) / 2, side * 0.40, side * 0.49
    falx = {"type": "line", "line": {"color": "#b8c4ce", "dash": "dot"}}
    outline = {"type": "circle", "line": {"color": FRAME, "width": 2}, "layer": "above"}
    figure["layout"]["shapes"] = [
        outline | {"x0": middle - wide, "x1": middle + wide, "y0": middle - high, "y1": middle + high},
        falx | {"x0": middle, "x1": middle, "y0": middle - high, "y1": middle + high},
    ]
    letters = {"R": (-0.7, middle), "L": (side - 0.3, middle), "A": (middle, -0.8), "P": (middle, side - 0.2)}
    figure["layout"]["annotations"] = [
        {"x": x, "y": y, "text": letter, "showarrow": False, "font": {"color": FRAME}}
        for letter, (x, y) in letters.items()
    ]
    return said_where_empty(figure)
