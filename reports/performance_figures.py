"""How good versions are as charts: by version, by month, in training, and what a threshold would do.

Validation is drawn as hollow squares, real use as filled marks; the two are never joined by a line.
A point that stands for cases carries the address that opens them as its `customdata`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from data.records import SYNTHETIC
from reports.chart_axes import FONT, Figure, hatched, said_where_empty, short_name, whole_ticks
from reports.colours import DASHES, FRAME, GOAL, GRID, INK, MARKED, OURS, SERIES

VALIDATION, REVIEWED, SAMPLE = "validation", "reviewed", "sample"
ESTIMATED = "estimated"  # by the model's own probabilities, without any truth
READ = "read"  # of all readings, judged or not
_SYMBOLS = {
    VALIDATION: "square-open",
    REVIEWED: "circle",
    SAMPLE: "diamond",
    ESTIMATED: "x-thin-open",
    READ: "circle",
}
_LEVELS_PX = 72  # beside a chart, for the words of its goal and limit
_OUTLINED = (VALIDATION, ESTIMATED)
_HOLLOW = ("square-open", "diamond-open", "triangle-up-open", "star-open")
_MOST_PLACES, _MOST_ROWS = 14, 4  # places and series whose n have room below the axis
_MOST_VALIDATED = 6  # versions that have room beside the months
_MOST_LARGE = 8  # months whose names stand beside each other in large letters
_MOST_TICKS = 12  # names of months beside each other
_APART = 0.14  # between the series of one version, where versions are 1 apart
_MONTHS_APART = 0.05  # between the lines of one month: intervals would cover each other
_ROOM = 0.22  # of the width, for what was validated beside the months


@dataclass(frozen=True)
class Dot:
    """One point: where it stands, its value with the interval, and what opens its cases."""

    place: str
    value: float
    low: float
    high: float
    n: int
    query: str = ""
    past_limit: bool = False


@dataclass(frozen=True)
class MetricSeries:
    """Points that belong together; `kind` says where they come from."""

    name: str
    kind: str
    dots: Sequence[Dot]
    synthetic: bool = False
    withheld: Sequence[tuple[str, str]] = ()  # places whose number is not told, and why


@dataclass(frozen=True)
class Scale:
    """What the numbers of a chart are: words for the axis, and per cent, seconds or plain."""

    words: str
    percent: bool = False
    goal: float | None = None
    limit: float | None = None

    def shown(self, value: float) -> float:
        """The value as the axis has it."""
        return 100 * value if self.percent else value


def version_figure(
    versions: Sequence[str], series: Sequence[MetricSeries], scale: Scale, live: str | None = None
) -> Figure:
    """A metric by registered version: versions from left to right, series side by side."""
    place = {version: index for index, version in enumerate(versions)}
    traces = []
    for index, line in enumerate(series):
        aside = _APART * (index - (len(series) - 1) / 2)
        across = [place[dot.place] + aside for dot in line.dots]
        drawn = _points(line, across, scale, _colour(line, 0), "version %{customdata[3]}")
        traces.append(_told_apart(drawn, line, index))
    figure = _with_withheld(framed(traces, _reached(scale, series)), series, place)
    figure["layout"]["xaxis"] |= {
        "title": {"text": "Registered version"},
        "tickvals": list(place.values()),
        "ticktext": list(place),
        "range": [-0.6, max(1, len(versions)) - 0.4],
    }
    axis = figure["layout"]["xaxis"]
    _write_n(axis, versions, series, _MOST_PLACES)
    marked = zip(place, axis["ticktext"], strict=True)
    axis["ticktext"] = [f"{said}<br><b>live</b>" if version == live else said for version, said in marked]
    return said_where_empty(figure)


def month_figure(
    months: Sequence[str], real: Sequence[MetricSeries], validated: Sequence[MetricSeries], scale: Scale
) -> Figure:
    """A metric by month, a line a version; what validation said stands in a field of its own at the left."""
    place = {month: index for index, month in enumerate(months)}
    traces = []
    for index, line in enumerate(real):
        aside = _MONTHS_APART * (index - (len(real) - 1) / 2)
        across = [place[dot.place] + aside for dot in line.dots]
        drawn = _points(line, across, scale, _colour(line, index), "%{customdata[3]}")
        if line.kind == ESTIMATED:
            drawn["line"] |= {"dash": "dash", "width": 1}
        elif not line.synthetic:
            drawn["line"] |= {"dash": DASHES[index % len(DASHES)]}
        traces.append(drawn | {"mode": "lines+markers"})
    validated = _newest(validated)
    versions = list(dict.fromkeys(dot.place for line in validated for dot in line.dots))
    traces += [
        _told_apart(
            _points(line, [dot.place for dot in line.dots], scale, FRAME, "version %{x}"), line, index
        )
        | {"xaxis": "x2"}
        for index, line in enumerate(validated)
    ]
    figure = _with_withheld(framed(traces, _reached(scale, [*real, *validated])), real, place)
    start = _ROOM + 0.03 if versions else 0.0
    figure["layout"]["xaxis"] |= {
        "title": {"text": "Month of reading"},
        "tickvals": list(place.values()),
        "ticktext": _thinned(months),
        "range": [-0.5, max(1, len(months)) - 0.5],
        "tickfont": {"size": 12 if len(months) <= _MOST_LARGE else 10},
        "domain": [start, 1.0],
    }
    if versions:
        figure["layout"]["xaxis2"] = figure["layout"]["xaxis"] | {
            "title": {"text": "Validated (version)"},
            "type": "category",
            "categoryorder": "array",
            "categoryarray": versions,
            "tickvals": versions,
            "ticktext": versions,
            "range": [-0.6, len(versions) - 0.4],
            "domain": [0.0, _ROOM],
            "anchor": "y",
        }
        figure["layout"]["yaxis"] |= {"anchor": "x2"}
        _write_n(figure["layout"]["xaxis2"], versions, validated, _MOST_VALIDATED // 2, words=", n")
    _write_n(figure["layout"]["xaxis"], months, real, _MOST_PLACES)
    return said_where_empty(figure)


def _newest(validated: Sequence[MetricSeries]) -> list[MetricSeries]:
    """Of each series the versions that have room beside the months: they come oldest first."""
    versions = list(dict.fromkeys(dot.place for line in validated for dot in line.dots))[-_MOST_VALIDATED:]
    return [replace(line, dots=[dot for dot in line.dots if dot.place in versions]) for line in validated]


def _thinned(months: Sequence[str]) -> list[str]:
    """The names of months on their axis: of many only every second, third …"""
    every = -(-len(months) // _MOST_TICKS) if len(months) > _MOST_PLACES else 1
    return [month if number % every == 0 else "" for number, month in enumerate(months)]


def _reached(scale: Scale, series: Sequence[MetricSeries]) -> Scale:
    """Without goal and limit where no number is told: an axis of them alone would say nothing."""
    return scale if any(line.dots for line in series) else replace(scale, goal=None, limit=None)


def training_figure(name: str, points: Sequence[tuple[int, float]]) -> Figure:
    """One number of a training run, epoch by epoch."""
    line = {
        "type": "scatter",
        "mode": "lines+markers" if len(points) < 30 else "lines",
        "x": [step for step, _ in points],
        "y": [value for _, value in points],
        "line": {"color": OURS},
        "marker": {"size": 5, "color": OURS},
        "hovertemplate": "epoch %{x}: %{y:.4g}<extra></extra>",
    }
    figure = framed([line], Scale(name))
    most = max((step for step, _ in points), default=0)
    figure["layout"]["xaxis"] |= {"title": {"text": "Epoch"}} | whole_ticks(most)
    figure["layout"] |= {"showlegend": False}
    return figure


def groups_figure(rows: Sequence[tuple[str, Dot]], whole: float | None, scale: Scale) -> Figure:
    """A metric in subgroups, one line each with its interval; `whole` is that of all cases."""
    dots = [dot for _, dot in rows]
    names = [f"{family}: {dot.place}" for family, dot in rows]
    digits, unit = (".1f", " %") if scale.percent else (".3f", "")
    points = {
        "type": "scatter",
        "mode": "markers",
        "x": [scale.shown(dot.value) for dot in dots],
        "y": names,
        "error_x": error_bars([_shown(dot, scale) for dot in dots], OURS),
        "text": [f"n = {dot.n:,}" for dot in dots],
        "marker": {"color": OURS, "size": 8},
        "customdata": [dot.query for dot in dots],
        "hovertemplate": f"%{{y}}: %{{x:{digits}}}{unit}<br>%{{text}}<extra></extra>",
    }  # fmt: skip
    figure = framed([points], Scale(""))
    figure["layout"] |= {"showlegend": False, "height": 90 + 30 * len(rows)}
    figure["layout"]["yaxis"] |= {
        "type": "category",
        "range": [len(rows) - 0.4, -0.6],
        "tickvals": names,
        "ticktext": [f"{short_name(name)}, n = {dot.n:,}" for name, dot in zip(names, dots, strict=True)],
    }
    figure["layout"]["xaxis"] |= {"title": {"text": scale.words}, "ticksuffix": " %" if scale.percent else ""}
    if whole is not None:
        at = scale.shown(whole)
        line = {"type": "line", "x0": at, "x1": at, "y0": 0, "y1": 1, "yref": "paper"}
        figure["layout"]["shapes"] = [line | {"line": {"color": FRAME, "dash": "dot", "width": 1}}]
    return figure


def _told_apart(trace: Figure, series: MetricSeries, index: int) -> Figure:
    """Kinds of validation are told apart by the form of their marks, hollow all of them."""
    if series.kind == VALIDATION:
        trace["marker"] |= {"symbol": _HOLLOW[index % len(_HOLLOW)]}
    return trace


def _with_withheld(figure: Figure, series: Sequence[MetricSeries], place: Mapping[str, int]) -> Figure:
    """Where a number is withheld, all that it might be is hatched: nothing there would read as none."""
    places = dict(pair for line in series for pair in line.withheld)
    for why in dict.fromkeys(places.values()):
        at = [place[name] for name, reason in places.items() if reason == why]
        bars = {"x": at, "y": [1] * len(at), "width": [0.5] * len(at), "yaxis": "y2", "opacity": 0.5}
        figure["data"].append(hatched(why) | bars | {"customdata": [["", "", 0, ""]] * len(at)})
    if places:
        hidden_axis = {"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True}
        figure["layout"] |= {"yaxis2": hidden_axis, "showlegend": True}
    return figure


def _points(
    series: MetricSeries, across: Sequence[float | str], scale: Scale, colour: str, place: str
) -> Figure:
    dots = series.dots
    values = [_shown(dot, scale) for dot in dots]
    digits = ".1f" if scale.percent else ".3f"
    name = f"{series.name} ({SYNTHETIC})" if series.synthetic else series.name
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": list(across),
        "y": [value for value, _, _ in values],
        "error_y": error_bars(values, colour),
        "marker": {
            "symbol": _SYMBOLS[series.kind],
            "size": 10,
            "color": [MARKED if dot.past_limit else colour for dot in dots],
            "line": {"width": 2 if series.kind in _OUTLINED or series.synthetic else 0, "color": colour},
            "opacity": 0.55 if series.synthetic else 1.0,
        },
        "line": {"color": colour, "dash": "dot" if series.synthetic else "solid", "width": 1.5},
        "customdata": [[dot.query, _interval(scale, dot, digits), dot.n, dot.place] for dot in dots],
        "hovertemplate": f"{place}<br>{name}: %{{y:{digits}}}%{{customdata[1]}}<br>"
        "n = %{customdata[2]:,}<extra></extra>",
    }  # fmt: skip


def _shown(dot: Dot, scale: Scale) -> tuple[float, float, float]:
    """Value and interval as the axis has them."""
    return scale.shown(dot.value), scale.shown(dot.low), scale.shown(dot.high)


def _interval(scale: Scale, dot: Dot, digits: str) -> str:
    unit = " %" if scale.percent else ""
    if not (math.isfinite(dot.low) and math.isfinite(dot.high)):
        return unit
    return f"{unit} ({scale.shown(dot.low):{digits}} to {scale.shown(dot.high):{digits}})"


def error_bars(values: Sequence[tuple[float, float, float]], colour: str) -> Figure:
    """Bars from (value, low, high); where an interval is not known there is none."""
    return {
        "type": "data",
        "symmetric": False,
        "array": [max(0.0, high - at) if math.isfinite(high) else 0.0 for at, _, high in values],
        "arrayminus": [max(0.0, at - low) if math.isfinite(low) else 0.0 for at, low, _ in values],
        "color": colour,
        "thickness": 1.5,
        "width": 4,
    }


def _colour(series: MetricSeries, index: int) -> str:
    if series.kind == ESTIMATED:
        return INK
    return FRAME if series.kind == VALIDATION else SERIES[index % len(SERIES)]


def _write_n(
    axis: Figure,
    places: Sequence[str],
    series: Sequence[MetricSeries],
    most: int,
    words: str = "<br>below it n, in the order of the legend",
) -> None:
    """The number of cases below the name of each place, a row a series, where there is room for it.

    Beside the points they would be struck through by lines and intervals.
    """
    rows = [
        dict.fromkeys(dict(line.withheld), "") | {dot.place: f"{dot.n:,}" for dot in line.dots}
        for line in series
        if line.dots
    ]
    if not rows or len(rows) > _MOST_ROWS or len(places) > most:
        return
    first = "n = " if len(rows) == 1 else ""
    axis["ticktext"] = [
        "<br>".join([name, *(first + row[place] if row.get(place) else row.get(place, "–") for row in rows)])
        for name, place in zip(axis["ticktext"], places, strict=True)
    ]
    if len(rows) > 1:
        axis["title"] = {"text": f"{axis['title']['text']}{words}", "standoff": 8}


def framed(data: list[Figure], scale: Scale) -> Figure:
    """Traces on white with the words of a scale, its goal and its limit; the legend stands above."""
    axis = {"linecolor": FRAME, "ticks": "outside", "gridcolor": GRID, "zeroline": False}
    shapes, notes = _levels(scale)
    return {
        "data": data,
        "layout": {
            "font": {"family": FONT, "size": 12, "color": INK},
            "paper_bgcolor": "#ffffff",
            "plot_bgcolor": "#ffffff",
            "margin": {"l": 60, "r": _LEVELS_PX if notes else 24, "t": 16, "b": 48},
            "hovermode": "closest",
            "showlegend": True,
            "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
            "xaxis": axis | {"showgrid": False, "automargin": True},
            "yaxis": axis
            | {
                "title": {"text": scale.words, "standoff": 10},
                "ticksuffix": " %" if scale.percent else "",
                "automargin": True,
            },
            "shapes": shapes,
            "annotations": notes,
        },
    }


def _levels(scale: Scale) -> tuple[list[Figure], list[Figure]]:
    """Goal and alert limit as lines across the whole chart; their words stand beside it, where no line is."""
    known = [
        (level, *look)
        for level, look in (
            (scale.goal, ("goal", GOAL, "dash")),
            (scale.limit, ("alert limit", MARKED, "dot")),
        )
        if level is not None
    ]
    lowest = min((level for level, *_ in known), default=0.0)
    shapes, notes = [], []
    for at, words, colour, dash in known:
        y = scale.shown(at)
        line = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": y, "y1": y, "layer": "below"}
        shapes.append(line | {"line": {"color": colour, "dash": dash, "width": 1.5}})
        shown = f"{y:.1f} %" if scale.percent else f"{y:.3g}"
        above = "middle" if len(known) == 1 else "top" if at == lowest else "bottom"
        notes.append(
            {"text": f"{words}<br>{shown}", "xref": "paper", "x": 1, "xanchor": "left", "xshift": 4, "y": y,
             "yanchor": above, "align": "left", "showarrow": False, "font": {"size": 10, "color": colour}}
        )  # fmt: skip
    return shapes, notes
