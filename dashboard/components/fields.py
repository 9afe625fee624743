"""Fields of a form under their names."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component


def labelled(words: str, field: Component) -> Component:
    """A field with its name above it, which belongs to it for screen readers too."""
    return html.Label([html.Span(words), field], className="lb-labelled")


def field_for(words: str, control: Component, name: str, look: str) -> Component:
    """A control of several parts, such as a menu, below the label of the part with the id `name`."""
    return html.Div([html.Label(words, htmlFor=name), control], className=look)
