"""How long each sender has paused, beside its usual pause, and the form on whether it is watched."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from dashboard.components.attributes import aria
from dashboard.components.dialog import form_dialog
from dashboard.components.results import local_time
from services.receiving.silence import LEARNT_ARRIVALS, LEARNT_WEEKS, TIMES_USUAL

if TYPE_CHECKING:
    from services.receiving.sender_watch import WatchedSender

LIST = "dicom-pauses"
ACTION = "dicom-watch-change"  # type of the buttons: {"type", "sender"}
FORM = "dicom-watch-form"
HEADING = "dicom-watch-heading"
SENDER = "dicom-watch-sender"
DECISION = "dicom-watch-decision"
UNTIL = "dicom-watch-until"
SAVE = "dicom-watch-save"

WATCHED, MUTED, RETIRED = "watched", "muted", "retired"
_DECISIONS = {
    WATCHED: "Watched: its silence is an alert",
    MUTED: "Muted until a time",
    RETIRED: "Retired: it does not send any more",
}
_RULE = (
    f"A sender is silent once its pause is {TIMES_USUAL:g} times its usual one: the longest pause of an "
    "ordinary month, counted in hours in which it usually sends. Nights, weekends and days off are learnt "
    "from its last twelve weeks; times in which this node did not run do not count."
)


def table(senders: Sequence[WatchedSender], moment: datetime, changing: bool) -> list[Component]:
    """Show each sender's pause; with `changing` a button each that opens the form."""
    if not senders:
        return []
    names = ["AE title", "Last instance", "Pause", "Usual pause", "State", *([""] if changing else [])]
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in names]))
    rows = [html.Tr([html.Td(cell) for cell in _cells(sender, moment, changing)]) for sender in senders]
    whole = html.Table([head, html.Tbody(rows)], className="table align-middle lb-people")
    return [
        html.H2("Silence"),
        html.P(_RULE, className="text-secondary"),
        html.Div(whole, className="lb-scroll"),
    ]


def form() -> Component:
    """Ask whether a sender is watched; one form for all."""
    options = [{"label": words, "value": value} for value, words in _DECISIONS.items()]
    fields = [
        html.Fieldset([html.Legend("This sender is"), dbc.RadioItems(id=DECISION, options=options)]),
        html.Label("Muted until (this server's time)", htmlFor=UNTIL),
        dbc.Input(id=UNTIL, type="datetime-local"),
    ]
    return form_dialog(FORM, HEADING, fields, SAVE)


def decision(sender: WatchedSender, moment: datetime) -> str:
    """What holds of a sender, as the form's value."""
    if sender.watch.retired:
        return RETIRED
    return MUTED if sender.watch.quiet(moment) else WATCHED


def _cells(sender: WatchedSender, moment: datetime, changing: bool) -> list[Any]:
    pause = sender.pause
    learnt = pause is not None and pause.learnt
    cells: list[Any] = [
        html.Code(sender.ae_title),
        local_time(sender.last_at),
        _hours(pause.hours) if pause is not None and learnt else "",
        _hours(pause.usual_hours) if pause is not None and learnt else "",
        _state(sender, moment),
    ]
    if changing:
        name = {"type": ACTION, "sender": sender.ae_title}
        look = "btn btn-sm btn-outline-secondary"
        label = aria(label=f"Change whether {sender.ae_title} is watched")
        cells.append(html.Button("Change…", id=name, className=look, **label))
    return cells


def _hours(hours: float) -> str:
    return f"{hours:.1f} h" if hours < 100 else f"{hours:.0f} h"


def _state(sender: WatchedSender, moment: datetime) -> Any:
    watch, pause = sender.watch, sender.pause
    by = f" ({watch.decided_name}, {local_time(watch.decided_at)})" if watch.decided_at else ""
    if watch.retired:
        return f"Retired{by}"
    if watch.quiet(moment):
        return f"Muted until {local_time(watch.muted_until)}{by}"
    if pause is None:
        return "Not judged: its last instance came later than it is now by this server's clock."
    if not pause.learnt:
        seen = f"{min(pause.weeks, LEARNT_WEEKS):.1f} of {LEARNT_WEEKS:g} weeks"
        came = f"{min(pause.arrivals, LEARNT_ARRIVALS)} of {LEARNT_ARRIVALS} times that something came"
        return f"Not learnt yet: {seen}, {came}"
    if pause.silent:
        return html.Span("Silent", className="lb-badge lb-status-failed")
    return html.Span("Sends", className="lb-badge lb-status-read")
