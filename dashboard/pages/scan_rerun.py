"""Reading a scan's stored results again, on its page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import ALL, Dash, Input, Output, State, ctx
from dash.development.base_component import Component

from dashboard.auth import require
from dashboard.components import reruns as parts
from dashboard.components.outputs import pressed
from dashboard.components.reruns import AGAIN, PANEL, TICK
from dashboard.components.scan import REFRESH, SCAN_ID
from data.records import User
from services.permissions import Permission

if TYPE_CHECKING:
    from services.versions.reruns import Reruns

Shown = tuple[Component | None, bool]


def show(reruns: Reruns, user: User, scan_id: str) -> Shown:
    """Return the panel of a scan, and whether nothing is to be waited for."""
    results = reruns.of_scan(scan_id, user)
    return parts.panel(user, results), not parts.waits(results)


def again(reruns: Reruns, user: User, scan_id: str, result_id: str) -> Shown:
    """Have a result read again, and show that it waits."""
    reruns.request(result_id, user)
    return show(reruns, user, scan_id)


def register(app: Dash, reruns: Reruns) -> None:
    """Bind the panel."""

    @app.callback(
        Output(PANEL, "children"),
        Output(TICK, "disabled"),
        Input(SCAN_ID, "data"),
        Input(REFRESH, "data"),
        Input(TICK, "n_intervals"),
    )
    def _show(scan_id: str, _: Any, __: int | None) -> Shown:
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
