"""Stop rules on the performance page: what they watch, who switches them, and who lifts what they stopped."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from dash import ALL, Dash, Input, Output, State, ctx
from dash.development.base_component import Component

from dashboard.auth import require
from dashboard.components.frame import LOCATION
from dashboard.components.outputs import Values, clicked, outputs
from dashboard.components.performance import panels, stop_rules
from dashboard.pages import performance_folds as folds
from data.records import User
from services.performance.charts import stop_charts
from services.performance.metrics import REFUSED, WITH_GOALS
from services.performance.stop_rules import PART
from services.permissions import Permission

if TYPE_CHECKING:
    from services.assembly.performance import PerformanceServices

VALUES = {
    stop_rules.SHOWN: "children",
    stop_rules.REFUSED_GOAL: "value",
    stop_rules.REFUSED_LIMIT: "value",
    stop_rules.SWITCH: "children",
}


def show(performance: PerformanceServices, user: User, search: str | None) -> Values:
    """The tests of the address's version and every suspension; raises InvalidInput for a bad address."""
    asked = performance.numbers.asked(search or "", user)
    view = performance.stop_rules.view(asked.task, asked.version, user)
    goal = performance.goals.of(asked.task).get(REFUSED)
    metric = WITH_GOALS[REFUSED]
    return {
        stop_rules.SHOWN: stop_rules.panel(view, stop_charts(view, asked.task), user),
        stop_rules.SWITCH: stop_rules.switch_words(view),
        stop_rules.REFUSED_GOAL: panels.goal_words(metric, goal.goal if goal else None),
        stop_rules.REFUSED_LIMIT: panels.goal_words(metric, goal.alert_limit if goal else None),
    }


def switch(
    performance: PerformanceServices, user: User, search: str | None, why: str | None, words: str
) -> str:
    """Do what the button's words say with the rules of the address's task; returns what to say.

    In another tab somebody may have done so before: then nothing happens.
    """
    task, on = performance.numbers.asked(search or "", user).task, words == stop_rules.SWITCH_ON
    if performance.stop_rules.acting(task) == on:
        return "The stop rules act already." if on else "The stop rules do not act as it is."
    performance.stop_rules.switch(task, on, why or "", user)
    return "The stop rules act from now on." if on else "The stop rules do not act any more."


def set_refused(
    performance: PerformanceServices, user: User, search: str | None, goal: str | None, limit: str | None
) -> str:
    """Keep goal and limit of refused scans; returns what to say."""
    task = performance.numbers.asked(search or "", user).task
    performance.goals.set_typed(task, REFUSED, goal or "", limit or "", user)
    return "Set." if goal or limit else "Removed."


def act(performance: PerformanceServices, user: User, suspension_id: str, verb: str, why: str | None) -> str:
    """Ask for the end of a suspension, or decide on it; returns what to say."""
    if verb == "ask":
        performance.stop_rules.ask_to_lift(suspension_id, why or "", user)
        return "Asked. A department head, who is somebody else, decides."
    if verb == "take back":
        performance.stop_rules.take_back(suspension_id, user)
        return "Taken back: it stays suspended, and anybody who may can ask anew."
    performance.stop_rules.decide(suspension_id, verb == "lift", user)
    return "Lifted: its tests begin anew." if verb == "lift" else "It stays suspended."


def register(app: Dash, performance: PerformanceServices) -> None:
    """Bind the section."""

    folds.bind(app, PART, VALUES, Permission.SEE_STATISTICS, partial(show, performance))
    _register_setting(app, performance)
    _register_acts(app, performance)


def _register_setting(app: Dash, performance: PerformanceServices) -> None:
    after = outputs({stop_rules.SAID: "children", **VALUES}, again=True)

    @app.callback(
        # Its reason was that of this act, and is none for the next.
        output=outputs({stop_rules.SAID: "children", stop_rules.WHY: "value", **VALUES}, again=True),
        inputs=[
            Input(stop_rules.SWITCH, "n_clicks"),
            State(stop_rules.WHY, "value"),
            State(stop_rules.SWITCH, "children"),
            State(LOCATION, "search"),
        ],
        prevent_initial_call=True,
    )
    def _switch(clicks: int | None, why: str | None, words: str, search: str | None) -> Values:
        user = require(Permission.SET_STOP_RULES)
        clicked(clicks)
        said = switch(performance, user, search, why, words)
        return {stop_rules.SAID: said, stop_rules.WHY: "", **show(performance, user, search)}

    @app.callback(
        output=after,
        inputs=[
            Input(stop_rules.REFUSED_SET, "n_clicks"),
            State(stop_rules.REFUSED_GOAL, "value"),
            State(stop_rules.REFUSED_LIMIT, "value"),
            State(LOCATION, "search"),
        ],
        prevent_initial_call=True,
    )
    def _set(clicks: int | None, goal: str | None, limit: str | None, search: str | None) -> Values:
        user = require(Permission.SET_GOALS)
        clicked(clicks)
        said = set_refused(performance, user, search, goal, limit)
        return {stop_rules.SAID: said, **show(performance, user, search)}


def _register_acts(app: Dash, performance: PerformanceServices) -> None:
    @app.callback(
        Output(stop_rules.SAID, "children", allow_duplicate=True),
        Output(stop_rules.SHOWN, "children", allow_duplicate=True),
        Input({"type": stop_rules.ACT, "id": ALL, "verb": ALL}, "n_clicks"),
        State({"type": stop_rules.ACT_WHY, "id": ALL}, "value"),
        State({"type": stop_rules.ACT_WHY, "id": ALL}, "id"),
        State(LOCATION, "search"),
        prevent_initial_call=True,
    )
    def _act(
        _: list[int | None], whys: list[str | None], fields: list[dict[str, str]], search: str | None
    ) -> tuple[str, list[Component]]:
        user = require(Permission.LIFT_SUSPENSIONS)
        clicked(ctx.triggered[0]["value"] if ctx.triggered else None)
        pressed = ctx.triggered_id
        reasons = dict(zip((field["id"] for field in fields), whys, strict=True))
        said = act(performance, user, pressed["id"], pressed["verb"], reasons.get(pressed["id"]))
        return said, show(performance, user, search)[stop_rules.SHOWN]
