"""The performance page: how good each model version was when validated, and how good it is in real use.

The address is the only state: controls and clicks on points change it, everything else is drawn from it,
so that a link shows the same view. Only the threshold is moved for a look, and stands in no address.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from dash import ClientsideFunction, Dash, Input, Output, State
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard.auth import require
from dashboard.components.frame import LOCATION
from dashboard.components.outputs import Values, clicked, outputs
from dashboard.components.performance import controls, panels
from dashboard.components.performance.answers import ANSWERS
from dashboard.components.performance.controls import CONTROLS, IMPLIED, control_id
from dashboard.components.performance.estimates import WITHOUT_TRUTH
from dashboard.components.performance.layout import (
    ANSWERS_FOLD,
    ARRIVED,
    BANNER,
    CALIBRATION,
    CASES,
    COMPARISON,
    COVERAGE,
    CURVES,
    ESTIMATES_FOLD,
    EXPORTS,
    GRAPH,
    GROUPS,
    GROUPS_FIGURE,
    GROUPS_FOLD,
    GROUPS_GRAPH,
    LIVE,
    MATRIX,
    MEANING,
    NUMBERS,
    PAIRS_FOLD,
    PRECISION,
    PROPOSALS,
    ROC,
    ROOM,
    SAMPLE_FOLD,
    THRESHOLD,
    TRAINING,
    TRAINING_CURVES,
    TRAINING_FOLD,
    WHAT_IF,
    whole_page,
)
from dashboard.components.performance.panels import (
    GOAL,
    GOAL_LABEL,
    GOAL_SAID,
    GOAL_SAVE,
    LIMIT,
    LIMIT_LABEL,
)
from dashboard.pages import performance_closer as closer
from dashboard.pages import performance_estimates as without_truth
from dashboard.pages import performance_folds as folds
from data.records import User
from services.addresses import PERFORMANCE
from services.performance import charts as performance_charts
from services.performance.cases import NOT_BY_CHOICE
from services.performance.metrics import METRICS
from services.permissions import Permission

if TYPE_CHECKING:
    from services.assembly.performance import PerformanceServices
    from services.performance.numbers import PerformanceQuery

Show = Callable[["PerformanceServices", User, str | None], Values]
SHOWN = {
    **dict.fromkeys((EXPORTS, BANNER, LIVE, MEANING, NUMBERS, COVERAGE), "children"),
    GRAPH: "figure",
    ROOM: "style",
    GOAL: "value",
    LIMIT: "value",
    GOAL_LABEL: "children",
    LIMIT_LABEL: "children",
}
AIMED = {GOAL_SAID: "children", GRAPH: "figure", **dict.fromkeys((BANNER, NUMBERS), "children")}
AIMED |= dict.fromkeys((GOAL, LIMIT), "value")
CLOSER = {
    **dict.fromkeys((MATRIX, CASES), "children"),
    **dict.fromkeys((ROC, PRECISION, CALIBRATION), "figure"),
    THRESHOLD: "value",
    CURVES: "className",
}
GROUPED = {GROUPS: "children", GROUPS_GRAPH: "figure", GROUPS_FIGURE: "className"}
TRAINED = {TRAINING: "children", TRAINING_CURVES: "children"}


def layout(user: User, argument: str = "") -> Component:
    """Build the page; what it shows comes from its address."""
    return whole_page(user)


def show(performance: PerformanceServices, user: User, search: str | None) -> Values:
    """The upper part, by the id of the component it goes to; raises InvalidInput for a bad address."""
    asked = performance.numbers.asked(search or "", user)
    shown = performance.numbers.shown(asked)
    goal = shown.goal
    return {
        EXPORTS: panels.exports(asked.query(), user),
        BANNER: panels.banner(shown, performance.stop_rules.suspended(asked.task, user), user),
        LIVE: panels.live(shown, user),
        MEANING: panels.meaning(shown),
        NUMBERS: panels.table(shown),
        COVERAGE: _coverage(performance, asked),
        GRAPH: performance_charts.history(shown, None if asked.chosen else performance.estimates.of(asked)),
        ROOM: panels.room_for(len({point.month or point.version for point in shown.points})),
        GOAL: panels.goal_words(shown.metric, goal.goal if goal else None),
        LIMIT: panels.goal_words(shown.metric, goal.alert_limit if goal else None),
        **panels.goal_labels(shown.metric),
    }


def _coverage(performance: PerformanceServices, asked: PerformanceQuery) -> str:
    if asked.of != "real":
        return ""
    if asked.chosen:
        return f"How much of what was read is judged: {NOT_BY_CHOICE[0].lower()}{NOT_BY_CHOICE[1:]}"
    return panels.coverage(performance.numbers.coverage(asked), asked.part)


def set_goal(
    performance: PerformanceServices, user: User, search: str | None, goal: str | None, limit: str | None
) -> str:
    """Keep goal and limit of the metric that the address shows; returns what to say."""
    asked = performance.numbers.asked(search or "", user)
    performance.goals.set_typed(asked.task, asked.metric, goal or "", limit or "", user)
    return "Set." if goal or limit else "Removed."


def goal_kept(
    performance: PerformanceServices, user: User, search: str | None, goal: str | None, limit: str | None
) -> Values:
    """Keep goal and limit, say so with their units, and draw what depends on them."""
    sentence = set_goal(performance, user, search, goal, limit)
    shown = show(performance, user, search)
    return {GOAL_SAID: sentence} | {place: shown[place] for place in AIMED if place != GOAL_SAID}


def control_values(performance: PerformanceServices, user: User, search: str | None) -> Values:
    """What every control offers, and what an address has chosen in it."""
    asked = performance.numbers.asked(search or "", user)
    shown = performance.numbers.shown(asked)
    who = performance.numbers.choices(asked.task)
    return controls.values(asked, shown, performance.numbers.tasks, METRICS.values(), who)


def register(app: Dash, performance: PerformanceServices) -> None:
    """Bind the page."""
    _register_parts(app, performance)
    _register_folds(app, performance)
    _register_changes(app, performance)
    app.clientside_callback(
        ClientsideFunction("lightbox", "performanceControls"),
        Output(LOCATION, "search", allow_duplicate=True),
        *(Input(control_id(name), "value") for name in CONTROLS),
        State(IMPLIED, "data"),
        State(LOCATION, "search"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("lightbox", "performanceClick"),
        Output(LOCATION, "href", allow_duplicate=True),
        Input(GRAPH, "clickData"),
        Input(GROUPS_GRAPH, "clickData"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("lightbox", "performanceArrived"),
        Output(ARRIVED, "data"),
        Input(CASES, "children"),
        Input(MATRIX, "children"),
        Input(NUMBERS, "children"),
        prevent_initial_call=True,
    )


def _register_parts(app: Dash, performance: PerformanceServices) -> None:
    """What is drawn from the address."""
    here = [Input(LOCATION, "search"), State(LOCATION, "pathname")]

    @app.callback(output=outputs(SHOWN), inputs=here)
    def _show(search: str | None, path: str | None) -> Values:
        user = require(Permission.SEE_PERFORMANCE)
        _only_here(path)
        with performance.one_look():
            return show(performance, user, search)

    @app.callback(output=outputs(CLOSER), inputs=here)
    def _closer_shown(search: str | None, path: str | None) -> Values:
        user = require(Permission.SEE_PERFORMANCE)
        _only_here(path)
        with performance.one_look():
            return closer.show(performance, user, search)

    @app.callback(output=outputs(controls.VALUES), inputs=here)
    def _controls(search: str | None, path: str | None) -> Values:
        user = require(Permission.SEE_PERFORMANCE)
        _only_here(path)
        with performance.one_look():
            return control_values(performance, user, search)


def _register_folds(app: Dash, performance: PerformanceServices) -> None:
    """What stands in folds that this page fills itself."""
    folds.register(app)
    seen, of_the_house = Permission.SEE_PERFORMANCE, Permission.SEE_STATISTICS
    shown: tuple[tuple[str, Mapping[str, str], Permission, Show], ...] = (
        (ESTIMATES_FOLD, {WITHOUT_TRUTH: "children"}, seen, without_truth.estimated),
        (ANSWERS_FOLD, {ANSWERS: "children"}, seen, without_truth.answered),
        (GROUPS_FOLD, GROUPED, seen, closer.groups),
        (SAMPLE_FOLD, {PROPOSALS: "children"}, seen, closer.proposals),
        (PAIRS_FOLD, {COMPARISON: "children"}, of_the_house, closer.compared),
        (TRAINING_FOLD, TRAINED, of_the_house, closer.training),
    )
    for fold, places, permission, show_fold in shown:
        folds.bind(app, fold, places, permission, partial(show_fold, performance))


def _register_changes(app: Dash, performance: PerformanceServices) -> None:
    @app.callback(
        output=outputs({WHAT_IF: "children", ROC: "figure", PRECISION: "figure"}, again=True),
        inputs=[Input(THRESHOLD, "value"), State(LOCATION, "search"), State(LOCATION, "pathname")],
        prevent_initial_call=True,
    )
    def _threshold(threshold: float | None, search: str | None, path: str | None) -> Values:
        user = require(Permission.SEE_PERFORMANCE)
        _only_here(path)
        with performance.one_look():
            return closer.what_if(performance, user, search, threshold)

    @app.callback(
        output=outputs(AIMED, again=True),
        inputs=[
            Input(GOAL_SAVE, "n_clicks"),
            State(GOAL, "value"),
            State(LIMIT, "value"),
            State(LOCATION, "search"),
        ],
        prevent_initial_call=True,
    )
    def _set_goal(clicks: int | None, goal: str | None, limit: str | None, search: str | None) -> Values:
        user = require(Permission.SET_GOALS)
        clicked(clicks)
        return goal_kept(performance, user, search, goal, limit)


def _only_here(path: str | None) -> None:
    """On the way to another page the address is no longer ours."""
    if path != PERFORMANCE:
        raise PreventUpdate
