"""Sending a scan's result by hand, and where its results went, on the scan's page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import Dash, Input, State, html, no_update

from dashboard.auth import require
from dashboard.components import scan_sending as parts
from dashboard.components.outputs import Values, clicked, outputs
from dashboard.components.scan import SCAN_ID
from data.records import User
from services.permissions import Permission

if TYPE_CHECKING:
    from services.sending.outbox import Outbox

SHOWN = {
    parts.PANEL: "hidden",
    parts.WENT: "children",
    parts.SEND: "hidden",
    parts.NODE: ("options", "value"),
}


def show(outbox: Outbox, user: User, scan_id: str) -> Values:
    """Return where results went; without a remote node and without deliveries there is nothing to see."""
    views = outbox.of_scan(scan_id, user)
    return {
        parts.PANEL: not views and not outbox.destinations(scan_id, user),
        parts.WENT: parts.went(views),
    }


def offer(outbox: Outbox, user: User, scan_id: str) -> Values:
    """Return where the result can be sent."""
    options = parts.node_options(outbox.destinations(scan_id, user))
    first = options[0]["value"] if options else no_update  # nobody need ask what goes there
    return {parts.SEND: not options, parts.NODE: {"options": options, "value": first}}


def forms(outbox: Outbox, user: User, scan_id: str, node_id: str | None) -> Values:
    """Return what can be sent to the chosen node, all of it chosen."""
    destinations = outbox.destinations(scan_id, user)
    chosen = next((where for where in destinations if where.node.id == node_id), None)
    options = parts.form_options(chosen)
    return {parts.FORMS: {"options": options, "value": [option["value"] for option in options]}}


def send(outbox: Outbox, user: User, scan_id: str, node_id: str | None, chosen: list[str]) -> Values:
    """Put what is chosen into the outbox, and say so. Raises InvalidInput, NotFound."""
    number = outbox.send(scan_id, node_id or "", chosen, user)
    words = "1 is on its way." if number == 1 else f"{number} are on their way."
    return {parts.SAID: html.P(words), parts.WENT: parts.went(outbox.of_scan(scan_id, user))}


def register(app: Dash, outbox: Outbox) -> None:
    """Bind the form; `dashboard.pages.scan` fills the part of the panel."""

    @app.callback(
        output=outputs({parts.FORMS: ("options", "value")}),
        inputs=[Input(parts.NODE, "value"), State(SCAN_ID, "data")],
        prevent_initial_call=True,
    )
    def _forms(node_id: str | None, scan_id: str) -> Values:
        return forms(outbox, require(Permission.SEE_SCANS), scan_id, node_id)

    @app.callback(
        output=outputs({parts.SAID: "children", parts.WENT: "children"}, again=True),
        inputs=[
            Input(parts.BUTTON, "n_clicks"),
            State(SCAN_ID, "data"),
            State(parts.NODE, "value"),
            State(parts.FORMS, "value"),
        ],
        prevent_initial_call=True,
    )
    def _send(clicks: int | None, scan_id: str, node_id: str | None, chosen: list[str] | None) -> Values:
        user = require(Permission.SEND_RESULTS)
        clicked(clicks)
        return send(outbox, user, scan_id, node_id, chosen or [])
