"""How far two readers agree who read the same results blind: what no model can be better than."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dash import html
from dash.development.base_component import Component

if TYPE_CHECKING:
    from services.reviewing.agreement import Agreement

READERS = "performance-readers"
NONE_ASKED = "Nobody has asked for a second reading yet; that is done on a scan's page."


def panel(agreement: Agreement) -> Component:
    """Kappa of verdict and truth and Dice of masks, each with its interval and n."""
    if not agreement.asked:
        return html.P(NONE_ASKED, className="text-secondary mb-0")
    head = html.Thead(html.Tr([html.Th(name) for name in ("", "Value", "95 % interval", "n")]))
    rows = [
        _row("Cohen's kappa of the verdict", *vars(agreement.verdict_kappa).values()),
        _row("Cohen's kappa of what is true", *vars(agreement.truth_kappa).values()),
        _row("Dice of both masks", *vars(agreement.dice).values()),
    ]
    table = html.Table([head, html.Tbody(rows)], className="lb-numbers")
    said = (
        f"Asked for {agreement.asked}; {agreement.waiting} still to be read, {agreement.undecided} to be "
        f"decided by a third, {agreement.decided} decided."
    )
    return html.Div([html.P(said, className="text-secondary"), html.Div(table, className="lb-scroll")])


def _row(name: str, value: float, low: float, high: float, n: int) -> Component:
    cells = ["not defined", ""] if math.isnan(value) else [f"{value:.2f}", f"{low:.2f} to {high:.2f}"]
    return html.Tr([html.Th(name), *(html.Td(cell) for cell in cells), html.Td(str(n))])
