"""Correcting the mask on a scan's page: tells the scripts what there is to correct."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import ClientsideFunction, Dash, Input

from dashboard.components import editing
from dashboard.components.outputs import Values

if TYPE_CHECKING:
    from data.records import User
    from services.assembly.reviewing import ReviewingServices
    from services.reviewing.scan_views import ScanView

PANEL = {editing.PANEL: "hidden", editing.ABOUT: "data"}


def show(reviewing: ReviewingServices, user: User, scan_id: str) -> Values:
    """Return `shown` of a scan."""
    return shown(user, reviewing.scan_views.scan(scan_id, user))


def shown(user: User, view: ScanView) -> Values:
    """Return whether the panel is shown, and of what."""
    about = editing.about(view, user)
    return {editing.PANEL: about is None, editing.ABOUT: about}


def register(app: Dash) -> None:
    """Let the scripts follow; `dashboard.pages.scan` fills the panel."""
    app.clientside_callback(ClientsideFunction("lightbox", "showEditing"), Input(editing.ABOUT, "data"))
