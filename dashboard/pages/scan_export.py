"""Results for other systems, on the scan's page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import Dash, Input, State

from dashboard.auth import require
from dashboard.components import scan_export as parts
from dashboard.components.outputs import Values, outputs
from dashboard.components.scan import SCAN_ID
from data.records import User
from services.permissions import Permission

if TYPE_CHECKING:
    from services.exporting.exports import Exports

PANEL = {parts.PANEL: "hidden", parts.LINKS: "children", parts.FINDINGS: "value", parts.COPIED: "children"}


def show(exports: Exports, user: User, scan_id: str, *, named: bool, with_pdf: bool = False) -> Values:
    """Return the panel's links and text; a scan whose result goes nowhere has no panel."""
    offers = exports.offers(scan_id, user)
    return {
        parts.PANEL: not offers,
        parts.LINKS: parts.links(scan_id, offers, named=named, with_pdf=with_pdf),
        parts.FINDINGS: exports.findings(scan_id, user),
        parts.COPIED: "",
    }


def register(app: Dash, exports: Exports) -> None:
    """Bind what is ticked; `dashboard.pages.scan` fills the panel."""

    @app.callback(
        output=outputs(PANEL, again=True),
        inputs=[State(SCAN_ID, "data"), Input(parts.NAMED, "value"), Input(parts.WITH_PDF, "value")],
        prevent_initial_call=True,
    )
    def _show(scan_id: str, named: bool | None, with_pdf: bool | None) -> Values:
        user = require(Permission.SEE_SCANS)
        return show(exports, user, scan_id, named=bool(named), with_pdf=bool(with_pdf))
