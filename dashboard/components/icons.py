"""Icons from the local Bootstrap icon font."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dashboard.components.attributes import aria


def icon(name: str, look: str = "me-1") -> Component:
    """Build an icon that says nothing to a screen reader; `name` is like "bi-image"."""
    return html.I(className=f"bi {name} {look}".strip(), **aria(hidden="true"))
