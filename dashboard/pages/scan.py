"""One scan: the viewer, what was found, and what a clinician says of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dash import ClientsideFunction, Dash, Input, Output, State
from dash.development.base_component import Component

from dashboard import accesses
from dashboard.auth import require
from dashboard.components import identities, panels, review, viewer
from dashboard.components import scan as parts
from dashboard.components import scan_export as export_parts
from dashboard.components import scan_report as report_parts
from dashboard.components.frame import LOCATION, TAB_TITLE
from dashboard.components.outputs import Values, clicked, outputs, set_apart, unchanged
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
from dashboard.components.scan_patient import WITHDRAWN
from dashboard.pages import (
    scan_burned_in,
    scan_editing,
    scan_export,
    scan_feedback,
    scan_identity,
    scan_patient,
    scan_report,
    scan_rerun,
    scan_review,
    scan_second_reading,
    scan_sending,
    scan_unaided,
)
from data.errors import WithdrawnScan
from data.records import User
from services.addresses import ScanAddress
from services.performance.card_words import card_words
from services.permissions import Permission, may

if TYPE_CHECKING:
    from services.assembly.container import Services
    from services.assembly.reviewing import ReviewingServices
    from services.reading.cancelling import Cancellation
    from services.reading.reading import Reading
    from services.reviewing.scan_views import ScanView, ScanViews

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
    **scan_report.PANEL,
    **scan_feedback.SHOWN,
    **scan_export.PANEL,
    **scan_sending.SHOWN,
    **scan_burned_in.SHOWN,
    **scan_rerun.SHOWN,
    WITHDRAWN: "children",
}
CHOSEN = (report_parts.NAMED, export_parts.NAMED, export_parts.WITH_PDF)
"""What somebody has ticked on the page: how files are offered."""


def layout(user: User, scan_id: str = "", query: str = "") -> Component:
    """Build the page's frame for one scan, come to from the worklist of `query`; `show` fills it."""
    return parts.frame(user, ScanAddress.read(scan_id, query))


def show(reviewing: ReviewingServices, user: User, scan_id: str) -> Values:
    """Return `shown` of a scan."""
    return shown(reviewing, user, reviewing.scan_views.scan(scan_id, user))


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
        CARD: card_words(reviewing.scan_views.card(view.scan.task)),
        DOWNLOADS: panels.downloads(view),
        SEEN: {"scan": view.scan.id, "version": version_of(view)},
    }


def show_viewer(reviewing: ReviewingServices, user: User, scan_id: str) -> dict[str, Any]:
    """Return what the viewer must know of a scan."""
    return viewer.of_scan(reviewing, reviewing.scan_views.scan(scan_id, user))


def cancel(scan_views: ScanViews, cancellation: Cancellation, user: User, scan_id: str) -> None:
    """End the reading of a scan, unless it has been read meanwhile."""
    scan_views.scan(scan_id, user)
    cancellation.cancel(scan_id, user)


def retry(scan_views: ScanViews, readings: Reading, user: User, scan_id: str) -> None:
    """Ask for a scan to be read whose reading has failed or was cancelled."""
    scan_views.scan(scan_id, user)
    readings.read_now(scan_id, user)


def show_beside(
    services: Services,
    user: User,
    scan_id: str,
    report_named: bool | None = None,
    named: bool | None = None,
    with_pdf: bool | None = None,
) -> Values:
    """Return what stands beside the result: its report and files, where it went, and what is said of it."""
    reviewing, outbox = services.reviewing, services.sending.outbox
    return {
        **scan_report.show(services.reading_reports, user, scan_id, named=bool(report_named)),
        **scan_feedback.show(services.feedback, reviewing.scan_views, user, scan_id),
        **scan_export.show(services.exports, user, scan_id, named=bool(named), with_pdf=bool(with_pdf)),
        **scan_sending.show(outbox, user, scan_id),
        **scan_sending.offer(outbox, user, scan_id),
        **scan_burned_in.show(services.screening, user, scan_id),
        **scan_rerun.shown(services.versions.reruns, user, scan_id),
    }


def register(app: Dash, services: Services) -> None:
    """Bind the page."""
    reviewing = services.reviewing
    _register_shown(app, services)
    _register_reading(app, services)
    scan_review.register(app, reviewing)
    scan_second_reading.register(app, reviewing)
    scan_identity.register(app, reviewing.identities)
    scan_patient.register(app, reviewing)
    scan_editing.register(app)
    scan_unaided.register(app, reviewing.unaided)
    scan_report.register(app, services.reading_reports)
    scan_feedback.register(app, services.feedback)
    scan_export.register(app, services.exports)
    scan_sending.register(app, services.sending.outbox)
    scan_burned_in.register(app, services.screening)
    scan_rerun.register(app, services.versions.reruns)


def _register_shown(app: Dash, services: Services) -> None:
    """One callback for all that follows from the scan alone, so that it is looked up once."""
    reviewing = services.reviewing

    @app.callback(
        output=outputs(EVERYWHERE) | outputs({TAB_TITLE: "data"}, again=True),
        inputs=[
            Input(SCAN_ID, "data"),
            Input(REFRESH, "data"),
            State(LOCATION, "search"),
            State(review.COUNTS, "children"),
            *(State(box, "value") for box in CHOSEN),
        ],
        prevent_initial_call="initial_duplicate",
    )
    def _show(
        scan_id: str, _: Any, address: str | None, before: dict[str, Any] | None, *chosen: bool | None
    ) -> Values:
        user = require(Permission.SEE_SCANS)
        try:
            reviewing.unaided.open(scan_id, user)
            return everything(scan_id, user, address, before, chosen)
        except WithdrawnScan:
            gone = scan_patient.withdrawn(reviewing, user, scan_id)
            return unchanged({**EVERYWHERE, TAB_TITLE: "data"}) | {WITHDRAWN: gone}

    def everything(
        scan_id: str,
        user: User,
        address: str | None,
        before: Mapping[str, Any] | None,
        chosen: Sequence[bool | None],
    ) -> Values:
        with reviewing.scan_views.one_look():
            view = reviewing.scan_views.scan(scan_id, user)
            accesses.looked(accesses.OPENED, view.scan.id)
            if may(user, Permission.MOVE_SCANS):
                set_apart(scan_patient.fixed(reviewing, user, scan_id), scan_patient.FORM_SHOWN)
            return {
                **shown(reviewing, user, view),
                viewer.DATA: viewer.of_scan(reviewing, view),
                **scan_review.shown(reviewing, user, view, address, before),
                **scan_second_reading.shown(reviewing, user, view),
                **scan_editing.shown(user, view),
                **scan_unaided.shown(reviewing, user, view),
                **show_beside(services, user, scan_id, *chosen),
                WITHDRAWN: None,
            }

    app.clientside_callback(ClientsideFunction("lightbox", "noteScan"), Input(SEEN, "data"))
    app.clientside_callback(ClientsideFunction("lightbox", "showInViewer"), Input(viewer.DATA, "data"))


def _register_reading(app: Dash, services: Services) -> None:
    reviewing, reading = services.reviewing, services.reading

    @app.callback(
        Output(REFRESH, "data"), Input(RETRY, "n_clicks"), State(SCAN_ID, "data"), prevent_initial_call=True
    )
    def _retry(clicks: int | None, scan_id: str) -> str:
        user = require(Permission.READ_AGAIN)
        clicked(clicks)
        retry(reviewing.scan_views, reading.readings, user, scan_id)
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
        cancel(reviewing.scan_views, reading.cancellation, user, scan_id)
        return f"cancelled {clicks}"


def _conflicts(reviewing: ReviewingServices, user: User, view: ScanView) -> list[Component]:
    if not may(user, Permission.SETTLE_IDENTITIES):
        return []
    return identities.panels(reviewing.identities.of_patient(view.patient.id, user))
