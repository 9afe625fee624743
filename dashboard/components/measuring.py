"""The list of measurements by hand beside the viewer; measuring_panel.js fills it."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dashboard.components.attributes import aria


def panel() -> Component:
    """Build the place of the list."""
    return html.Section(
        [
            html.H2("Measurements"),
            html.P(id="measuring-none", className="text-secondary"),
            html.Ul(id="measuring-list", className="lb-measurements", **aria(label="Measurements")),
            html.P(id="measuring-said", className="visually-hidden", role="status"),
        ],
        className="lb-panel",
    )
