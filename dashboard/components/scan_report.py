"""The report of a reading on its scan's page: as a PDF, as a file of text, and as text to be copied."""

from __future__ import annotations

from urllib.parse import quote

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from dashboard.components.downloads import download_link
from dashboard.components.icons import icon
from data.records import User
from services.permissions import Permission, may

PANEL = "scan-report"
NAMED = "scan-report-named"  # whether the report says who the patient is
NAMED_ROW = "scan-report-named-row"
PDF = "scan-report-pdf"
TEXT_FILE = "scan-report-file"
TEXT = "scan-report-text"
COPY = "scan-report-copy"
COPIED = "scan-report-copied"  # filled by reading_report.js


def panel(user: User) -> Component:
    """Build the panel; `dashboard.pages.scan_report` fills it."""
    named = dbc.Checkbox(id=NAMED, label="Name the patient in it", value=False)
    return html.Section(
        [
            html.H2("Report"),
            html.Div(named, id=NAMED_ROW, hidden=not may(user, Permission.SEE_IDENTITY)),
            html.Div(
                [
                    download_link("Report, PDF", "bi-file-earmark-pdf", id=PDF),
                    download_link("Report, text", "bi-file-earmark-text", id=TEXT_FILE),
                ],
                className="lb-downloads",
            ),
            html.Div(
                [
                    html.Button(
                        [icon("bi-clipboard"), "Copy text"],
                        id=COPY,
                        type="button",
                        className="btn btn-sm btn-outline-primary",
                    ),
                    html.Span(id=COPIED, className="text-secondary", role="status"),
                ],
                className="lb-review-row",
            ),
            html.Details(
                [
                    html.Summary("The text"),
                    html.Label("As a radiology system takes it", htmlFor=TEXT),
                    dbc.Textarea(id=TEXT, readonly=True, rows=12, class_name="lb-report-text"),
                ]
            ),
        ],
        id=PANEL,
        className="lb-panel",
        hidden=True,
    )


def address(scan_id: str, kind: str, *, named: bool) -> str:
    """Where the report of a scan's reading is, `kind` being pdf or txt."""
    return f"/scans/{quote(scan_id, safe='')}/report.{kind}" + ("?identity=yes" if named else "")
