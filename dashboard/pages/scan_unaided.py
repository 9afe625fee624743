"""Reading without the AI first on a scan's page: asking for it, giving it, having the result shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import ClientsideFunction, Dash, Input, Output, State

from dashboard.auth import require
from dashboard.components import unaided as parts
from dashboard.components.outputs import Values, clicked, outputs, set_apart
from dashboard.components.scan import REFRESH, SCAN_ID
from dashboard.errors import ALERT
from data.errors import InvalidInput
from data.records import EscapeReason, ScanStatus, UnaidedFinding, User
from services.permissions import Permission

if TYPE_CHECKING:
    from services.assembly.reviewing import ReviewingServices
    from services.reviewing.scan_views import ScanView
    from services.reviewing.unaided import UnaidedReadings

PANEL = {
    parts.PANEL: "hidden",
    parts.WHY: "children",
    parts.FINDING: "options",
    parts.DRAWS: "children",
    parts.GIVE: "disabled",
    parts.ASK_ROW: "hidden",
}
ENDED = {
    REFRESH: "data",
    parts.FINDING: "value",
    parts.COMMENT: "value",
    parts.REASON: "value",
    parts.KEPT: "data",
}
IN_FRAME = {ALERT: "is_open"}
_CLEARED = {parts.FINDING: None, parts.COMMENT: "", parts.REASON: "", ALERT: False}


def shown(reviewing: ReviewingServices, user: User, view: ScanView) -> Values:
    """Return what the page says of a reading without the AI that is to be given, by the id of its place."""
    reads = view.reads_unaided is not None
    may_ask = view.result is None and not reads and not view.scan.status.ended_unread
    return {
        parts.PANEL: not reads,
        parts.WHY: parts.why(view),
        parts.FINDING: parts.options(view.scan.task),
        parts.DRAWS: parts.drawing_hint(view),
        parts.GIVE: view.scan.status is not ScanStatus.READ,
        parts.ASK_ROW: not (may_ask and reviewing.unaided.may_ask(view.scan.id, user)),
    }


def give(
    readings: UnaidedReadings,
    user: User,
    scan_id: str,
    finding: str | None,
    comment: str | None,
    seconds: float | None,
) -> Values:
    """Keep what the reader sees without the AI, and show its result."""
    if not finding:
        raise InvalidInput("Say what you see first: present, absent or unsure.")
    given = readings.give(scan_id, user, UnaidedFinding(finding), comment=comment or "", seconds=seconds)
    return _CLEARED | {REFRESH: f"read without the AI {given.id}", parts.KEPT: given.id}


def show_result(readings: UnaidedReadings, user: User, scan_id: str, reason: str | None) -> Values:
    """Show the AI's result at once."""
    if not reason:
        raise InvalidInput("Choose why the AI's result is to be shown now.")
    ended = readings.show_result(scan_id, user, EscapeReason(reason))
    return _CLEARED | {REFRESH: f"shown {ended.id}", parts.KEPT: ended.id}


def register(app: Dash, readings: UnaidedReadings) -> None:
    """Bind the buttons; `dashboard.pages.scan` fills the form."""
    app.clientside_callback(
        ClientsideFunction("lightbox", "noteUnaided"),
        Output(parts.GIVEN, "data"),
        Input(parts.GIVE, "n_clicks"),
        prevent_initial_call=True,
    )
    app.clientside_callback(ClientsideFunction("lightbox", "unaidedKept"), Input(parts.KEPT, "data"))

    @app.callback(
        output=outputs(ENDED, again=True),
        inputs=[
            Input(parts.GIVEN, "data"),
            State(SCAN_ID, "data"),
            State(parts.FINDING, "value"),
            State(parts.COMMENT, "value"),
        ],
        prevent_initial_call=True,
    )
    def _give(given: dict[str, Any] | None, scan_id: str, finding: str | None, comment: str | None) -> Values:
        user = require(Permission.REVIEW)
        clicked(None if given is None else given.get("n"))
        assert given is not None
        return set_apart(give(readings, user, scan_id, finding, comment, given.get("seconds")), IN_FRAME)

    @app.callback(
        output=outputs(ENDED, again=True),
        inputs=[Input(parts.SHOW, "n_clicks"), State(SCAN_ID, "data"), State(parts.REASON, "value")],
        prevent_initial_call=True,
    )
    def _show_result(clicks: int | None, scan_id: str, reason: str | None) -> Values:
        user = require(Permission.REVIEW)
        clicked(clicks)
        return set_apart(show_result(readings, user, scan_id, reason), IN_FRAME)

    @app.callback(
        Output(REFRESH, "data", allow_duplicate=True),
        Input(parts.ASK, "n_clicks"),
        State(SCAN_ID, "data"),
        prevent_initial_call=True,
    )
    def _ask(clicks: int | None, scan_id: str) -> str:
        user = require(Permission.REVIEW)
        clicked(clicks)
        readings.ask([scan_id], user)
        return f"without the AI {clicks}"
