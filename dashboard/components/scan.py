"""The frame of one scan's page: the viewer's side panels, and the form of a review."""

from __future__ import annotations

from functools import lru_cache

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components import (
    burned_in_text,
    editing,
    feedback,
    measuring,
    reruns,
    review,
    scan_export,
    scan_patient,
    scan_report,
    second_reading,
    unaided,
    viewer,
)
from dashboard.components.attributes import data
from dashboard.components.icons import icon
from data.records import NOTICE, User
from services import addresses
from services.addresses import ScanAddress
from services.permissions import Permission, may

SCAN_ID = "scan-id"
REFRESH = "scan-refresh"  # set by live.js when the server's version of the scan differs
SEEN = "scan-seen"  # the version that the page shows; live.js compares it
TITLE = "scan-title"
STATUS = "scan-status"
UNCERTAIN = "scan-uncertain"
RETRY = "scan-retry"
RETRY_ROW = "scan-retry-row"
CANCEL = "scan-cancel"
CANCEL_ROW = "scan-cancel-row"
RESULT = "scan-result"
IDENTITY = "scan-identity"  # whether its patient is somebody else here
FACTS = "scan-facts"
PROVENANCE = "scan-provenance"
CARD = "scan-card"
DOWNLOADS = "scan-downloads"


def frame(user: User, address: ScanAddress) -> Component:
    """Build the page's frame for a scan; its arrow leads back to the list that the person came from."""
    return html.Div(
        [
            dcc.Store(id=SCAN_ID, data=address.scan_id),
            dcc.Store(id=REFRESH),
            dcc.Store(id=SEEN),
            html.Div(
                [
                    dcc.Link(
                        icon("bi-arrow-left", ""),
                        href=addresses.worklist(address.worklist),
                        className="lb-back",
                        title="Worklist",
                    ),
                    html.Div(id=TITLE, className="lb-scan-title"),
                ],
                className="lb-page-head lb-identity",
            ),
            html.Div(id=review.COUNTS, hidden=True),
            html.Div(id=scan_patient.WITHDRAWN, className="lb-withdrawn"),
            html.Div(id=UNCERTAIN, role="status"),
            _columns(
                names=may(user, Permission.SEE_IDENTITY),
                moves=may(user, Permission.MOVE_SCANS),
                withdraws=may(user, Permission.WITHDRAW_SCANS),
            ),
        ],
        className="lb-scan",
        id="scan-page",
        **data(scan=address.scan_id),
    )


@lru_cache  # two hundred components that are the same for everybody with the same rights
def _columns(*, names: bool, moves: bool, withdraws: bool) -> Component:
    """The viewer and the panels beside it, for who may see names, move scans and withdraw them."""
    side = html.Aside(
        [
            unaided.panel(),
            editing.panel(),
            html.Div(id=STATUS),
            html.Div(dbc.Button("Read now", id=RETRY, color="primary", size="sm"), id=RETRY_ROW, hidden=True),
            html.Div(
                dbc.Button("Cancel the reading", id=CANCEL, color="primary", outline=True, size="sm"),
                id=CANCEL_ROW,
                hidden=True,
            ),
            html.Section(id=RESULT, className="lb-panel lb-result"),
            html.Div(id=IDENTITY),
            html.Div(NOTICE, className="lb-inline-notice"),
            measuring.panel(),
            review.panel(),
            _panel("Reviews", html.Div([html.Div(id=review.HISTORY), second_reading.panel()])),
            scan_report.panel(names=names),
            feedback.panel(),
            _panel("Downloads", html.Div(id=DOWNLOADS, className="lb-downloads")),
            scan_export.panel(names=names),
            burned_in_text.panel(),
            _panel("Patient and scan", html.Div(id=FACTS)),
            scan_patient.panel(moves=moves, withdraws=withdraws),
            html.Details(
                [html.Summary("How it was read"), html.Div(id=PROVENANCE), *reruns.place()],
                className="lb-panel",
            ),
            html.Details(
                [html.Summary("About the model"), dcc.Markdown(id=CARD, className="lb-markdown")],
                className="lb-panel",
            ),
        ],
        className="lb-side",
    )
    return html.Div([viewer.frame(), side], className="lb-scan-columns")


def _panel(heading: str, content: Component) -> Component:
    return html.Section([html.H2(heading), content], className="lb-panel")
