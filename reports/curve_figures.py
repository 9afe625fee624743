"""ROC, precision and calibration of a version as charts."""

from __future__ import annotations

import math
from collections.abc import Sequence

from reports.chart_axes import Figure
from reports.colours import CHANCE, INK, MARKED, OURS
from reports.performance_figures import Dot, Scale, error_bars, framed

_FIFTHS = range(6)
_IN_PER_CENT = {
    "tickvals": [fifth / 5 for fifth in _FIFTHS],
    "ticktext": [f"{20 * fifth} %" for fifth in _FIFTHS],
    "hoverformat": ".1%",
}
_ROOM_FOR_WORDS_PX = 28


def roc_chart(
    far: Sequence[float], recall: Sequence[float], at: tuple[float, float], words: str = ""
) -> Figure:
    """Recall against false alarms at every threshold, the one in force marked; the last trace is the mark.

    `words` stand above the frame: within it a narrow chart has no place that neither line crosses.
    """
    figure = _unit("False alarms among the healthy", "Recall among the ill")
    if words:
        place = {"xref": "paper", "yref": "paper", "x": 1, "y": 1, "xanchor": "right", "yanchor": "bottom"}
        said = {"text": words, "showarrow": False, "font": {"size": 12, "color": INK}}
        figure["layout"]["annotations"] = [place | said]
        figure["layout"]["margin"] = figure["layout"]["margin"] | {"t": _ROOM_FOR_WORDS_PX}
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
        "error_y": error_bars([(dot.value, dot.low, dot.high) for _, dot in bins], OURS),
        "text": [f"n = {dot.n:,}" for _, dot in bins],
        "hovertemplate": "said %{x:.2f}, true %{y:.1%}<br>%{text}<extra></extra>",
        "marker": {"color": OURS, "size": [6 + 8 * math.sqrt(dot.n / most) for _, dot in bins]},
    }
    figure["data"] = [_path([0, 1], [0, 1], CHANCE, "dot"), measured]
    return figure


def _unit(across: str, up: str, shares: str = "xy") -> Figure:
    """Two axes from 0 to 1; those named in `shares` are told in per cent."""
    figure = framed([], Scale(up))
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
