"""The report of a reading on its scan's page: as a PDF, as a file of text, and as text to be copied."""

from __future__ import annotations

from urllib.parse import quote

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from dashboard.components.copied_text import copied_id, copied_text
from dashboard.components.downloads import download_link

PANEL = "scan-report"
NAMED = "scan-report-named"  # whether the report says who the patient is
NAMED_ROW = "scan-report-named-row"
PDF = "scan-report-pdf"
TEXT_FILE = "scan-report-file"
TEXT = "scan-report-text"
COPIED = copied_id(TEXT)


def panel(*, names: bool) -> Component:
    """Build the panel, `names` for who may see the patient's; `dashboard.pages.scan_report` fills it."""
    named = dbc.Checkbox(id=NAMED, label="Name the patient in it", value=False)
    return html.Section(
        [
            html.H2("Report"),
            html.Div(named, id=NAMED_ROW, hidden=not names),
            html.Div(
                [
                    download_link("Report, PDF", "bi-file-earmark-pdf", id=PDF),
                    download_link("Report, text", "bi-file-earmark-text", id=TEXT_FILE),
                ],
                className="lb-downloads",
            ),
            *copied_text(TEXT, "Copy text", "The text", "As a radiology system takes it", 12),
        ],
        id=PANEL,
        className="lb-panel",
        hidden=True,
    )


def address(scan_id: str, kind: str, *, named: bool) -> str:
    """Where the report of a scan's reading is, `kind` being pdf or txt."""
    return f"/scans/{quote(scan_id, safe='')}/report.{kind}" + ("?identity=yes" if named else "")
