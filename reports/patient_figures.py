"""A patient's measurements over time as a Plotly figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reports.chart_axes import Figure, bare_figure, days_around
from reports.colours import INK, SERIES

VERSIONS = SERIES[:-1]  # black is what was reviewed


@dataclass(frozen=True)
class CourseLine:
    """One line: its name, whether people stand behind it, and the value at each time (ISO 8601)."""

    name: str
    reviewed: bool
    times: Sequence[str]
    values: Sequence[float]


def course_figure(lines: Sequence[CourseLine], up: str, unit: str) -> Figure:
    """Lines with points, each in a colour of its own; what was reviewed is broken, black, with squares."""
    versions = [line for line in lines if not line.reviewed]
    data = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": line.name,
            "x": list(line.times),
            "y": list(line.values),
            "line": {
                "color": INK if line.reviewed else VERSIONS[versions.index(line) % len(VERSIONS)],
                "dash": "dash" if line.reviewed else "solid",
            },
            "marker": {"size": 9, "symbol": "square-open" if line.reviewed else "circle"},
            "hovertemplate": f"%{{x|%Y-%m-%d}}: %{{y:.4~g}} {unit}<extra>%{{fullData.name}}</extra>",
        }
        for line in lines
    ]
    times = [time for line in lines for time in line.times]
    figure = bare_figure(data, "", f"{up} ({unit})")
    figure["layout"] |= {
        "margin": {"l": 56, "r": 16, "t": 12, "b": 44},
        "showlegend": True,
        "legend": {"orientation": "h", "y": -0.2},
    }
    figure["layout"]["xaxis"] |= {"type": "date", "range": days_around(times)}
    figure["layout"]["yaxis"] |= {"rangemode": "tozero"}
    return figure
