"""The outbox in tables: what waits and why, what went."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard.components.attributes import aria
from dashboard.components.results import local_time
from data.records import DeliveryState
from services import addresses
from services.sending.outbox import DeliveryView, OutboxView

LIST = "outbox"
SEEN = "outbox-seen"
TICK = "outbox-tick"
ACTION = "delivery-action"  # type of the buttons: {"type", "delivery", "verb"}
HURRY = "delivery-hurry"

_LOOKS = {
    DeliveryState.WAITING: ("Waits", "lb-status-reading"),
    DeliveryState.DELIVERED: ("Delivered", "lb-status-read"),
    DeliveryState.SKIPPED: ("Not sent", "lb-status-failed"),
}
_NOTHING_WAITS = "Nothing waits."
_NOTHING_WENT = "Nothing was sent yet."
_SCAN_SHOWN = 8


def content(view: OutboxView, *, managed: bool, linked: bool) -> list[Component]:
    """Show the outbox; with buttons for who manages it, and links to scans for who may see them."""
    counts = view.counts
    said = (
        f"{counts[DeliveryState.WAITING].words} waiting, {counts[DeliveryState.DELIVERED].words} delivered, "
        f"{counts[DeliveryState.SKIPPED].words} not sent"
    )
    return [
        html.P(said, className="text-secondary"),
        _table(view.waiting, managed, linked, _NOTHING_WAITS),
        html.H3("Sent or not sent lately", className="lb-outbox-head"),
        _table(view.settled, managed, linked, _NOTHING_WENT),
    ]


def of_scan(views: Sequence[DeliveryView]) -> list[Component]:
    """Where the results of one scan went."""
    return [
        html.Li([state_badge(view), f" {view.form}, to {view.node}", _when(view), _note(view)])
        for view in views
    ]


def state_badge(view: DeliveryView) -> Component:
    """What became of a delivery, in a word."""
    words, look = _LOOKS[view.delivery.state]
    return html.Span(words, className=f"lb-badge {look}")


def _when(view: DeliveryView) -> str:
    moment = view.delivery.delivered_at
    return f", {local_time(moment)}" if moment and view.delivery.state is DeliveryState.DELIVERED else ""


def _note(view: DeliveryView) -> Component | None:
    delivery = view.delivery
    if not delivery.note:
        return None
    failed = delivery.state is DeliveryState.WAITING and delivery.attempts > 0
    return html.Div(delivery.note, className="lb-failed" if failed else "small")


def _table(views: Sequence[DeliveryView], managed: bool, linked: bool, empty: str) -> Component:
    if not views:
        return html.P(empty, className="text-secondary")
    names = ["Since", "To", "What", "Scan", "State", "Tries", *([""] if managed else [])]
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in names]))
    rows = [html.Tr([html.Td(cell) for cell in _cells(view, managed, linked)]) for view in views]
    table = html.Table([head, html.Tbody(rows)], className="table align-middle lb-people")
    return html.Div(table, className="lb-scroll")


def _cells(view: DeliveryView, managed: bool, linked: bool) -> list[Any]:
    delivery, short = view.delivery, view.delivery.scan_id[:_SCAN_SHOWN]
    scan = html.A(short, href=addresses.scan(delivery.scan_id)) if linked else html.Code(short)
    state: list[Any] = [state_badge(view), _note(view)]
    cells: list[Any] = [local_time(delivery.changed_at), view.node, view.form, scan, state]
    return [*cells, f"{delivery.attempts}", *([_buttons(view)] if managed else [])]


def _buttons(view: DeliveryView) -> Component:
    waits = view.delivery.state is DeliveryState.WAITING
    verbs = (("again", "Send now"), ("skip", "Do not send")) if waits else (("again", "Send again"),)
    what = f"{view.form} of scan {view.delivery.scan_id[:_SCAN_SHOWN]} to {view.node}"
    return html.Div(
        [
            html.Button(
                label,
                id={"type": ACTION, "delivery": view.delivery.id, "verb": verb},
                className="btn btn-sm btn-outline-secondary",
                **aria(label=f"{label}: {what}"),
            )
            for verb, label in verbs
        ],
        className="lb-alert-acts mt-0",
    )
