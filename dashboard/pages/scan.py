"""One scan: the viewer, what was found, and what a clinician says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import ClientsideFunction, Dash, Input, Output, State
from dash.development.base_component import Component

from dashboard import accesses
from dashboard.auth import require
from dashboard.components import identities, panels, review, viewer
from dashboard.components import scan as parts
from dashboard.components.frame import LOCATION, TAB_TITLE
from dashboard.components.outputs import Values, clicked, outputs
from dashboard.components.patient import tab_title
from dashboard.components.results import version_of
from dashboard.components.scan import (
    CANCEL,
    CANCEL_ROW,
    CARD,
    DOWNLOADS,
    FACTS,
    IDENTITY,
    PROVENANCE,
    REFRESH,
    RESULT,
    RETRY,
    RETRY_ROW,
    SCAN_ID,
    SEEN,
    STATUS,
    TITLE,
    UNCERTAIN,
)
from dashboard.pages import (
    scan_editing,
    scan_identity,
    scan_patient,
    scan_review,
    scan_second_reading,
    scan_unaided,
)
from data.records import User
from services.performance.card_words import card_words
from services.permissions import Permission, may

if TYPE_CHECKING:
    from services.assembly.reading import ReadingServices
    from services.assembly.reviewing import ReviewingServices
    from services.reading.cancelling import Cancellation
    from services.reading.reading import Reading
    from services.reviewing.worklist import ScanView, Worklist

PANELS = {
    TITLE: "children",
    STATUS: "children",
    UNCERTAIN: "children",
    RETRY_ROW: "hidden",
    CANCEL_ROW: "hidden",
    RESULT: "children",
    IDENTITY: "children",
    FACTS: "children",
    PROVENANCE: "children",
    CARD: "children",
    DOWNLOADS: "children",
    SEEN: "data",
}
EVERYWHERE = {
    **PANELS,
    viewer.DATA: "data",
    **scan_review.PANEL,
    **scan_second_reading.PANEL,
    **scan_editing.PANEL,
    **scan_unaided.PANEL,
}


def layout(user: User, scan_id: str = "") -> Component:
    """Build the page's frame for one scan; `show` fills it."""
    return parts.frame(user, scan_id)


def show(reviewing: ReviewingServices, user: User, scan_id: str) -> Values:
    """Return `shown` of a scan."""
    return shown(reviewing, user, reviewing.worklist.scan(scan_id, user))


def shown(reviewing: ReviewingServices, user: User, view: ScanView) -> Values:
    """Return what the panels beside the viewer say of a scan, by the id of their place."""
    return {
        TAB_TITLE: tab_title(view.patient),
        TITLE: panels.title(view, user),
        STATUS: panels.status_panel(view),
        UNCERTAIN: panels.uncertain_banner(view),
        RETRY_ROW: not view.scan.status.ended_unread,
        CANCEL_ROW: not view.may_cancel,
        RESULT: panels.result_panel(view),
        IDENTITY: _conflicts(reviewing, user, view),
        FACTS: panels.facts(view, user),
        PROVENANCE: panels.provenance(view.result),
        CARD: card_words(reviewing.worklist.card(view.scan.task)),
        DOWNLOADS: panels.downloads(view),
        SEEN: {"scan": view.scan.id, "version": version_of(view)},
    }


def show_viewer(reviewing: ReviewingServices, user: User, scan_id: str) -> dict[str, Any]:
    """Return what the viewer must know of a scan."""
    return viewer.of_scan(reviewing, reviewing.worklist.scan(scan_id, user))


def cancel(worklist: Worklist, cancellation: Cancellation, user: User, scan_id: str) -> None:
    """End the reading of a scan, unless it has been read meanwhile."""
    worklist.scan(scan_id, user)
    cancellation.cancel(scan_id, user)


def retry(worklist: Worklist, readings: Reading, user: User, scan_id: str) -> None:
    """Ask for a scan to be read whose reading has failed or was cancelled."""
    worklist.scan(scan_id, user)
    readings.read_now(scan_id, user)


def register(app: Dash, reviewing: ReviewingServices, reading: ReadingServices) -> None:
    """Bind the page."""
    _register_shown(app, reviewing)
    _register_reading(app, reviewing, reading)
    scan_review.register(app, reviewing)
    scan_second_reading.register(app, reviewing)
    scan_identity.register(app, reviewing.identities)
    scan_patient.register(app, reviewing)
    scan_editing.register(app)
    scan_unaided.register(app, reviewing.unaided)


def _register_shown(app: Dash, reviewing: ReviewingServices) -> None:
    """One callback for all that follows from the scan alone, so that it is looked up once."""

    @app.callback(
        output=outputs(EVERYWHERE) | outputs({TAB_TITLE: "data"}, again=True),
        inputs=[
            Input(SCAN_ID, "data"),
            Input(REFRESH, "data"),
            State(LOCATION, "search"),
            State(review.COUNTS, "children"),
        ],
        prevent_initial_call="initial_duplicate",
    )
    def _show(scan_id: str, _: Any, address: str | None, before: dict[str, Any] | None) -> Values:
        user = require(Permission.SEE_SCANS)
        reviewing.unaided.open(scan_id, user)
        view = reviewing.worklist.scan(scan_id, user)
        accesses.looked(accesses.OPENED, view.scan.id)
        return {
            **shown(reviewing, user, view),
            viewer.DATA: viewer.of_scan(reviewing, view),
            **scan_review.shown(reviewing, user, view, address, before),
            **scan_second_reading.shown(reviewing, user, view),
            **scan_editing.shown(user, view),
            **scan_unaided.shown(reviewing, user, view),
        }

    app.clientside_callback(ClientsideFunction("lightbox", "noteScan"), Input(SEEN, "data"))
    app.clientside_callback(ClientsideFunction("lightbox", "showInViewer"), Input(viewer.DATA, "data"))


def _register_reading(app: Dash, reviewing: ReviewingServices, reading: ReadingServices) -> None:
    @app.callback(
        Output(REFRESH, "data"), Input(RETRY, "n_clicks"), State(SCAN_ID, "data"), prevent_initial_call=True
    )
    def _retry(clicks: int | None, scan_id: str) -> str:
        user = require(Permission.READ_AGAIN)
        clicked(clicks)
        retry(reviewing.worklist, reading.readings, user, scan_id)
        return f"asked {clicks}"

    @app.callback(
        Output(REFRESH, "data", allow_duplicate=True),
        Input(CANCEL, "n_clicks"),
        State(SCAN_ID, "data"),
        prevent_initial_call=True,
    )
    def _cancel(clicks: int | None, scan_id: str) -> str:
        user = require(Permission.SEE_SCANS)  # who may cancel which, the service says
        clicked(clicks)
        cancel(reviewing.worklist, reading.cancellation, user, scan_id)
        return f"cancelled {clicks}"


def _conflicts(reviewing: ReviewingServices, user: User, view: ScanView) -> list[Component]:
    if not may(user, Permission.SETTLE_IDENTITIES):
        return []
    return identities.panels(reviewing.identities.of_patient(view.patient.id, user))
