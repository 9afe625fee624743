"""What is run periodically, on the page of alerts: seen, made, changed, paused, run at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard.auth import require
from dashboard.components import bell, schedules
from dashboard.components.outputs import Values, clicked, outputs, pressed
from dashboard.pages import schedule_form
from data.records import User
from services.permissions import Permission

if TYPE_CHECKING:
    from services.accounts import Accounts
    from services.alerts.alerts import Alerts
    from services.cohort.cohort import Cohorts
    from services.drift.references import DriftReferences
    from services.schedules.schedules import Schedules

LIST = "schedules-list"
SEEN = "schedules-seen"
TICK = "schedules-tick"

EVERY_MS = 15_000


def section() -> list[Component]:
    """Build the part of the page; `show` fills it."""
    add = html.Button("Add a schedule", id=schedules.ADD, className="btn btn-sm btn-primary")
    return [
        html.Div([html.H2("Schedules"), add], className="lb-page-head lb-section", id="schedules"),
        html.Div(id=LIST, className="lb-alerts"),
        *schedule_form.section(),
        dcc.ConfirmDialog(id=schedules.CONFIRM),
        dcc.Store(id=schedules.DELETING),
        dcc.Store(id=SEEN),
        dcc.Interval(id=TICK, interval=EVERY_MS),
    ]


def cards(plans: Schedules, accounts: Accounts) -> list[Component]:
    """Return a card a schedule."""
    names = accounts.display_names()
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


def register(
    app: Dash,
    plans: Schedules,
    accounts: Accounts,
    alerts: Alerts,
    references: DriftReferences,
    cohorts: Cohorts,
    tasks: Sequence[str],
) -> None:
    """Bind the part of the page; a deleted schedule may end one of the `alerts`, which the bell shows."""
    _register_list(app, plans, accounts, alerts)
    schedule_form.register(app, plans, references, cohorts, tasks)

    @app.callback(
        Output(LIST, "children", allow_duplicate=True),
        Input(schedule_form.SAVED, "data"),
        prevent_initial_call=True,
    )
    def _saved(_: str | None) -> list[Component]:
        require(Permission.SCHEDULE)
        return cards(plans, accounts)


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
        return cards(plans, accounts), alerts.token(user)


def _now() -> datetime:
    return datetime.now(UTC)
