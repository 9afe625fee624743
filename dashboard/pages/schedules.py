"""What is run periodically, on the page of alerts: seen, made, changed, paused, run at once."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard.auth import require
from dashboard.components import bell, schedules
from dashboard.components.outputs import Values, clicked, outputs, pressed
from data.errors import InvalidInput
from data.records import User
from services.permissions import Permission

if TYPE_CHECKING:
    from services.accounts import Accounts
    from services.alerts.alerts import Alerts
    from services.schedules import Schedules

LIST = "schedules-list"
SEEN = "schedules-seen"
TICK = "schedules-tick"

EVERY_MS = 15_000
EVERY_MORNING = "0 6 * * *"
FORM = {
    schedules.FORM: "is_open",
    schedules.PLANNING: "data",
    schedules.FORM_HEADING: "children",
    schedules.WHAT_ROW: "hidden",
    schedules.WHAT: ("options", "value"),
    schedules.NAME: "value",
    schedules.CRON: "value",
}


def section() -> list[Component]:
    """Build the part of the page; `show` fills it."""
    add = html.Button("Add a schedule", id=schedules.ADD, className="btn btn-sm btn-primary")
    return [
        html.Div([html.H2("Schedules"), add], className="lb-page-head lb-section", id="schedules"),
        html.Div(id=LIST, className="lb-alerts"),
        schedules.form(),
        dcc.Store(id=schedules.PLANNING),
        dcc.ConfirmDialog(id=schedules.CONFIRM),
        dcc.Store(id=schedules.DELETING),
        dcc.Store(id=SEEN),
        dcc.Interval(id=TICK, interval=EVERY_MS),
    ]


def cards(plans: Schedules, accounts: Accounts) -> list[Component]:
    """Return a card a schedule."""
    names = {user.id: user.display_name for user in accounts.all()}
    return schedules.cards(plans.views(), names, _now())


def show(plans: Schedules, accounts: Accounts, seen: str | None) -> Values:
    """Return the schedules and a word for them; raises PreventUpdate where that is `seen` already."""
    shown = cards(plans, accounts)
    word = str(hash(str(shown)))
    if word == seen:
        raise PreventUpdate
    return {LIST: shown, SEEN: word}


def act(plans: Schedules, accounts: Accounts, user: User, schedule_id: str, verb: str) -> Values:
    """Run, pause or go on with a schedule, or ask whether it is to be deleted."""
    changes = {"run": plans.run_now, "pause": plans.pause, "go-on": plans.go_on}
    if verb in changes:
        changes[verb](schedule_id, user)
        return {
            LIST: cards(plans, accounts),
            schedules.CONFIRM: {"displayed": no_update, "message": no_update},
            schedules.DELETING: no_update,
        }
    if verb != "delete":
        raise PreventUpdate
    schedule = plans.get(schedule_id)
    return {
        LIST: no_update,
        schedules.CONFIRM: {"displayed": True, "message": f"Delete the schedule “{schedule.name}”?"},
        schedules.DELETING: schedule.id,
    }


def save(plans: Schedules, user: User, schedule_id: str, what: str | None, name: str, cron: str) -> None:
    """Keep a new schedule, or the changes of one; raises InvalidInput."""
    if schedule_id:
        plans.change(schedule_id, name, cron, user)
        return
    if what is None or what not in [option["value"] for option in schedules.options(plans.choices())]:
        raise InvalidInput("Choose what is to be run.")
    kind, ask = json.loads(what)
    plans.add(kind, ask, cron, name, user)


def form(plans: Schedules, asked: Any) -> Values:
    """The opened form for what was pressed: a new schedule, or the changes of one.

    Raises PreventUpdate where neither was.
    """
    if asked == schedules.ADD:
        offered = schedules.options(plans.choices())
        first = offered[0]["value"] if offered else None
        return _filled_form("", "A new schedule", offered, first, "", EVERY_MORNING)
    if not isinstance(asked, dict) or asked["verb"] != "change":
        raise PreventUpdate
    schedule = plans.get(asked["schedule"])
    heading = f"Change: {schedule.name}"
    return _filled_form(schedule.id, heading, [], None, schedule.name, schedule.cron)


def _filled_form(
    schedule_id: str, heading: str, offered: list[dict[str, str]], chosen: str | None, name: str, cron: str
) -> Values:
    return {
        schedules.FORM: True,
        schedules.PLANNING: schedule_id,
        schedules.FORM_HEADING: heading,
        schedules.WHAT_ROW: bool(schedule_id),
        schedules.WHAT: {"options": offered, "value": chosen},
        schedules.NAME: name,
        schedules.CRON: cron,
    }


def preview(plans: Schedules, cron: str | None) -> list[Component]:
    """Show when an expression comes, or why it cannot be kept."""
    if not (cron or "").strip():
        return []
    try:
        return schedules.preview(plans.preview(str(cron)), _now())
    except InvalidInput as error:
        return [html.Span(str(error), className="lb-failed")]


def register(app: Dash, plans: Schedules, accounts: Accounts, alerts: Alerts) -> None:
    """Bind the part of the page; a deleted schedule may end one of the `alerts`, which the bell shows."""
    _register_list(app, plans, accounts, alerts)
    _register_form(app, plans, accounts)


def _register_list(app: Dash, plans: Schedules, accounts: Accounts, alerts: Alerts) -> None:
    @app.callback(
        output=outputs({LIST: "children", SEEN: "data"}),
        inputs=[Input(TICK, "n_intervals"), State(SEEN, "data")],
    )
    def _show(_: int | None, seen: str | None) -> Values:
        require(Permission.SCHEDULE)
        return show(plans, accounts, seen)

    @app.callback(
        output=outputs(
            {LIST: "children", schedules.CONFIRM: ("displayed", "message"), schedules.DELETING: "data"},
            again=True,
        ),
        inputs=[Input({"type": schedules.ACTION, "schedule": ALL, "verb": ALL}, "n_clicks")],
        prevent_initial_call=True,
    )
    def _act(clicks: list[int | None]) -> Values:
        user = require(Permission.SCHEDULE)
        button = pressed(ctx.triggered_id, clicks)
        return act(plans, accounts, user, button["schedule"], button["verb"])

    @app.callback(
        Output(LIST, "children", allow_duplicate=True),
        Output(bell.SEEN, "data", allow_duplicate=True),
        Input(schedules.CONFIRM, "submit_n_clicks"),
        State(schedules.DELETING, "data"),
        prevent_initial_call=True,
    )
    def _delete(clicks: int | None, schedule_id: str) -> tuple[list[Component], str]:
        user = require(Permission.SCHEDULE)
        clicked(clicks)
        plans.delete(schedule_id, user)
        return cards(plans, accounts), alerts.token()


def _register_form(app: Dash, plans: Schedules, accounts: Accounts) -> None:
    @app.callback(
        output=outputs(FORM),
        inputs=[
            Input(schedules.ADD, "n_clicks"),
            Input({"type": schedules.ACTION, "schedule": ALL, "verb": ALL}, "n_clicks"),
        ],
        prevent_initial_call=True,
    )
    def _open(_: int | None, __: list[int | None]) -> Values:
        require(Permission.SCHEDULE)
        return form(plans, ctx.triggered_id if ctx.triggered[0]["value"] else None)

    @app.callback(Output(schedules.PREVIEW, "children"), Input(schedules.CRON, "value"))
    def _preview(cron: str | None) -> list[Component]:
        require(Permission.SCHEDULE)
        return preview(plans, cron)

    @app.callback(
        Output(schedules.FORM, "is_open", allow_duplicate=True),
        Output(LIST, "children", allow_duplicate=True),
        Input(schedules.SAVE, "n_clicks"),
        State(schedules.PLANNING, "data"),
        State(schedules.WHAT, "value"),
        State(schedules.NAME, "value"),
        State(schedules.CRON, "value"),
        prevent_initial_call=True,
    )
    def _save(
        clicks: int | None, schedule_id: str | None, what: str | None, name: str | None, cron: str | None
    ) -> tuple[bool, list[Component]]:
        user = require(Permission.SCHEDULE)
        clicked(clicks)
        save(plans, user, schedule_id or "", what, name or "", cron or "")
        return False, cards(plans, accounts)


def _now() -> datetime:
    return datetime.now(UTC)
