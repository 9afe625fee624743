"""Charts of drift: distributions side by side, a feature's history, the tables' small pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from reports.chart_axes import FONT, Figure, days_around, hatched, said_where_empty, short_name
from reports.colours import MARKED, OURS, PALE

REFERENCE, WINDOW = "Reference", "Window"
_SPARK = (120, 30)


@dataclass(frozen=True)
class Point:
    """One run in a feature's history."""

    at: str  # ISO time
    effect: float | None
    drifted: bool
    address: str
    words: str


def distribution_figure(feature: Mapping[str, Any]) -> Figure:
    """Shares of reference and window over the same classes."""
    spread = feature["distribution"]
    if "names" in spread:
        return _classes(spread)
    edges = spread["edges"]
    middles = [(low + high) / 2 for low, high in zip(edges, edges[1:], strict=False)]
    width = edges[1] - edges[0] if len(edges) > 1 else 1.0
    bars = [
        {
            "type": "bar",
            "name": name,
            "x": middles,
            "y": _percent(spread[side]),
            "width": width,
            "marker": {"color": fill, "line": {"color": OURS, "width": outline}},
            "hovertemplate": "%{x:.3g}: %{y:.1f} %<extra>" + name + "</extra>",
        }
        for side, name, fill, outline in (
            ("reference", REFERENCE, PALE, 0),
            ("current", WINDOW, "rgba(0,0,0,0)", 2),  # through it the reference keeps its own colour
        )
    ]
    bars += _withheld(spread, lambda at: {"x": [middles[place] for place in at], "width": width})
    figure = _figure(bars, feature["unit"] or "", "Scans, %")
    figure["layout"]["barmode"] = "overlay"
    return said_where_empty(figure)


def _percent(shares: Sequence[float | None]) -> list[float | None]:
    return [None if share is None else 100 * share for share in shares]


def _withheld(spread: Mapping[str, Any], place: Callable[[list[int]], Figure]) -> list[Figure]:
    """Hatched bars where a share of either side is withheld: nothing there would read as none."""
    at = [
        number
        for number, shares in enumerate(zip(spread["reference"], spread["current"], strict=True))
        if None in shares
    ]
    told = [share for side in ("reference", "current") for share in spread[side] if share is not None]
    tall = [100 * max(told, default=1.0) / 4] * len(at)
    across = place(at)
    lengths = {"x": tall, "orientation": "h"} if "y" in across else {"y": tall}
    return [hatched("withheld") | across | lengths] if at else []


def _classes(spread: Mapping[str, Any]) -> Figure:
    names = [short_name(name) for name in spread["names"]]
    bars = [
        {
            "type": "bar",
            "name": name,
            "orientation": "h",
            "y": names,
            "x": _percent(spread[side]),
            "marker": {"color": colour},
            "hovertemplate": "%{y}: %{x:.1f} %<extra>" + name + "</extra>",
        }
        for side, name, colour in (("reference", REFERENCE, PALE), ("current", WINDOW, OURS))
    ]
    bars += _withheld(spread, lambda at: {"y": [names[number] for number in at]})
    figure = _figure(bars, "Scans, %", "")
    figure["layout"]["yaxis"] |= {"type": "category", "autorange": "reversed", "automargin": True}
    return said_where_empty(figure)


def history_figure(points: Sequence[Point], limit: float | None, up: str = "Distance") -> Figure:
    """A feature's distance run by run, the limit as a line; a point leads to its run."""
    line = {
        "type": "scatter",
        "mode": "lines+markers",
        "x": [point.at for point in points],
        "y": [point.effect for point in points],
        "line": {"color": PALE, "width": 2},
        "marker": {"size": 9, "color": [MARKED if point.drifted else OURS for point in points]},
        "customdata": [point.address for point in points],
        "text": [point.words for point in points],
        "hovertemplate": "%{x|%Y-%m-%d %H:%M}: %{y:.3f}<br>%{text}<extra></extra>",
    }
    figure = _figure([line], "", up)
    figure["layout"]["xaxis"] |= {"type": "date"}
    if points:
        figure["layout"]["xaxis"] |= {"range": days_around([point.at for point in points])}
    figure["layout"]["yaxis"] |= {"rangemode": "tozero"}
    figure["layout"]["showlegend"] = False
    if limit is not None:
        figure["layout"]["shapes"] = [
            {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": limit, "y1": limit,
             "line": {"color": MARKED, "dash": "dot", "width": 1}}
        ]  # fmt: skip
    return said_where_empty(figure)


def spark(feature: Mapping[str, Any]) -> str:
    """A small SVG of both distributions: the reference pale, the window as a line or dark bars."""
    spread, (wide, high) = feature["distribution"], _SPARK
    before, after = ([share or 0.0 for share in spread[side]] for side in ("reference", "current"))
    top = max([*before, *after, 1e-9])
    step = wide / max(len(before), 1)
    parts = []
    for at, share in enumerate(before):
        tall = share / top * (high - 2)
        parts.append(_bar(at * step, high - tall, step * 0.92, tall, PALE))
    if "names" in spread:
        for at, share in enumerate(after):
            tall = share / top * (high - 2)
            parts.append(_bar(at * step + step * 0.25, high - tall, step * 0.42, tall, OURS))
    else:
        line = " ".join(
            f"{(at + 0.5) * step:.1f},{high - share / top * (high - 2):.1f}" for at, share in enumerate(after)
        )
        parts.append(f'<polyline points="{line}" fill="none" stroke="{OURS}" stroke-width="1.5"/>')
    title = f"<title>{escape(str(feature['title']))}</title>"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" width="{wide}" height="{high}">'
        f"{title}{''.join(parts)}</svg>"
    )


def _bar(left: float, top: float, width: float, tall: float, colour: str) -> str:
    size = f'width="{width:.1f}" height="{max(tall, 0.0):.1f}"'
    return f'<rect x="{left:.1f}" y="{top:.1f}" {size} fill="{colour}"/>'


def _figure(traces: list[dict[str, Any]], across: str, up: str) -> Figure:
    axis = {"gridcolor": "#e5ebf0", "zeroline": False, "automargin": True}
    return {
        "data": traces,
        "layout": {
            "font": {"family": FONT, "size": 12, "color": "#1d2733"},
            "paper_bgcolor": "#ffffff",
            "plot_bgcolor": "#ffffff",
            "margin": {"l": 48, "r": 12, "t": 30, "b": 40},
            "legend": {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
            "showlegend": True,
            "xaxis": axis | {"title": {"text": across}},
            "yaxis": axis | {"title": {"text": up, "standoff": 10}},
        },
    }
