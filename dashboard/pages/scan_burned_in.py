"""Text in a scan's pictures, on its page: what was found, and releasing it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import Dash, Input, State, ctx

from dashboard.auth import require
from dashboard.components import burned_in_text as parts
from dashboard.components.outputs import Values, clicked, outputs
from dashboard.components.scan import SCAN_ID
from data.records import BurnedInDecision, User
from services.permissions import Permission, may

if TYPE_CHECKING:
    from services.burned_in_text.screening import PictureScreening

SHOWN = {
    parts.CONTENT: "children",
    parts.FORM: "hidden",
    parts.LOOK: "style",
    parts.BLACK_OUT: "disabled",
    parts.HOLD: "disabled",
    parts.RELEASE: "disabled",
    parts.WHY: "value",
}


def show(screening: PictureScreening, user: User, scan_id: str) -> Values:
    """Return what the panel shows of a scan. Raises NotFound."""
    scan, screened = screening.scan(scan_id, user), screening.of_scan(scan_id, user)
    may_decide = may(user, Permission.RELEASE_PICTURES) and screened is not None and screened.finds_text
    decision = BurnedInDecision.NONE if screened is None else screened.decision
    return {
        parts.CONTENT: parts.content(user, scan, screened),
        parts.FORM: not may_decide,
        parts.LOOK: {} if screened is None else {"display": "none"},
        parts.BLACK_OUT: screened is None or not screened.boxes or decision is BurnedInDecision.BLACKED_OUT,
        parts.HOLD: decision is BurnedInDecision.NONE,
        parts.RELEASE: decision is BurnedInDecision.RELEASED,
        parts.WHY: "",
    }


def look(screening: PictureScreening, user: User, scan_id: str) -> Values:
    """Look for text now, and show what was found."""
    screening.look(scan_id, user)
    return show(screening, user, scan_id)


def decide(screening: PictureScreening, user: User, scan_id: str, button: str, why: str | None) -> Values:
    """Keep a decision, and show it."""
    screening.decide(scan_id, parts.DECISIONS[button], why or "", user)
    return show(screening, user, scan_id)


def register(app: Dash, screening: PictureScreening) -> None:
    """Bind the buttons; `dashboard.pages.scan` fills the panel."""

    @app.callback(
        output=outputs(SHOWN, again=True),
        inputs=[Input(parts.LOOK, "n_clicks"), State(SCAN_ID, "data")],
        prevent_initial_call=True,
    )
    def _look(clicks: int | None, scan_id: str) -> Values:
        user = require(Permission.SEE_SCANS)
        clicked(clicks)
        return look(screening, user, scan_id)

    @app.callback(
        output=outputs(SHOWN, again=True),
        inputs=[
            *(Input(button, "n_clicks") for button in parts.DECISIONS),
            State(parts.WHY, "value"),
            State(SCAN_ID, "data"),
        ],
        prevent_initial_call=True,
    )
    def _decide(*given: Any) -> Values:
        user = require(Permission.RELEASE_PICTURES)
        *clicks, why, scan_id = given
        clicked(*clicks)
        return decide(screening, user, scan_id, str(ctx.triggered_id), why)
