"""What of a scan's result goes to other systems: links to DICOM objects for the PACS, and to plain files."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from dashboard.components import scan_sending
from dashboard.components.copied_text import copied_id, copied_text
from dashboard.components.downloads import download_link
from services.exporting.exports import Offer
from services.exporting.forms import REPLACING, Form

PANEL = "scan-export"
NAMED = "scan-export-named"  # whether objects say who the patient is
WITH_PDF = "scan-export-pdf"  # whether FHIR and HL7 v2 have the report as PDF inside
LINKS = "scan-export-links"
FINDINGS = "scan-export-findings"  # the text for a report
COPIED = copied_id(FINDINGS)

_PICTURES = {
    Form.FHIR_R4: "bi-filetype-json",
    Form.FHIR_R5: "bi-filetype-json",
    Form.HL7: "bi-envelope",
    Form.TEXT: "bi-filetype-txt",
    Form.PNG: "bi-image",
    Form.CSV: "bi-filetype-csv",
    Form.ALL: "bi-file-earmark-zip",
}


def panel(*, names: bool) -> Component:
    """Build the panel, `names` for who may see the patient's; `dashboard.pages.scan_export` fills it."""
    named = dbc.Checkbox(
        id=NAMED, label="With the patient's name and number, as a PACS needs it", value=False
    )
    with_pdf = dbc.Checkbox(id=WITH_PDF, label="With the report as PDF inside (FHIR, HL7 v2)", value=False)
    return html.Section(
        [
            html.H2("Results for other systems"),
            *copied_text(
                FINDINGS, "Copy findings as text", "The findings", "To paste into a report, by pseudonym", 10
            ),
            html.Div(named, hidden=not names),
            with_pdf,
            html.Div(id=LINKS, className="lb-downloads"),
            scan_sending.panel(),
        ],
        id=PANEL,
        className="lb-panel",
        hidden=True,
    )


def links(scan_id: str, offers: Sequence[Offer], *, named: bool, with_pdf: bool = False) -> list[Component]:
    """A link a form."""
    return [
        download_link(
            offer.label,
            _PICTURES.get(offer.form, "bi-hospital"),
            href=address(scan_id, offer.form, named=named, with_pdf=with_pdf),
        )
        for offer in offers
    ]


def address(scan_id: str, form: str, *, named: bool, with_pdf: bool = False) -> str:
    """Where a scan's result is in a form."""
    asked = {"identity": named, "pdf": with_pdf and form in REPLACING}
    query = "&".join(f"{name}=yes" for name, is_asked in asked.items() if is_asked)
    return f"/scans/{quote(scan_id, safe='')}/export/{form}" + (f"?{query}" if query else "")
