"""One scan: the viewer, what was found, and what a clinician says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dash_bootstrap_components as dbc
from dash import ClientsideFunction, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from dashboard.auth import require
from dashboard.components import drift_gallery, panels, viewer
from dashboard.components.icons import icon
from dashboard.components.results import finding, version_of
from data.records import NOTICE, ScanStatus, User
from services.permissions import Permission, may

if TYPE_CHECKING:
    from services.assembly.container import Services
    from services.reviewing.worklist import ScanView

SCAN_ID = "scan-id"
REFRESH = "scan-refresh"  # set by live.js when the server's version of the scan differs
SEEN = "scan-seen"  # the version that the page shows; live.js compares it
TITLE = "scan-title"
STATUS = "scan-status"
RETRY = "scan-retry"
RETRY_ROW = "scan-retry-row"
RESULT = "scan-result"
FACTS = "scan-facts"
PROVENANCE = "scan-provenance"
CARD = "scan-card"
DOWNLOADS = "scan-downloads"
HISTORY = "scan-history"
REVIEW = "scan-review"
ACCEPT = "scan-accept"
REJECT = "scan-reject"
REASON = "scan-reason"
TRUTH = "scan-truth"
REVIEWED = "scan-reviewed"
ADVICE = "scan-mask-advice"
CORRECT_ROW = "scan-correct-row"

_TRUTHS = {"present": True, "absent": False, "": None}


def layout(user: User, scan_id: str = "") -> Component:
    """Build the page's frame for one scan; `show` fills it."""
    side = html.Aside(
        [
            html.Div(id=STATUS),
            html.Div(
                dbc.Button("Read again", id=RETRY, color="primary", size="sm"), id=RETRY_ROW, hidden=True
            ),
            html.Section(id=RESULT, className="lb-panel lb-result"),
            html.Div(NOTICE, className="lb-inline-notice"),
            _review_panel(user),
            _panel("Reviews", html.Div(id=HISTORY)),
            _panel("Downloads", html.Div(id=DOWNLOADS, className="lb-downloads")),
            _panel("Patient and scan", html.Div(id=FACTS)),
            html.Details([html.Summary("How it was read"), html.Div(id=PROVENANCE)], className="lb-panel"),
            html.Details(
                [html.Summary("About the model"), dcc.Markdown(id=CARD, className="lb-markdown")],
                className="lb-panel",
            ),
        ],
        className="lb-side",
    )
    return html.Div(
        [
            dcc.Store(id=SCAN_ID, data=scan_id),
            dcc.Store(id=REFRESH),
            dcc.Store(id=SEEN),
            html.Div(
                [
                    dcc.Link(
                        icon("bi-arrow-left", ""),
                        href="/worklist",
                        className="lb-back",
                        title="Worklist",
                    ),
                    html.Div(id=TITLE, className="lb-scan-title"),
                ],
                className="lb-page-head",
            ),
            html.Div([viewer.frame(), side], className="lb-scan-columns"),
        ],
        className="lb-scan",
        id="scan-page",
        **{"data-scan": scan_id},
    )


def show(services: Services, user: User, scan_id: str) -> dict[str, Any]:
    """Return everything that the page shows of a scan, by the id of its place."""
    view = services.reviewing.worklist.scan(scan_id, user)
    waiting = services.reviewing.worklist.waiting_count() if view.scan.status is ScanStatus.WAITING else 0
    return {
        TITLE: panels.title(view, user),
        STATUS: panels.status_panel(view, waiting),
        RETRY_ROW: view.scan.status is not ScanStatus.FAILED,
        RESULT: panels.result_panel(view),
        FACTS: panels.facts(view, user),
        PROVENANCE: panels.provenance(view.result),
        CARD: view.model_card or "",
        DOWNLOADS: panels.downloads(view),
        HISTORY: [
            drift_gallery.hint(services.reviewing.requests.of_scan(scan_id)),
            panels.history(view.reviews, view.scan.task),
        ],
        REVIEW: not _may_review(view, user),
        ADVICE: panels.mask_advice(view.scan),
        CORRECT_ROW: view.result is None or not view.result.has_mask,
        TRUTH: _truth_options(view.scan.task),
        SEEN: {"scan": scan_id, "version": version_of(view)},
    }


def show_viewer(
    services: Services, user: User, scan_id: str, before: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return what the viewer's controls become for a scan, by the id of their place.

    `before` is what the viewer had: a refresh keeps the person's own settings where they still fit.
    """
    view = services.reviewing.worklist.scan(scan_id, user)
    data = viewer.viewer_data(view, services.reviewing.pictures.window(scan_id))
    same_scan = before is not None and before["base"] == data["base"]
    options, on = viewer.layer_options(view)
    shown = {
        viewer.DATA: {"data": data},
        viewer.LAYERS: {"options": options, "value": on},
        viewer.SLICE: {"max": max(2, view.scan.slices)},
        viewer.SLICE_ROW: {"hidden": view.scan.slices == 1},
        viewer.WINDOW: viewer.window_slider(data["window"]),
        viewer.OPACITY_ROW: {"hidden": not options},
        viewer.SOURCE: {"value": "corrected" if "corrected" in data["sources"] else "ai"},
        viewer.SOURCE_ROW: {"hidden": "corrected" not in data["sources"]},
        viewer.JUMPS: {"children": viewer.jump_buttons(viewer.shown_measurements(view))},
    }
    if same_scan and before is not None:
        shown[viewer.WINDOW]["value"] = no_update
        if bool(before["sources"]) == bool(data["sources"]) and before["heatmap"] == data["heatmap"]:
            shown[viewer.LAYERS]["value"] = no_update
        if before["sources"].get("corrected") == data["sources"].get("corrected"):
            shown[viewer.SOURCE]["value"] = no_update
    return shown


def retry(services: Services, user: User, scan_id: str) -> None:
    """Ask for a failed scan to be read again."""
    services.reviewing.worklist.scan(scan_id, user)
    services.reading.readings.request(scan_id, user)


def decide(
    services: Services, user: User, scan_id: str, verdict: str, reason: str | None, truth: str | None
) -> str:
    """Accept or reject a result, and say so in a sentence."""
    if verdict == ACCEPT:
        services.reviewing.reviews.accept(scan_id, user)
        return "Accepted."
    services.reviewing.reviews.reject(scan_id, user, reason or "", _TRUTHS.get(truth or ""))
    return "Rejected."


def register(app: Dash, services: Services) -> None:
    """Bind the page."""
    _register_panels(app, services)
    _register_viewer(app, services)
    _register_review(app, services)


def _register_panels(app: Dash, services: Services) -> None:
    @app.callback(
        Output(TITLE, "children"),
        Output(STATUS, "children"),
        Output(RETRY_ROW, "hidden"),
        Output(RESULT, "children"),
        Output(FACTS, "children"),
        Output(PROVENANCE, "children"),
        Output(CARD, "children"),
        Output(DOWNLOADS, "children"),
        Output(HISTORY, "children"),
        Output(REVIEW, "hidden"),
        Output(ADVICE, "children"),
        Output(CORRECT_ROW, "hidden"),
        Output(TRUTH, "options"),
        Output(SEEN, "data"),
        Input(SCAN_ID, "data"),
        Input(REFRESH, "data"),
    )
    def _show(scan_id: str, _: Any) -> list[Any]:
        shown = show(services, require(Permission.SEE_SCANS), scan_id)
        return [shown[place["id"]] for place in ctx.outputs_list]

    app.clientside_callback(ClientsideFunction("lightbox", "noteScan"), Input(SEEN, "data"))

    @app.callback(
        Output(REFRESH, "data"), Input(RETRY, "n_clicks"), State(SCAN_ID, "data"), prevent_initial_call=True
    )
    def _retry(clicks: int | None, scan_id: str) -> Any:
        user = require(Permission.READ_AGAIN)
        if not clicks:
            return no_update
        retry(services, user, scan_id)
        return f"asked {clicks}"


def _register_viewer(app: Dash, services: Services) -> None:
    @app.callback(
        Output(viewer.DATA, "data"),
        Output(viewer.LAYERS, "options"),
        Output(viewer.LAYERS, "value"),
        Output(viewer.SLICE, "max"),
        Output(viewer.SLICE_ROW, "hidden"),
        Output(viewer.WINDOW, "min"),
        Output(viewer.WINDOW, "max"),
        Output(viewer.WINDOW, "step"),
        Output(viewer.WINDOW, "value"),
        Output(viewer.OPACITY_ROW, "hidden"),
        Output(viewer.SOURCE, "value"),
        Output(viewer.SOURCE_ROW, "hidden"),
        Output(viewer.JUMPS, "children"),
        Input(SCAN_ID, "data"),
        Input(REFRESH, "data"),
        State(viewer.DATA, "data"),
    )
    def _show_viewer(scan_id: str, _: Any, before: dict[str, Any] | None) -> list[Any]:
        shown = show_viewer(services, require(Permission.SEE_SCANS), scan_id, before)
        return [shown[place["id"]][place["property"]] for place in ctx.outputs_list]

    app.clientside_callback(
        ClientsideFunction("lightbox", "drawViewer"),
        Input(viewer.DATA, "data"),
        Input(viewer.SLICE, "value"),
        Input(viewer.LAYERS, "value"),
        Input(viewer.OPACITY, "value"),
        Input(viewer.WINDOW, "value"),
        Input(viewer.SOURCE, "value"),
    )
    app.clientside_callback(
        ClientsideFunction("lightbox", "usePreset"),
        Output(viewer.WINDOW, "value", allow_duplicate=True),
        Input(viewer.PRESET, "value"),
        State(viewer.DATA, "data"),
        prevent_initial_call=True,
    )


def _register_review(app: Dash, services: Services) -> None:
    @app.callback(
        Output(REVIEWED, "children"),
        Output(REFRESH, "data", allow_duplicate=True),
        Output(REASON, "value"),
        Input(ACCEPT, "n_clicks"),
        Input(REJECT, "n_clicks"),
        State(SCAN_ID, "data"),
        State(REASON, "value"),
        State(TRUTH, "value"),
        prevent_initial_call=True,
    )
    def _decide(
        accepts: int | None, rejects: int | None, scan_id: str, reason: str | None, truth: str | None
    ) -> tuple[Any, Any, Any]:
        user = require(Permission.REVIEW)
        if not accepts and not rejects:
            return no_update, no_update, no_update
        said = decide(services, user, scan_id, str(ctx.triggered_id), reason, truth)
        return said, f"reviewed {accepts} {rejects}", ""


def _may_review(view: ScanView, user: User) -> bool:
    return may(user, Permission.REVIEW) and view.result is not None


def _truth_options(task: str) -> list[dict[str, str]]:
    found = finding(task).capitalize()
    return [
        {"label": f"{found} present", "value": "present"},
        {"label": f"{found} absent", "value": "absent"},
        {"label": "Leave open", "value": ""},
    ]


def _review_panel(user: User) -> Component:
    body = [
        html.H2("Your review"),
        html.Div(
            [
                dbc.Button([icon("bi-check-lg"), "Accept"], id=ACCEPT, color="success", size="sm"),
                html.Span(id=REVIEWED, className="text-secondary", role="status"),
            ],
            className="lb-review-row",
        ),
        html.Details(
            [
                html.Summary("Reject"),
                html.Label("Why", htmlFor=REASON),
                dbc.Textarea(id=REASON, rows=2, maxlength=1000),
                html.Label("What is true"),
                dbc.RadioItems(id=TRUTH, options=_truth_options(""), value="", inline=True),
                dbc.Button([icon("bi-x-lg"), "Reject"], id=REJECT, color="danger", outline=True, size="sm"),
            ],
        ),
        html.Details(
            [
                html.Summary("Correct the mask"),
                html.P(id=ADVICE, className="text-secondary"),
                html.Button("Upload a mask", id="choose-mask", className="btn btn-sm btn-outline-primary"),
                html.Div(id="correct-message", role="status"),  # filled by viewer.js
            ],
            id=CORRECT_ROW,
            hidden=True,
        ),
    ]
    return html.Section(body, id=REVIEW, className="lb-panel lb-review", hidden=True)


def _panel(heading: str, content: Component) -> Component:
    return html.Section([html.H2(heading), content], className="lb-panel")
