"""Correcting the mask on a scan's page: tells the scripts what there is to correct."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import ClientsideFunction, Dash, Input

from dashboard.auth import require
from dashboard.components import editing
from dashboard.components.outputs import Values, outputs
from dashboard.components.scan import REFRESH, SCAN_ID
from services.permissions import Permission

if TYPE_CHECKING:
    from data.records import User
    from services.assembly.reviewing import ReviewingServices


def show(reviewing: ReviewingServices, user: User, scan_id: str) -> Values:
    """Return whether the panel is shown, and of what."""
    about = editing.about(reviewing.worklist.scan(scan_id, user), user)
    return {editing.PANEL: about is None, editing.ABOUT: about}


def register(app: Dash, reviewing: ReviewingServices) -> None:
    """Bind the panel."""

    @app.callback(
        output=outputs({editing.PANEL: "hidden", editing.ABOUT: "data"}),
        inputs=[Input(SCAN_ID, "data"), Input(REFRESH, "data")],
    )
    def _show(scan_id: str, _: Any) -> Values:
        return show(reviewing, require(Permission.SEE_SCANS), scan_id)

    app.clientside_callback(ClientsideFunction("lightbox", "showEditing"), Input(editing.ABOUT, "data"))
