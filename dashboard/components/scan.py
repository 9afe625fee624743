"""The frame of one scan's page: the viewer's side panels, and the form of a review."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components import scan_patient, scan_report, viewer
from dashboard.components.attributes import data
from dashboard.components.icons import icon
from dashboard.components.results import finding
from data.records import NOTICE, User
from services import addresses

if TYPE_CHECKING:
    from services.reviewing.worklist import ScanView

SCAN_ID = "scan-id"
REFRESH = "scan-refresh"  # set by live.js when the server's version of the scan differs
COUNTS = "scan-counts"  # result and current review as the page shows them, for what is saved from it
SEEN = "scan-seen"  # the version that the page shows; live.js compares it
TITLE = "scan-title"
STATUS = "scan-status"
UNCERTAIN = "scan-uncertain"
RETRY = "scan-retry"
RETRY_ROW = "scan-retry-row"
RESULT = "scan-result"
IDENTITY = "scan-identity"  # whether its patient is somebody else here
FACTS = "scan-facts"
PROVENANCE = "scan-provenance"
CARD = "scan-card"
DOWNLOADS = "scan-downloads"
HISTORY = "scan-history"
REVIEW = "scan-review"
ACCEPT = "scan-accept"
ACCEPT_MEANS = "scan-accept-means"
REJECT = "scan-reject"
REASON = "scan-reason"
TRUTH = "scan-truth"
REVIEWED = "scan-reviewed"
ADVICE = "scan-mask-advice"
CORRECT_ROW = "scan-correct-row"


def frame(user: User, scan_id: str) -> Component:
    """Build the page's frame for one scan."""
    side = html.Aside(
        [
            html.Div(id=STATUS),
            html.Div(
                dbc.Button("Read again", id=RETRY, color="primary", size="sm"), id=RETRY_ROW, hidden=True
            ),
            html.Section(id=RESULT, className="lb-panel lb-result"),
            html.Div(id=IDENTITY),
            html.Div(NOTICE, className="lb-inline-notice"),
            _review_panel(user),
            _panel("Reviews", html.Div(id=HISTORY)),
            scan_report.panel(user),
            _panel("Downloads", html.Div(id=DOWNLOADS, className="lb-downloads")),
            _panel("Patient and scan", html.Div(id=FACTS)),
            scan_patient.panel(user),
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
                        href=addresses.WORKLIST,
                        className="lb-back",
                        title="Worklist",
                    ),
                    html.Div(id=TITLE, className="lb-scan-title"),
                ],
                className="lb-page-head lb-identity",
            ),
            html.Div(id=COUNTS, hidden=True),
            html.Div(id=scan_patient.WITHDRAWN, className="lb-withdrawn"),
            html.Div(id=UNCERTAIN, role="status"),
            html.Div([viewer.frame(), side], className="lb-scan-columns"),
        ],
        className="lb-scan",
        id="scan-page",
        **data(scan=scan_id),
    )


def counts(view: ScanView) -> Component:
    """Say to scripts which result the page shows, and which review counts of it ("" for none)."""
    result = "" if view.result is None else view.result.id
    review = "" if view.current is None else view.current.id
    return html.Span(**data(result=result, review=review))


def truth_options(task: str) -> list[dict[str, str]]:
    """What a reviewer may hold to be true of a scan."""
    name = finding(task).capitalize()
    return [
        {"label": f"{name} present", "value": "present"},
        {"label": f"{name} absent", "value": "absent"},
        {"label": "Leave open", "value": ""},
    ]


def _review_panel(user: User) -> Component:
    body = [
        html.H2("Your review"),
        html.P(id=ACCEPT_MEANS, className="text-secondary"),
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
                dbc.RadioItems(id=TRUTH, options=truth_options(""), value="", inline=True),
                dbc.Button([icon("bi-x-lg"), "Reject"], id=REJECT, color="danger", outline=True, size="sm"),
            ],
        ),
        html.Details(
            [
                html.Summary("Correct the mask"),
                html.P(id=ADVICE, className="text-secondary"),
                html.Label(
                    "Labels that are the finding, where the mask has several", htmlFor="correct-labels"
                ),
                dbc.Input(id="correct-labels", placeholder="such as 1, 4, or all", size="sm", maxlength=200),
                dbc.Checkbox(id="correct-empty", label="The mask is meant to be empty", value=False),
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
