"""Which senders have gone silent, on the page of the DICOM node; administrators say who is watched."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html
from dash.development.base_component import Component

from dashboard.auth import require
from dashboard.components import alerts, bell, sender_watch
from dashboard.components.dicom import TICK
from dashboard.components.outputs import Values, clicked, outputs, pressed
from data.errors import InvalidInput
from data.records import User
from services.permissions import Permission, may

if TYPE_CHECKING:
    from services.alerts.alerts import Alerts
    from services.receiving.sender_watch import SenderWatching


def section() -> list[Component]:
    """Build the part of the page; `show` fills it."""
    return [
        html.Section(id=sender_watch.LIST, className="mt-4"),
        sender_watch.form(),
        dcc.Store(id=sender_watch.SENDER),
    ]


def show(watching: SenderWatching, user: User) -> list[Component]:
    """Return the table of pauses."""
    return sender_watch.table(watching.view(user), _now(), may(user, Permission.WATCH_SENDERS))


def form(watching: SenderWatching, user: User, ae_title: str) -> Values:
    """The opened form on a sender."""
    moment = _now()
    (sender,) = (known for known in watching.view(user) if known.ae_title == ae_title)
    return {
        sender_watch.FORM: True,
        sender_watch.SENDER: ae_title,
        sender_watch.HEADING: f"Change: {ae_title}",
        sender_watch.DECISION: sender_watch.decision(sender, moment),
        sender_watch.UNTIL: alerts.suggested_end(moment),
    }


def decide(watching: SenderWatching, user: User, ae_title: str, decision: str, until: str | None) -> None:
    """Do what the form says; raises InvalidInput."""
    if decision == sender_watch.RETIRED:
        watching.retire(ae_title, user)
    elif decision == sender_watch.MUTED:
        end = alerts.entered_time(until)
        if end is None:
            raise InvalidInput("Choose until when.")
        watching.mute(ae_title, user, end)
    else:
        watching.watch(ae_title, user)


def register(app: Dash, watching: SenderWatching, calling: Alerts) -> None:
    """Bind the part of the page; a decision may end an alert, which the bell shows."""

    @app.callback(Output(sender_watch.LIST, "children"), Input(TICK, "n_intervals"))
    def _show(_: int | None) -> list[Component]:
        return show(watching, require(Permission.SEE_RECEIVED))

    @app.callback(
        output=outputs(
            {
                sender_watch.FORM: "is_open",
                sender_watch.SENDER: "data",
                sender_watch.HEADING: "children",
                sender_watch.DECISION: "value",
                sender_watch.UNTIL: "value",
            }
        ),
        inputs=[Input({"type": sender_watch.ACTION, "sender": ALL}, "n_clicks")],
        prevent_initial_call=True,
    )
    def _open(clicks: list[int | None]) -> Values:
        user = require(Permission.WATCH_SENDERS)
        return form(watching, user, pressed(ctx.triggered_id, clicks)["sender"])

    @app.callback(
        Output(sender_watch.FORM, "is_open", allow_duplicate=True),
        Output(sender_watch.LIST, "children", allow_duplicate=True),
        Output(bell.SEEN, "data", allow_duplicate=True),
        Input(sender_watch.SAVE, "n_clicks"),
        State(sender_watch.SENDER, "data"),
        State(sender_watch.DECISION, "value"),
        State(sender_watch.UNTIL, "value"),
        prevent_initial_call=True,
    )
    def _save(
        clicks: int | None, ae_title: str | None, decision: str | None, until: str | None
    ) -> tuple[bool, list[Component], str]:
        user = require(Permission.WATCH_SENDERS)
        clicked(clicks)
        decide(watching, user, ae_title or "", decision or "", until)
        return False, show(watching, user), calling.token(user)


def _now() -> datetime:
    return datetime.now(UTC)
