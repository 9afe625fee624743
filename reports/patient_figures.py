"""A patient's measurements over time as a Plotly figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reports.figures import FONT, Figure

REVIEWED = "#12202e"
COLOURS = ("#14609c", "#a63d00", "#1d6b45", "#55309a", "#7a5600", "#0b7285")


@dataclass(frozen=True)
class CourseLine:
    """One line: its name, whether people stand behind it, and the value at each time (ISO 8601)."""

    name: str
    reviewed: bool
    times: Sequence[str]
    values: Sequence[float]


def course_figure(lines: Sequence[CourseLine], up: str, unit: str) -> Figure:
    """Each line in a colour of its own; what was reviewed is drawn broken, in black, with squares."""
    axis = {"linecolor": "#51606f", "ticks": "outside", "gridcolor": "#e8edf1", "zeroline": False}
    versions = [line for line in lines if not line.reviewed]
    data = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": line.name,
            "x": list(line.times),
            "y": list(line.values),
            "line": {
                "color": REVIEWED if line.reviewed else COLOURS[versions.index(line) % len(COLOURS)],
                "dash": "dash" if line.reviewed else "solid",
            },
            "marker": {"size": 9, "symbol": "square-open" if line.reviewed else "circle"},
            "hovertemplate": f"%{{x|%Y-%m-%d}}: %{{y:.4~g}} {unit}<extra>%{{fullData.name}}</extra>",
        }
        for line in lines
    ]
    return {
        "data": data,
        "layout": {
            "font": {"family": FONT, "size": 12, "color": "#12202e"},
            "paper_bgcolor": "#ffffff",
            "plot_bgcolor": "#ffffff",
            "margin": {"l": 56, "r": 16, "t": 12, "b": 44},
            "showlegend": True,
            "legend": {"orientation": "h", "y": -0.2},
            "hovermode": "closest",
            "xaxis": axis | {"type": "date", "showgrid": False},
            "yaxis": axis | {"title": {"text": f"{up} ({unit})"}, "rangemode": "tozero"},
        },
    }
