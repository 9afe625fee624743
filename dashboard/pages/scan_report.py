"""The report of a reading, on the scan's page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import Dash, Input, State

from dashboard.auth import require
from dashboard.components import scan_report as parts
from dashboard.components.outputs import Values, outputs
from dashboard.components.scan import SCAN_ID
from data.errors import NotFound
from data.records import User
from services.permissions import Permission

if TYPE_CHECKING:
    from services.reporting.reading_report import ReadingReports

PANEL = {
    parts.PANEL: "hidden",
    parts.PDF: "href",
    parts.TEXT_FILE: "href",
    parts.TEXT: "value",
    parts.COPIED: "children",
}


def show(reports: ReadingReports, user: User, scan_id: str, *, named: bool) -> Values:
    """Return the panel's text and links; a scan that has not been read has no panel."""
    try:
        text = reports.text(scan_id, user, named=named)
    except NotFound:
        text = ""
    return {
        parts.PANEL: not text,
        parts.PDF: parts.address(scan_id, "pdf", named=named),
        parts.TEXT_FILE: parts.address(scan_id, "txt", named=named),
        parts.TEXT: text,
        parts.COPIED: "",
    }


def register(app: Dash, reports: ReadingReports) -> None:
    """Bind what is ticked; `dashboard.pages.scan` fills the panel."""

    @app.callback(
        output=outputs(PANEL, again=True),
        inputs=[State(SCAN_ID, "data"), Input(parts.NAMED, "value")],
        prevent_initial_call=True,
    )
    def _show(scan_id: str, named: bool | None) -> Values:
        return show(reports, require(Permission.SEE_SCANS), scan_id, named=bool(named))
