"""Sending a scan's result to a remote node by hand, and where its results went."""

from __future__ import annotations

from collections.abc import Sequence

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from dashboard.components import outbox
from dashboard.components.attributes import aria
from services.exporting.forms import LABELS
from services.sending.outbox import DeliveryView, Destination

PANEL = "scan-export-sent"
WENT = "scan-export-sent-list"
SEND = "scan-export-send"  # what somebody sends with
NODE = "scan-export-send-node"
FORMS = "scan-export-send-forms"
BUTTON = "scan-export-send-button"
SAID = "scan-export-send-said"


def panel() -> Component:
    """Build the part of the panel; `dashboard.pages.scan_sending` fills it."""
    send = html.Div(
        [
            html.Label("Send to", htmlFor=NODE),
            dbc.Select(id=NODE, options=[]),
            html.Fieldset([html.Legend("What"), dbc.Checklist(id=FORMS, options=[], value=[])]),
            html.Button(
                "Send under the patient's name", id=BUTTON, className="btn btn-sm btn-outline-primary"
            ),
        ],
        id=SEND,
        className="lb-form",
        hidden=True,
    )
    return html.Div(
        [
            send,
            html.Div(id=SAID, **aria(live="polite")),
            html.H3("Sent to other systems"),
            html.Ul(id=WENT, className="list-unstyled small"),
        ],
        id=PANEL,
        hidden=True,
    )


def went(views: Sequence[DeliveryView]) -> list[Component]:
    """Where the results of the scan went."""
    return outbox.of_scan(views) or [html.Li("Nothing yet.", className="text-secondary")]


def node_options(destinations: Sequence[Destination]) -> list[dict[str, str]]:
    """The nodes for the menu."""
    return [{"value": where.node.id, "label": where.node.name} for where in destinations]


def form_options(destination: Destination | None) -> list[dict[str, str]]:
    """What can be sent there."""
    forms = () if destination is None else destination.forms
    return [{"value": form, "label": LABELS[form]} for form in forms]
