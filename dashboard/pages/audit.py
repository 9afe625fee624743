"""The audit trail: who did what to what, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import Dash, Input, Output, html
from dash.development.base_component import Component

from dashboard import accesses
from dashboard.auth import require
from dashboard.components import audit as parts
from dashboard.components.frame import LOCATION
from data.records import User
from services.addresses import AuditAddress
from services.permissions import Permission

if TYPE_CHECKING:
    from services.assembly.auditing import AuditServices


def layout(user: User, argument: str = "") -> Component:
    """Build the page; what it shows comes from its address."""
    return html.Div([html.Div(html.H1("Audit"), className="lb-page-head"), html.Div(id=parts.CONTENT)])


def show(auditing: AuditServices, user: User, search: str | None) -> list[Component]:
    """Return the form as an address fills it in, and the events that it asks for."""
    trail, address = auditing.trail, AuditAddress.read(search)
    names, page = trail.names(user), trail.page(address, user)
    patients = trail.pseudonyms(page.events, user)
    return [
        parts.state(auditing.watch),
        parts.form(address, names),
        parts.table(page, address, names, patients, user),
    ]


def register(app: Dash, auditing: AuditServices) -> None:
    """Bind the page."""

    @app.callback(Output(parts.CONTENT, "children"), Input(LOCATION, "search"))
    def _show(search: str | None) -> list[Component]:
        user = require(Permission.SEE_AUDIT)
        accesses.looked(accesses.TRAIL, "audit")
        return show(auditing, user, search)
