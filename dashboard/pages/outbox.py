"""The outbox, on the page "DICOM": what waits and why, what went; sent now, again, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard.auth import require
from dashboard.components import outbox as parts
from dashboard.components.outputs import Values, clicked, outputs, pressed
from data.records import User
from services.permissions import Permission, may

if TYPE_CHECKING:
    from services.sending.outbox import Outbox

EVERY_MS = 5000


def section(user: User) -> list[Component]:
    """Build the part of the page; `show` fills it."""
    hurry = html.Button(
        "Try everything now",
        id=parts.HURRY,
        className="btn btn-sm btn-outline-secondary",
        hidden=not may(user, Permission.MANAGE_REMOTE_NODES),
    )
    return [
        html.Div([html.H2("Outbox"), hurry], className="lb-page-head lb-section"),
        html.Div(id=parts.LIST),
        dcc.Store(id=parts.SEEN),
        dcc.Interval(id=parts.TICK, interval=EVERY_MS),
    ]


def content(outbox: Outbox, user: User) -> list[Component]:
    """Return the tables."""
    managed, linked = may(user, Permission.MANAGE_REMOTE_NODES), may(user, Permission.SEE_SCANS)
    return parts.content(outbox.overview(user), managed=managed, linked=linked)


def show(outbox: Outbox, user: User, seen: str | None) -> Values:
    """Return the tables and a word for them; raises PreventUpdate where that is `seen` already."""
    shown = content(outbox, user)
    word = str(hash(str(shown)))
    if word == seen:
        raise PreventUpdate
    return {parts.LIST: shown, parts.SEEN: word}


def act(outbox: Outbox, user: User, delivery_id: str, verb: str) -> None:
    """Do what a button in the tables says. Raises InvalidInput, NotFound."""
    if verb == "again":
        outbox.again(delivery_id, user)
    elif verb == "skip":
        outbox.skip(delivery_id, user)


def register(app: Dash, outbox: Outbox) -> None:
    """Bind the part of the page."""

    @app.callback(
        output=outputs({parts.LIST: "children", parts.SEEN: "data"}),
        inputs=[Input(parts.TICK, "n_intervals"), State(parts.SEEN, "data")],
    )
    def _show(_: int | None, seen: str | None) -> Values:
        return show(outbox, require(Permission.SEE_REMOTE_NODES), seen)

    @app.callback(
        Output(parts.LIST, "children", allow_duplicate=True),
        Input({"type": parts.ACTION, "delivery": ALL, "verb": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )
    def _act(clicks: list[int | None]) -> list[Component]:
        user = require(Permission.MANAGE_REMOTE_NODES)
        button = pressed(ctx.triggered_id, clicks)
        act(outbox, user, button["delivery"], button["verb"])
        return content(outbox, user)

    @app.callback(
        Output(parts.LIST, "children", allow_duplicate=True),
        Input(parts.HURRY, "n_clicks"),
        prevent_initial_call=True,
    )
    def _hurry(clicks: int | None) -> list[Component]:
        user = require(Permission.MANAGE_REMOTE_NODES)
        clicked(clicks)
        outbox.hurry(user)
        return content(outbox, user)
