"""Counts and marks that keep what was made for a demonstration apart from what is of real people."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dashboard.components.attributes import aria
from data.records import SYNTHETIC, KindCount

MADE = "Computed for a demonstration"


def synthetic_badge(look: str = "") -> Component:
    """The mark of what is of nobody."""
    return html.Span(SYNTHETIC, className=f"lb-badge lb-synthetic {look}".strip(), title=MADE)


def in_frame(count: KindCount) -> list[Component]:
    """The number at an icon of the frame: of what is real, and in grey of made ones where they are all."""
    if not count.any:
        return []
    look = "lb-bell-count" if count.real else "lb-bell-count lb-bell-synthetic"
    return [html.Span(str(count.real or count.synthetic), className=look, **aria(hidden="true"))]
