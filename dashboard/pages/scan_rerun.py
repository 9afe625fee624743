"""Reading a scan's stored results again, on its page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import ALL, Dash, Input, Output, State, ctx
from dash.development.base_component import Component

from dashboard.auth import require
from dashboard.components import reruns as parts
from dashboard.components.outputs import Values, pressed
from dashboard.components.reruns import AGAIN, PANEL, TICK
from dashboard.components.scan import SCAN_ID
from data.records import User
from services.permissions import Permission

if TYPE_CHECKING:
    from services.versions.reruns import Reruns

Shown = tuple[Component | None, bool]
SHOWN = {PANEL: "children", TICK: "disabled"}


def show(reruns: Reruns, user: User, scan_id: str) -> Shown:
    """Return the panel of a scan, and whether nothing is to be waited for."""
    results = reruns.of_scan(scan_id, user)
    return parts.panel(user, results), not parts.waits(results)


def shown(reruns: Reruns, user: User, scan_id: str) -> Values:
    """Return the same by the id of its place."""
    panel, still = show(reruns, user, scan_id)
    return {PANEL: panel, TICK: still}


def again(reruns: Reruns, user: User, scan_id: str, result_id: str) -> Shown:
    """Have a result read again, and show that it waits."""
    reruns.request(result_id, user)
    return show(reruns, user, scan_id)


def register(app: Dash, reruns: Reruns) -> None:
    """Bind what looks again and the buttons; `dashboard.pages.scan` fills the panel."""

    @app.callback(
        Output(PANEL, "children", allow_duplicate=True),
        Output(TICK, "disabled", allow_duplicate=True),
        Input(TICK, "n_intervals"),
        State(SCAN_ID, "data"),
        prevent_initial_call=True,
    )
    def _show(_: int | None, scan_id: str) -> Shown:
        return show(reruns, require(Permission.SEE_SCANS), scan_id)

    @app.callback(
        Output(PANEL, "children", allow_duplicate=True),
        Output(TICK, "disabled", allow_duplicate=True),
        Input({"type": AGAIN, "result": ALL}, "n_clicks"),
        State(SCAN_ID, "data"),
        prevent_initial_call=True,
    )
    def _again(clicks: list[int | None], scan_id: str) -> Shown:
        user = require(Permission.RERUN_RESULTS)
        return again(reruns, user, scan_id, pressed(ctx.triggered_id, clicks)["result"])
