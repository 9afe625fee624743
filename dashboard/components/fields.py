"""Fields of a form under their names."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component


def labelled(words: str, field: Component) -> Component:
    """A field with its name above it, which belongs to it for screen readers too."""
    return html.Label([html.Span(words), field], className="lb-labelled")
