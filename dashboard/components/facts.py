"""Names with their values, and sentences that warn: the small parts of panels."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard.components.icons import icon


def fact_list(rows: list[tuple[str, Any]]) -> Component:
    """Show each name with its value."""
    cells: list[Component] = []
    for name, value in rows:
        shown = str(value) if not isinstance(value, Component) else value
        cells += [html.Dt(name), html.Dd(shown)]
    return html.Dl(cells, className="lb-facts")


def p_words(p: float) -> str:
    """A p value as people read it: below 0.001 nobody needs to know how far, and it is never 0."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def warning(text: str) -> Component:
    """Show a sentence that must not be overlooked."""
    return html.Div([icon("bi-exclamation-triangle-fill", "me-2"), text], className="lb-warning", role="note")
