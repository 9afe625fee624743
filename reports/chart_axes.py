"""What all charts have in common: frame and letters, axes of counts and of days, and what is said where
there is nothing to draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from textwrap import wrap
from typing import Any

from reports.colours import CHANCE, FRAME, GRID, INK

Figure = dict[str, Any]
FONT = "Inter, DejaVu Sans, sans-serif"
NOTHING, WITHHELD, TOO_FEW = "Nothing to show", "Withheld", "too few"
ROOM = timedelta(days=15)
"""Left free before the first and after the last time at least: a lone one has days beside it, not seconds."""

_LINE, _LINES = 32, 2  # letters of a line of a name beside a bar, and lines
_FEW = 10  # up to so many an axis would tick halves
_LONGEST_NAME = 40  # letters of a name on an axis
_UNTOLD = {"showticklabels": False, "ticks": "", "showgrid": False}


def bare_figure(data: list[Figure], across: str, up: str) -> Figure:
    """Traces on white with named axes, in the house's letters; no legend."""
    axis = {"linecolor": FRAME, "ticks": "outside", "gridcolor": GRID, "zeroline": False}
    return {
        "data": data,
        "layout": {
            "font": {"family": FONT, "size": 12, "color": INK},
            "paper_bgcolor": "#ffffff",
            "plot_bgcolor": "#ffffff",
            "margin": {"l": 56, "r": 16, "t": 24, "b": 44},
            "showlegend": False,
            "hovermode": "closest",
            "xaxis": axis | {"title": {"text": across}, "showgrid": False},
            "yaxis": axis | {"title": {"text": up, "standoff": 10}, "automargin": True},
        },
    }


def hatched(why: str) -> Figure:
    """A bar that says why there is no number, in the legend and under the pointer."""
    line = {"color": CHANCE, "width": 1}
    pattern = {"shape": "/", "fgcolor": CHANCE, "bgcolor": "#ffffff", "size": 6, "solidity": 0.35}
    return {
        "type": "bar",
        "name": why,
        "marker": {"color": "#ffffff", "pattern": pattern, "line": line},
        "hovertemplate": why + "<extra></extra>",
        "showlegend": True,
    }


def counted(numbers: Sequence[int]) -> Figure:
    """An axis of counts: it ticks whole numbers only, and nothing where no count is told."""
    return whole_ticks(max(numbers)) | {"rangemode": "tozero"} if numbers else dict(_UNTOLD)


def whole_ticks(most: int) -> Figure:
    """Ticks of an axis of whole numbers up to `most`: there is no half scan and no half epoch."""
    return {"tickformat": ",d"} | ({"dtick": 1 if most <= _FEW // 2 else 2} if most <= _FEW else {})


def days_around(times: Sequence[str]) -> list[str]:
    """The ends of an axis of times, ISO 8601, with room beside the first and the last."""
    known = [datetime.fromisoformat(time) for time in times]
    first, last = min(known), max(known)
    room = max(ROOM, (last - first) / 20)
    return [(first - room).isoformat(), (last + room).isoformat()]


def short_name(name: str) -> str:
    """A name as an axis has room for it."""
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1].rstrip()}…"


def names_beside(names: Sequence[str]) -> Figure:
    """An axis of names that stand to the left of lying bars: a long one takes two lines, and no more.

    Of what is longer still both ends are told: stations of a department often differ in the last letters.
    """
    return {"tickvals": list(names), "ticktext": [_in_two_lines(name) for name in names]}


def _in_two_lines(name: str) -> str:
    if len(name) <= _LINE:
        return name
    lines = wrap(name, _LINE)
    return "<br>".join(lines) if len(lines) == _LINES else f"{lines[0]}<br>…{name[1 - _LINE :].lstrip()}"


def said_where_empty(figure: Figure) -> Figure:
    """The same chart; one that would be empty, or hatched throughout, says so instead of ticking numbers."""
    drawn = [trace for trace in figure["data"] if _drawn(trace)]
    if not drawn:
        figure["layout"] |= {"annotations": [_middle(NOTHING)], "shapes": []}
        for axis in _axes(figure):
            axis |= {"visible": False}
    elif all(_is_hatched(trace) for trace in drawn):
        few = all(str(trace["name"]).startswith(TOO_FEW) for trace in drawn)
        says = f"{TOO_FEW.capitalize()} to tell" if few else WITHHELD
        figure["layout"]["annotations"] = [*figure["layout"].get("annotations", ()), _middle(says)]
        lying = drawn[0].get("orientation") == "h"
        if figure["layout"].pop("yaxis2", None):  # an axis that nothing is drawn on has no place to lie over
            for trace in drawn:
                trace.pop("yaxis", None)
            figure["layout"]["yaxis"] |= {"range": [0, 1], "fixedrange": True}
        figure["layout"]["xaxis" if lying else "yaxis"] |= _UNTOLD | {"tickvals": [], "ticktext": []}
    return figure


def _middle(words: str) -> Figure:
    place = {"xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5, "showarrow": False}
    return place | {"text": words, "bgcolor": "#ffffff", "borderpad": 4}


def _axes(figure: Figure) -> list[Figure]:
    return [axis for name, axis in figure["layout"].items() if name[:5] in ("xaxis", "yaxis")]


def _is_hatched(trace: Figure) -> bool:
    return "pattern" in trace.get("marker", {})


def _drawn(trace: Figure) -> bool:
    if trace["type"] == "heatmap":
        return any(value is not None for row in trace["z"] for value in row)
    values = trace["x" if trace.get("orientation") == "h" else "y"]
    return any(values) if trace["type"] == "bar" else any(value is not None for value in values)
