"""Second readings on a scan's page: whether one is asked for, what came of it, and asking for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import Dash, Input, Output, State

from dashboard.auth import require
from dashboard.components import second_reading as parts
from dashboard.components.outputs import Values, clicked, outputs
from dashboard.components.scan import REFRESH, SCAN_ID
from data.records import User
from services.permissions import Permission

if TYPE_CHECKING:
    from services.assembly.reviewing import ReviewingServices
    from services.reviewing.scan_views import ScanView

PANEL = {parts.STATE: "children", parts.FORM: "hidden", parts.WITHDRAW: "style"}


def show(reviewing: ReviewingServices, user: User, scan_id: str) -> Values:
    """Return `shown` of a scan."""
    return shown(reviewing, user, reviewing.scan_views.scan(scan_id, user))


def shown(reviewing: ReviewingServices, user: User, view: ScanView) -> Values:
    """Return what the page says of a scan's second reading, by the id of its place."""
    overlap = None if view.double is None else reviewing.agreement.dice(view.double)
    return {
        parts.STATE: parts.state(view, user, overlap),
        parts.FORM: not parts.may_ask(view, user),
        parts.WITHDRAW: {} if parts.may_withdraw(view, user) else {"display": "none"},
    }


def register(app: Dash, reviewing: ReviewingServices) -> None:
    """Bind the buttons; `dashboard.pages.scan` fills the place."""

    @app.callback(
        output=outputs({REFRESH: "data", parts.WHY: "value"}, again=True),
        inputs=[Input(parts.ASK, "n_clicks"), State(SCAN_ID, "data"), State(parts.WHY, "value")],
        prevent_initial_call=True,
    )
    def _ask(clicks: int | None, scan_id: str, why: str | None) -> Values:
        user = require(Permission.ASK_FOR_REVIEWS)
        clicked(clicks)
        reviewing.second_readings.ask([scan_id], why or "", user)
        return {REFRESH: f"second reading asked {clicks}", parts.WHY: ""}

    @app.callback(
        Output(REFRESH, "data", allow_duplicate=True),
        Input(parts.WITHDRAW, "n_clicks"),
        State(SCAN_ID, "data"),
        prevent_initial_call=True,
    )
    def _withdraw(clicks: int | None, scan_id: str) -> str:
        user = require(Permission.WITHDRAW_REVIEW_REQUESTS)
        clicked(clicks)
        reviewing.second_readings.withdraw(scan_id, user)
        return f"second reading withdrawn {clicks}"
