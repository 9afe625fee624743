"""What of a scan's result goes to other systems: links to DICOM objects for the PACS, and to plain files."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from dashboard.components.icons import icon
from data.records import User
from services.exporting.exports import Offer
from services.exporting.forms import Form
from services.permissions import Permission, may

PANEL = "scan-export"
NAMED = "scan-export-named"  # whether objects say who the patient is
LINKS = "scan-export-links"

_PICTURES = {Form.PNG: "bi-image", Form.CSV: "bi-filetype-csv", Form.ALL: "bi-file-earmark-zip"}


def panel(user: User) -> Component:
    """Build the panel; `dashboard.pages.scan_export` fills it."""
    named = dbc.Checkbox(
        id=NAMED, label="With the patient's name and number, as a PACS needs it", value=False
    )
    return html.Section(
        [
            html.H2("Results for other systems"),
            html.Div(named, hidden=not may(user, Permission.SEE_IDENTITY)),
            html.Div(id=LINKS, className="lb-downloads"),
        ],
        id=PANEL,
        className="lb-panel",
        hidden=True,
    )


def links(scan_id: str, offers: Sequence[Offer], *, named: bool) -> list[Component]:
    """A link a form."""
    return [
        html.A(
            [icon(_PICTURES.get(offer.form, "bi-hospital"), "me-2"), offer.label],
            href=address(scan_id, offer.form, named=named),
            download="",
            className="lb-download",
        )
        for offer in offers
    ]


def address(scan_id: str, form: str, *, named: bool) -> str:
    """Where a scan's result is in a form."""
    return f"/scans/{quote(scan_id, safe='')}/export/{form}" + ("?identity=yes" if named else "")
