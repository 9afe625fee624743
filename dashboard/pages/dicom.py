"""The DICOM node: what was sent to it and what became of it, and the systems that Lightbox talks to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import Dash, Input, Output, dcc, html
from dash.development.base_component import Component

from dashboard.auth import require
from dashboard.components import dicom as parts
from dashboard.components.dicom import OVERVIEW, TICK
from dashboard.pages import dicom_priors, dicom_watch, outbox, remote_nodes, routing
from data.records import User
from services.permissions import Permission

if TYPE_CHECKING:
    from services.assembly.sending import SendingServices
    from services.receiving.received import Received
    from services.remote_nodes.nodes import RemoteNodes

EVERY_MS = 5000


def layout(user: User, argument: str = "") -> Component:
    """Build the page; its content comes from `show`."""
    return html.Div(
        [
            html.Div(html.H1("DICOM node"), className="lb-page-head"),
            html.Div(id=OVERVIEW, className="lb-dicom"),
            *dicom_watch.section(),
            *remote_nodes.section(user),
            *routing.section(user),
            *outbox.section(user),
            *dicom_priors.section(),
            dcc.Interval(id=TICK, interval=EVERY_MS),
        ]
    )


def show(received: Received, user: User) -> list[Component]:
    """Return the node's state, its senders, and the studies that came."""
    overview = received.overview(user)
    return [
        parts.node(overview.node),
        parts.senders(overview.senders),
        *parts.refused(overview.node),
        parts.waiting(overview.waiting, overview.silence_seconds),
        parts.studies(overview.studies),
    ]


def register(app: Dash, received: Received, nodes: RemoteNodes, sending: SendingServices) -> None:
    """Bind the page."""
    remote_nodes.register(app, nodes)
    routing.register(app, sending.routing, nodes)
    outbox.register(app, sending.outbox)

    @app.callback(Output(OVERVIEW, "children"), Input(TICK, "n_intervals"))
    def _show(_: int | None) -> list[Component]:
        return show(received, require(Permission.SEE_RECEIVED))
