"""Alerts in words and cards, and the form in which somebody decides on one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.auth import may_open
from dashboard.components.dialog import form_dialog
from dashboard.components.icons import icon
from dashboard.components.results import local_time
from data.records import Alert, AlertState, Severity, User
from services.alerts.alerts import LONGEST_WHY

ACTION = "alert-action"  # type of the buttons: {"type", "alert", "verb"}
FORM = "alert-form"
FORM_HEADING = "alert-form-heading"
FORM_WORDS = "alert-form-words"
DECIDING = "alert-deciding"  # {"alert", "verb"}
WHY = "alert-why"
UNTIL = "alert-until"
UNTIL_ROW = "alert-until-row"
DECIDE = "alert-decide"

SEVERITY_NAMES = {
    Severity.CALM: "Calm",
    Severity.TOO_FEW: "Too few",
    Severity.NOT_JUDGED: "Not judged",
    Severity.WARNING: "Warning",
    Severity.CRITICAL: "Critical",
}
VERBS = {
    "acknowledge": (
        "Acknowledge",
        "People know. It leaves the bell, and nothing more is sent unless it gets graver.",
    ),
    "mute": ("Mute until …", "Nothing is sent until then. If it still stands then, it calls once more."),
    "close": ("Close", "The cause is dealt with. If it comes again, that is a new alert."),
}


def severity(alert: Alert) -> Component:
    """Show how grave it is, as a badge with a word."""
    return html.Span(SEVERITY_NAMES[alert.severity], className=f"lb-badge lb-severity-{alert.severity.value}")


def title(alert: Alert, user: User | None) -> Component:
    """Show its title, as a link to what is behind it where this role has that page."""
    if user is None or not may_open(user, alert.link):
        return html.Strong(alert.title)
    return dcc.Link(alert.title, href=alert.link, className="lb-alert-link")


def times(alert: Alert) -> str:
    """Say how often and since when."""
    if alert.times == 1:
        return f"since {local_time(alert.first_at)}"
    return f"{alert.times} times since {local_time(alert.first_at)}, last {local_time(alert.last_at)}"


def cards(standing: Sequence[Alert], user: User, chosen: str | None, moment: datetime) -> list[Component]:
    """Show every alert that is not closed; the chosen one is marked."""
    if not standing:
        return [html.P([icon("bi-check2-circle"), "No open alerts."], className="lb-all-well")]
    return [_card(alert, user, alert.id == chosen, moment) for alert in standing]


def past(closed: Sequence[Alert]) -> Component:
    """Show what is over, the latest first."""
    if not closed:
        return html.P("Nothing has been closed yet.", className="text-secondary")
    names = ["Alert", "Times", "From", "To", "Who and why"]
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in names]))
    rows = [_past_row(alert) for alert in closed]
    table = html.Table([head, html.Tbody(rows)], className="table align-middle lb-people lb-closed-alerts")
    return html.Div(table, className="lb-scroll")


def form() -> Component:
    """Ask for the reason, and for a mute its end; one form for all alerts."""
    until = dbc.Input(id=UNTIL, type="datetime-local")
    fields = [
        html.P(id=FORM_WORDS, className="text-secondary"),
        html.Div([html.Label("Until (this server's time)", htmlFor=UNTIL), until], id=UNTIL_ROW),
        html.Label("Why", htmlFor=WHY),
        dbc.Textarea(id=WHY, maxlength=LONGEST_WHY, rows=3, placeholder="What you know, or have had done"),
    ]
    return form_dialog(FORM, FORM_HEADING, fields, DECIDE)


def suggested_end(moment: datetime) -> str:
    """Tomorrow at eight, as the field for a time wants it."""
    tomorrow = moment.astimezone() + timedelta(days=1)
    return tomorrow.strftime("%Y-%m-%dT08:00")


def entered_time(text: str | None) -> datetime | None:
    """A time from the field, in this server's zone; None for none."""
    try:
        return datetime.fromisoformat(text or "").astimezone()
    except ValueError:
        return None


def _card(alert: Alert, user: User, chosen: bool, moment: datetime) -> Component:
    quiet = alert.state is AlertState.ACKNOWLEDGED or alert.muted(moment)
    look = "lb-card lb-alert" + (" lb-alert-quiet" if quiet else f" lb-alert-{alert.severity.value}")
    return html.Article(
        [
            html.Div(
                [severity(alert), title(alert, user), *_state(alert, moment)], className="lb-alert-head"
            ),
            html.P(alert.sentence, className="lb-alert-sentence"),
            html.Div(times(alert), className="lb-alert-times"),
            _proposed_end(alert),
            _decision(alert),
            _telling(alert),
            html.Div(
                [_button(verb, alert) for verb in VERBS if _possible(verb, alert)], className="lb-alert-acts"
            ),
        ],
        className=look + (" lb-alert-chosen" if chosen else ""),
    )


def _state(alert: Alert, moment: datetime) -> list[Component]:
    if alert.state is AlertState.ACKNOWLEDGED:
        return [html.Span("Acknowledged", className="lb-badge")]
    if alert.muted(moment):
        return [html.Span(f"Muted until {local_time(alert.muted_until)}", className="lb-badge")]
    return []


def _possible(verb: str, alert: Alert) -> bool:
    return verb != "acknowledge" or alert.state is not AlertState.ACKNOWLEDGED


def _decision(alert: Alert) -> Component | None:
    if alert.decided_at is None:
        return None
    said = f"{alert.decided_name}, {local_time(alert.decided_at)}: {alert.why}"
    return html.Div([icon("bi-chat-left-text"), said], className="lb-alert-why")


def _proposed_end(alert: Alert) -> Component | None:
    if alert.end_sentence is None:
        return None
    said = f"{alert.end_sentence} Close it if you agree."
    return html.Div([icon("bi-check2-circle"), said], className="lb-alert-why")


def _telling(alert: Alert) -> Component | None:
    if alert.telling_failed:
        again = f" It is tried again at {local_time(alert.tell_at)}." if alert.tell_at else ""
        return html.Div([icon("bi-send-x"), f"{alert.telling_failed}{again}"], className="lb-warning")
    if alert.told_at:
        return html.Div(
            [icon("bi-send-check"), f"sent {local_time(alert.told_at)}"], className="lb-alert-times"
        )
    return None


def _button(verb: str, alert: Alert) -> Component:
    return html.Button(
        VERBS[verb][0],
        id={"type": ACTION, "alert": alert.id, "verb": verb},
        className="btn btn-sm btn-outline-secondary",
    )


def _past_row(alert: Alert) -> Component:
    decided = "" if alert.decided_at is None else f"{alert.decided_name}: {alert.why}"
    what = html.Div([severity(alert), html.Strong(alert.title)], className="lb-alert-head")
    return html.Tr(
        [
            html.Td([what, html.Div(alert.sentence, className="lb-alert-times")]),
            html.Td(str(alert.times)),
            html.Td(local_time(alert.first_at), className="text-nowrap"),
            html.Td(local_time(alert.closed_at), className="text-nowrap"),
            html.Td(decided),
        ]
    )
