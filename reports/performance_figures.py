"""How good versions are as charts: by version, by month, in training, and what a threshold would do.

Validation is drawn as hollow squares, real use as filled marks; the two are never joined by a line.
A point that stands for cases carries the address that opens them as its `customdata`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reports.colours import CHANCE, DASHES, FRAME, GOAL, GRID, INK, MARKED, OURS, SERIES
from reports.figures import FONT, Figure, hatched

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
_OUTLINED = (VALIDATION, ESTIMATED)
_HOLLOW = ("square-open", "diamond-open", "triangle-up-open", "star-open")
_MOST_WRITTEN = 24  # points whose n can be written beside them without covering each other
_APART = 0.14  # between the series of one version, where versions are 1 apart
_MONTHS_APART = 0.05  # between the lines of one month: intervals would cover each other
_FIFTHS = range(6)
_IN_PER_CENT = {
    "tickvals": [fifth / 5 for fifth in _FIFTHS],
    "ticktext": [f"{20 * fifth} %" for fifth in _FIFTHS],
    "hoverformat": ".1%",
}
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
    figure = _with_withheld(_framed(traces, scale), series, place)
    figure["layout"]["xaxis"] |= {
        "title": {"text": "Registered version"},
        "tickvals": list(place.values()),
        "ticktext": [f"{version}<br><b>live</b>" if version == live else version for version in place],
        "range": [-0.6, max(1, len(versions)) - 0.4],
    }
    return _with_n(figure, series)


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
    versions = list(dict.fromkeys(dot.place for line in validated for dot in line.dots))
    traces += [
        _told_apart(
            _points(line, [dot.place for dot in line.dots], scale, FRAME, "version %{x}"), line, index
        )
        | {"xaxis": "x2"}
        for index, line in enumerate(validated)
    ]
    figure = _with_withheld(_framed(traces, scale), real, place)
    start = _ROOM + 0.03 if versions else 0.0
    figure["layout"]["xaxis"] |= {
        "title": {"text": "Month of reading (UTC)"},
        "tickvals": list(place.values()),
        "ticktext": list(place),
        "range": [-0.5, max(1, len(months)) - 0.5],
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
    return _with_n(figure, [*real, *validated])


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
    figure = _framed([line], Scale(name))
    figure["layout"]["xaxis"] |= {"title": {"text": "Epoch"}}
    figure["layout"] |= {"showlegend": False}
    return figure


def roc_chart(
    far: Sequence[float], recall: Sequence[float], at: tuple[float, float], words: str = ""
) -> Figure:
    """Recall against false alarms at every threshold, the one in force marked; the last trace is the mark.

    `words` stand in the empty corner.
    """
    figure = _unit("False alarms among the healthy", "Recall among the ill")
    if words:
        place = {"x": 0.98, "y": 0.04, "xanchor": "right", "yanchor": "bottom", "showarrow": False}
        figure["layout"]["annotations"] = [place | {"text": words, "font": {"size": 12, "color": INK}}]
    figure["data"] = [_path([0, 1], [0, 1], CHANCE, "dot"), _path(far, recall), _mark(*at)]
    return figure


def precision_chart(recall: Sequence[float], precision: Sequence[float], at: tuple[float, float]) -> Figure:
    """Precision against recall at every threshold; the last trace is the mark."""
    figure = _unit("Recall among the ill", "Ill among those called ill")
    figure["data"] = [_path(recall, precision), _mark(*at)]
    return figure


def calibration_chart(bins: Sequence[tuple[float, Dot]]) -> Figure:
    """(probability said, share that is ill) in bins; on the diagonal, what is said is what is."""
    figure = _unit("Probability said", "Share that is ill", shares="y")
    most = max((dot.n for _, dot in bins), default=1)
    measured = _path([said for said, _ in bins], [dot.value for _, dot in bins]) | {
        "mode": "markers",  # a line would lead the eye through bins of one case
        "error_y": _bars([(dot.value, dot.low, dot.high) for _, dot in bins], OURS),
        "text": [f"n = {dot.n:,}" for _, dot in bins],
        "hovertemplate": "said %{x:.2f}, true %{y:.1%}<br>%{text}<extra></extra>",
        "marker": {"color": OURS, "size": [6 + 8 * math.sqrt(dot.n / most) for _, dot in bins]},
    }
    figure["data"] = [_path([0, 1], [0, 1], CHANCE, "dot"), measured]
    return figure


def groups_figure(rows: Sequence[tuple[str, Dot]], whole: float | None, scale: Scale) -> Figure:
    """A metric in subgroups, one line each with its interval; `whole` is that of all cases."""
    dots = [dot for _, dot in rows]
    digits, unit = (".1f", " %") if scale.percent else (".3f", "")
    points = {
        "type": "scatter",
        "mode": "markers+text",
        "x": [scale.shown(dot.value) for dot in dots],
        "y": [f"{family}: {dot.place}" for family, dot in rows],
        "error_x": _bars([_shown(dot, scale) for dot in dots], OURS),
        "text": [f"n = {dot.n:,}" for dot in dots],
        "textposition": "top center",
        "textfont": {"size": 10, "color": FRAME},
        "marker": {"color": OURS, "size": 8},
        "customdata": [dot.query for dot in dots],
        "hovertemplate": f"%{{y}}: %{{x:{digits}}}{unit}<br>%{{text}}<extra></extra>",
    }  # fmt: skip
    figure = _framed([points], Scale(""))
    figure["layout"] |= {"showlegend": False, "height": 90 + 30 * len(rows)}
    figure["layout"]["yaxis"] |= {"type": "category", "range": [len(rows) - 0.4, -0.8]}
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
    name = f"{series.name} (SYNTHETIC)" if series.synthetic else series.name
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": list(across),
        "y": [value for value, _, _ in values],
        "error_y": _bars(values, colour),
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


def _bars(values: Sequence[tuple[float, float, float]], colour: str) -> Figure:
    """Error bars; where an interval is not known there is none."""
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


def _with_n(figure: Figure, series: Sequence[MetricSeries]) -> Figure:
    """The number of cases beside each point, where there is room for it."""
    if sum(len(line.dots) for line in series) > _MOST_WRITTEN:
        return figure
    for trace in figure["data"]:
        if trace["type"] == "bar":
            continue
        trace["text"] = [f"n = {of[2]:,}" for of in trace["customdata"]]
        trace |= {
            "mode": trace["mode"] + "+text",
            "textposition": "middle right",
            "textfont": {"size": 10, "color": FRAME},
        }
    return figure


def _framed(data: list[Figure], scale: Scale) -> Figure:
    axis = {"linecolor": FRAME, "ticks": "outside", "gridcolor": GRID, "zeroline": False}
    shapes, notes = _levels(scale)
    return {
        "data": data,
        "layout": {
            "font": {"family": FONT, "size": 12, "color": INK},
            "paper_bgcolor": "#ffffff",
            "plot_bgcolor": "#ffffff",
            "margin": {"l": 60, "r": 24, "t": 16, "b": 48},
            "hovermode": "closest",
            "showlegend": True,
            "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
            "xaxis": axis | {"showgrid": False, "automargin": True},
            "yaxis": axis
            | {
                "title": {"text": scale.words},
                "ticksuffix": " %" if scale.percent else "",
                "automargin": True,
            },
            "shapes": shapes,
            "annotations": notes,
        },
    }


def _levels(scale: Scale) -> tuple[list[Figure], list[Figure]]:
    """Goal and alert limit as lines across the whole chart, with their words."""
    shapes, notes = [], []
    for words, at, colour, dash in (
        ("goal", scale.goal, GOAL, "dash"),
        ("alert limit", scale.limit, MARKED, "dot"),
    ):
        if at is None:
            continue
        y = scale.shown(at)
        line = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": y, "y1": y, "layer": "below"}
        shapes.append(line | {"line": {"color": colour, "dash": dash, "width": 1.5}})
        shown = f"{y:.1f} %" if scale.percent else f"{y:.3g}"
        notes.append(
            {"text": f"{words} {shown}", "xref": "paper", "x": 1, "xanchor": "right", "y": y,
             "yanchor": "bottom", "showarrow": False, "font": {"size": 10, "color": colour}}
        )  # fmt: skip
    return shapes, notes


def _unit(across: str, up: str, shares: str = "xy") -> Figure:
    """Two axes from 0 to 1; those named in `shares` are told in per cent."""
    figure = _framed([], Scale(up))
    figure["layout"] |= {"showlegend": False}
    figure["layout"]["xaxis"] |= {"title": {"text": across}, "range": [-0.01, 1.01]}
    figure["layout"]["yaxis"] |= {"range": [-0.01, 1.03]}
    for name in shares:
        figure["layout"][f"{name}axis"] |= _IN_PER_CENT
    return figure


def _path(x: Sequence[float], y: Sequence[float], colour: str = OURS, dash: str = "solid") -> Figure:
    hover = "x+y" if dash == "solid" else "skip"  # a diagonal says nothing
    line = {"color": colour, "dash": dash}
    return {"type": "scatter", "mode": "lines", "x": list(x), "y": list(y), "line": line, "hoverinfo": hover}


def _mark(x: float, y: float) -> Figure:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [x],
        "y": [y],
        "marker": {"color": MARKED, "size": 11},
        "hovertemplate": "at this threshold: %{x:.1%}, %{y:.1%}<extra></extra>",
    }
