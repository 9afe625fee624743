"""Alerts, open and past, with who decided what and why. What is run periodically stands on the same page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html
from dash.development.base_component import Component

from dashboard.auth import require
from dashboard.components import alerts, bell
from dashboard.components.attributes import aria
from dashboard.components.frame import LOCATION
from dashboard.components.outputs import Values, clicked, outputs, pressed
from dashboard.pages import schedules
from data.errors import InvalidInput
from data.records import User
from services.addresses import AlertsAddress
from services.permissions import Permission

if TYPE_CHECKING:
    from services.alerts.alerts import Alerts

RECIPIENTS = "alerts-recipients"
TEST = "alert-test"
TESTED = "alert-tested"  # what became of it
OPEN = "alerts-open"
PAST = "alerts-past"
MORE = "alerts-more"

PAST_AT_FIRST = 20
MOST_PAST = 1000
MORE_TIMES = 5  # how many times as many past alerts "Show more" shows


def layout(user: User, argument: str = "") -> Component:
    """Build the page; what it shows comes from its address and the alerts."""
    return html.Div(
        [
            html.Div(
                [
                    html.H1("Alerts"),
                    html.Span(id=RECIPIENTS, className="lb-total"),
                    html.Button(
                        "Send a test",
                        id=TEST,
                        className="btn btn-sm btn-outline-secondary",
                        hidden=True,  # until it is known that there is an address
                    ),
                ],
                className="lb-page-head lb-wraps",
            ),
            html.Div(id=TESTED, **aria(live="polite")),
            html.Div(id=OPEN, className="lb-alerts"),
            *schedules.section(),
            html.Div(html.H2("Past alerts"), className="lb-page-head lb-section"),
            html.Div(id=PAST),
            html.Div(id=MORE),
            alerts.form(),
            dcc.Store(id=alerts.DECIDING),
        ],
        className="lb-alert-page",
    )


def show(service: Alerts, user: User, search: str | None) -> Values:
    """What an address shows: who is written to, what is open, what is past, and the way to more of it."""
    address = AlertsAddress.read(search)
    shown = min(address.past or PAST_AT_FIRST, MOST_PAST)
    closed = service.past(shown + 1, user)
    return {
        RECIPIENTS: _recipients(service),
        TEST: not service.delivered_by,
        OPEN: alerts.cards(service.unfinished(user), user, address.alert, _now()),
        PAST: alerts.past(closed[:shown]),
        MORE: _more(address.alert, shown) if len(closed) > shown else None,
    }


def send_test(service: Alerts, user: User) -> list[Component]:
    """Send a test to every address, and say of each whether it took it; raises InvalidInput."""
    said = service.send_test(user)
    return [
        html.P(
            f"The test was taken by the {name}." if failure is None else failure,
            className="lb-failed" if failure else "lb-all-well",
        )
        for name, failure in said.items()
    ]


def decide(service: Alerts, user: User, alert_id: str, verb: str, why: str, until: str | None) -> None:
    """Do what somebody decided on an alert; raises InvalidInput."""
    if verb == "acknowledge":
        service.acknowledge(alert_id, user, why)
    elif verb == "close":
        service.close(alert_id, user, why)
    else:
        end = alerts.entered_time(until)
        if end is None:
            raise InvalidInput("Choose until when.")
        service.mute(alert_id, user, why, end)


def decision_form(service: Alerts, user: User, alert_id: str, verb: str) -> Values:
    """The opened form in which somebody decides on an alert."""
    name, words = alerts.VERBS[verb]
    return {
        alerts.FORM: True,
        alerts.DECIDING: {"alert": alert_id, "verb": verb},
        alerts.FORM_HEADING: f"{name.removesuffix(' until …')}: {service.get(alert_id, user).title}",
        alerts.FORM_WORDS: words,
        alerts.UNTIL_ROW: verb != "mute",
        alerts.UNTIL: alerts.suggested_end(_now()),
        alerts.WHY: "",
    }


def register(app: Dash, service: Alerts) -> None:
    """Bind the page."""

    @app.callback(
        output=outputs(dict.fromkeys((RECIPIENTS, OPEN, PAST, MORE), "children") | {TEST: "hidden"}),
        inputs=[Input(LOCATION, "search"), Input(bell.SEEN, "data")],
    )
    def _show(search: str | None, _: str | None) -> Values:
        return show(service, require(Permission.DECIDE_ALERTS), search)

    @app.callback(Output(TESTED, "children"), Input(TEST, "n_clicks"), prevent_initial_call=True)
    def _test(clicks: int | None) -> list[Component]:
        user = require(Permission.DECIDE_ALERTS)
        clicked(clicks)
        return send_test(service, user)

    _register_decisions(app, service)


def _register_decisions(app: Dash, service: Alerts) -> None:
    @app.callback(
        output=outputs(
            {
                alerts.FORM: "is_open",
                alerts.DECIDING: "data",
                alerts.FORM_HEADING: "children",
                alerts.FORM_WORDS: "children",
                alerts.UNTIL_ROW: "hidden",
                alerts.UNTIL: "value",
                alerts.WHY: "value",
            }
        ),
        inputs=[Input({"type": alerts.ACTION, "alert": ALL, "verb": ALL}, "n_clicks")],
        prevent_initial_call=True,
    )
    def _open(clicks: list[int | None]) -> Values:
        user = require(Permission.DECIDE_ALERTS)
        button = pressed(ctx.triggered_id, clicks)
        return decision_form(service, user, button["alert"], button["verb"])

    @app.callback(
        Output(alerts.FORM, "is_open", allow_duplicate=True),
        Output(bell.SEEN, "data", allow_duplicate=True),
        Input(alerts.DECIDE, "n_clicks"),
        State(alerts.DECIDING, "data"),
        State(alerts.WHY, "value"),
        State(alerts.UNTIL, "value"),
        prevent_initial_call=True,
    )
    def _decide(
        clicks: int | None, decision: dict[str, str], why: str | None, until: str | None
    ) -> tuple[bool, str]:
        user = require(Permission.DECIDE_ALERTS)
        clicked(clicks)
        decide(service, user, decision["alert"], decision["verb"], why or "", until)
        return False, service.token(user)


def _more(chosen: str | None, shown: int) -> Component:
    more = AlertsAddress(chosen, shown * MORE_TIMES)
    return dcc.Link("Show more", href=str(more), className="btn btn-sm btn-outline-secondary")


def _recipients(service: Alerts) -> str:
    names = service.delivered_by
    if not names:
        return "Shown here and in the bell only: LIGHTBOX_ALERTS names no webhook or mailbox."
    return f"Sent to: {', '.join(names)}"


def _now() -> datetime:
    return datetime.now(UTC)
