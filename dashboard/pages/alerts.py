"""Alerts, open and past, with who decided what and why; and what is run periodically."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from dashboard.auth import require
from dashboard.components import alerts, bell, schedules
from data.errors import InvalidInput
from data.records import User
from services.permissions import Permission

if TYPE_CHECKING:
    from services.assembly.container import Services

LOCATION = "location"
TOLD = "alerts-told"
STANDING = "alerts-standing"
PAST = "alerts-past"
MORE = "alerts-more"
SCHEDULES = "schedules-list"
SCHEDULES_SEEN = "schedules-seen"
TICK = "schedules-tick"

EVERY_MS = 15_000
PAST_AT_FIRST = 20
MOST_PAST = 1000


def layout(user: User, argument: str = "") -> Component:
    """Build the page; what it shows comes from its address and the alerts."""
    add = html.Button("Add a schedule", id=schedules.ADD, className="btn btn-sm btn-primary")
    return html.Div(
        [
            html.Div(
                [html.H1("Alerts"), html.Span(id=TOLD, className="lb-total")],
                className="lb-page-head lb-wraps",
            ),
            html.Div(id=STANDING, className="lb-alerts"),
            html.Div([html.H2("Schedules"), add], className="lb-page-head lb-section", id="schedules"),
            html.Div(id=SCHEDULES, className="lb-alerts"),
            html.Div(html.H2("Past alerts"), className="lb-page-head lb-section"),
            html.Div(id=PAST),
            html.Div(id=MORE),
            alerts.form(),
            dcc.Store(id=alerts.DECIDING),
            schedules.form(),
            dcc.Store(id=schedules.PLANNING),
            dcc.ConfirmDialog(id=schedules.CONFIRM),
            dcc.Store(id=schedules.DELETING),
            dcc.Store(id=SCHEDULES_SEEN),
            dcc.Interval(id=TICK, interval=EVERY_MS),
        ],
        className="lb-alert-page",
    )


def show(services: Services, user: User, search: str | None) -> tuple[Any, ...]:
    """What an address shows: who is told, what stands, what is past, and the way to more of it."""
    chosen, shown = _asked(search)
    closed = services.alerts.past(shown + 1)
    standing = alerts.cards(services.alerts.unfinished(), user, chosen, _now())
    return _told(services), standing, alerts.past(closed[:shown]), _more(chosen, shown, len(closed) > shown)


def decide(services: Services, user: User, alert_id: str, verb: str, why: str, until: str | None) -> None:
    """Do what somebody decided on an alert; raises InvalidInput."""
    if verb == "acknowledge":
        services.alerts.acknowledge(alert_id, user, why)
    elif verb == "close":
        services.alerts.close(alert_id, user, why)
    else:
        end = alerts.entered_time(until)
        if end is None:
            raise InvalidInput("Choose until when.")
        services.alerts.mute(alert_id, user, why, end)


def show_schedules(services: Services, seen: str | None) -> tuple[Any, Any]:
    """Return the schedules and a word for them; no update where that is `seen` already."""
    views, moment = services.schedules.views(), _now()
    shown = schedules.cards(views, _names(services), moment)
    word = str(hash(str(shown)))
    return (no_update, no_update) if word == seen else (shown, word)


def act_on_schedule(services: Services, user: User, schedule_id: str, verb: str) -> None:
    """Run, pause or go on with a schedule."""
    acts = {
        "run": services.schedules.run_now,
        "pause": services.schedules.pause,
        "go-on": services.schedules.go_on,
    }
    acts[verb](schedule_id, user)


def save_schedule(
    services: Services, user: User, schedule_id: str, what: str | None, name: str, cron: str
) -> None:
    """Keep a new schedule, or the changes of one; raises InvalidInput."""
    if schedule_id:
        services.schedules.change(schedule_id, name, cron, user)
        return
    offered = [option["value"] for option in schedules.options(services.schedules.choices())]
    if what not in offered:
        raise InvalidInput("Choose what is to be run.")
    kind, ask = json.loads(what)
    services.schedules.add(kind, ask, cron, name, user)


def preview(services: Services, cron: str | None) -> list[Component]:
    """Show when an expression comes, or why it cannot be kept."""
    if not (cron or "").strip():
        return []
    try:
        return schedules.preview(services.schedules.preview(str(cron)), _now())
    except InvalidInput as error:
        return [html.Span(str(error), className="lb-failed")]


def register(app: Dash, services: Services) -> None:
    """Bind the page."""

    @app.callback(
        *(Output(name, "children") for name in (TOLD, STANDING, PAST, MORE)),
        Input(LOCATION, "search"),
        Input(bell.SEEN, "data"),
    )
    def _show(search: str | None, _: str | None) -> tuple[Any, ...]:
        return show(services, require(Permission.DECIDE_ALERTS), search)

    _register_decisions(app, services)
    _register_schedules(app, services)
    _register_plans(app, services)


def _register_decisions(app: Dash, services: Services) -> None:
    @app.callback(
        Output(alerts.FORM, "is_open"),
        Output(alerts.DECIDING, "data"),
        Output(alerts.FORM_HEADING, "children"),
        Output(alerts.FORM_WORDS, "children"),
        Output(alerts.UNTIL_ROW, "hidden"),
        Output(alerts.UNTIL, "value"),
        Output(alerts.WHY, "value"),
        Input({"type": alerts.ACTION, "alert": ALL, "verb": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )
    def _open(clicks: list[int | None]) -> tuple[Any, ...]:
        require(Permission.DECIDE_ALERTS)
        if not ctx.triggered_id or not any(clicks):
            return (no_update,) * 7
        alert, verb = ctx.triggered_id["alert"], ctx.triggered_id["verb"]
        name, words = alerts.VERBS[verb]
        heading = f"{name.removesuffix(' until …')}: {services.alerts.get(alert).title}"
        end = alerts.suggested_end(_now())
        return True, {"alert": alert, "verb": verb}, heading, words, verb != "mute", end, ""

    @app.callback(
        Output(alerts.FORM, "is_open", allow_duplicate=True),
        Output(bell.SEEN, "data", allow_duplicate=True),
        Input(alerts.DECIDE, "n_clicks"),
        State(alerts.DECIDING, "data"),
        State(alerts.WHY, "value"),
        State(alerts.UNTIL, "value"),
        prevent_initial_call=True,
    )
    def _decide(clicks: int | None, one: dict[str, str] | None, why: str | None, until: str | None) -> Any:
        user = require(Permission.DECIDE_ALERTS)
        if not clicks or not one:
            return no_update, no_update
        decide(services, user, one["alert"], one["verb"], why or "", until)
        return False, services.alerts.token()


def _register_schedules(app: Dash, services: Services) -> None:
    @app.callback(
        Output(SCHEDULES, "children"),
        Output(SCHEDULES_SEEN, "data"),
        Input(TICK, "n_intervals"),
        State(SCHEDULES_SEEN, "data"),
    )
    def _schedules(_: int | None, seen: str | None) -> tuple[Any, Any]:
        require(Permission.SCHEDULE)
        return show_schedules(services, seen)

    @app.callback(
        Output(SCHEDULES, "children", allow_duplicate=True),
        Output(schedules.CONFIRM, "displayed"),
        Output(schedules.CONFIRM, "message"),
        Output(schedules.DELETING, "data"),
        Input({"type": schedules.ACTION, "schedule": ALL, "verb": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )
    def _act(clicks: list[int | None]) -> tuple[Any, ...]:
        user = require(Permission.SCHEDULE)
        if not ctx.triggered_id or not any(clicks) or ctx.triggered_id["verb"] == "change":
            return (no_update,) * 4
        one, verb = services.schedules.get(ctx.triggered_id["schedule"]), ctx.triggered_id["verb"]
        if verb == "delete":
            return no_update, True, f"Delete the schedule “{one.name}”?", one.id
        act_on_schedule(services, user, one.id, verb)
        return show_schedules(services, None)[0], no_update, no_update, no_update

    @app.callback(
        Output(SCHEDULES, "children", allow_duplicate=True),
        Output(bell.SEEN, "data", allow_duplicate=True),
        Input(schedules.CONFIRM, "submit_n_clicks"),
        State(schedules.DELETING, "data"),
        prevent_initial_call=True,
    )
    def _delete(clicks: int | None, schedule_id: str | None) -> tuple[Any, Any]:
        user = require(Permission.SCHEDULE)
        if not clicks or not schedule_id:
            return no_update, no_update
        services.schedules.delete(schedule_id, user)
        return show_schedules(services, None)[0], services.alerts.token()


def _register_plans(app: Dash, services: Services) -> None:
    @app.callback(
        Output(schedules.FORM, "is_open"),
        Output(schedules.PLANNING, "data"),
        Output(schedules.FORM_HEADING, "children"),
        Output(schedules.WHAT_ROW, "hidden"),
        Output(schedules.WHAT, "options"),
        Output(schedules.WHAT, "value"),
        Output(schedules.NAME, "value"),
        Output(schedules.CRON, "value"),
        Input(schedules.ADD, "n_clicks"),
        Input({"type": schedules.ACTION, "schedule": ALL, "verb": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )
    def _open(_: int | None, __: list[int | None]) -> tuple[Any, ...]:
        require(Permission.SCHEDULE)
        asked = ctx.triggered_id if ctx.triggered and ctx.triggered[0]["value"] else None
        if asked == schedules.ADD:
            offered = schedules.options(services.schedules.choices())
            first = offered[0]["value"] if offered else None
            return True, "", "A new schedule", False, offered, first, "", "0 6 * * *"
        if not asked or asked["verb"] != "change":
            return (no_update,) * 8
        one = services.schedules.get(asked["schedule"])
        return True, one.id, f"Change: {one.name}", True, [], None, one.name, one.cron

    @app.callback(Output(schedules.PREVIEW, "children"), Input(schedules.CRON, "value"))
    def _preview(cron: str | None) -> list[Component]:
        require(Permission.SCHEDULE)
        return preview(services, cron)

    @app.callback(
        Output(schedules.FORM, "is_open", allow_duplicate=True),
        Output(SCHEDULES, "children", allow_duplicate=True),
        Input(schedules.SAVE, "n_clicks"),
        State(schedules.PLANNING, "data"),
        State(schedules.WHAT, "value"),
        State(schedules.NAME, "value"),
        State(schedules.CRON, "value"),
        prevent_initial_call=True,
    )
    def _save(
        clicks: int | None, schedule_id: str | None, what: str | None, name: str | None, cron: str | None
    ) -> tuple[Any, Any]:
        user = require(Permission.SCHEDULE)
        if not clicks:
            return no_update, no_update
        save_schedule(services, user, schedule_id or "", what, name or "", cron or "")
        return False, show_schedules(services, None)[0]


def _asked(search: str | None) -> tuple[str | None, int]:
    """The chosen alert and how many past ones an address asks for."""
    query = parse_qs((search or "").lstrip("?"))
    count = query.get("past", [""])[0]
    shown = min(int(count), MOST_PAST) if count.isdecimal() and int(count) else PAST_AT_FIRST
    return query.get("alert", [None])[0], shown


def _more(chosen: str | None, shown: int, there_is_more: bool) -> Component | None:
    if not there_is_more:
        return None
    query = {"past": shown * 5} | ({"alert": chosen} if chosen else {})
    return dcc.Link(
        "Show more", href=f"/alerts?{urlencode(query)}", className="btn btn-sm btn-outline-secondary"
    )


def _told(services: Services) -> str:
    names = services.alerts.delivered_by
    if not names:
        return "Shown here and in the bell only: LIGHTBOX_ALERTS names no webhook or mailbox."
    return f"Sent to: {', '.join(names)}"


def _now() -> datetime:
    return datetime.now(UTC)


def _names(services: Services) -> dict[str, str]:
    return {user.id: user.display_name for user in services.accounts.all()}
