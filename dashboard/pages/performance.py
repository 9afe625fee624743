"""The performance page: how good each model version was when validated, and how good it is in real use.

The address is the only state: controls and clicks on points change it, everything else is drawn from it,
so that a link shows the same view. Only the threshold is moved for a look, and stands in no address.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dash import ClientsideFunction, Dash, Input, Output, Patch, State, dcc, html, no_update
from dash.development.base_component import Component

from dashboard.auth import require
from dashboard.components import performance_controls as controls
from dashboard.components import performance_details as details
from dashboard.components import performance_pairs as pairs
from dashboard.components import performance_panels as panels
from dashboard.components.performance_controls import CONTROLS, IMPLIED, control_id
from dashboard.components.performance_layout import (
    ARRIVED,
    BANNER,
    CALIBRATION,
    CASES,
    COMPARISON,
    COVERAGE,
    CURVES,
    EXPORTS,
    GRAPH,
    GROUPS,
    GROUPS_FIGURE,
    GROUPS_GRAPH,
    LIVE,
    MATRIX,
    MEANING,
    NUMBERS,
    PLAIN,
    PRECISION,
    PROPOSALS,
    ROC,
    THRESHOLD,
    TRAINING,
    TRAINING_CURVES,
    WHAT_IF,
    whole_page,
)
from dashboard.components.performance_panels import GOAL, GOAL_SAID, GOAL_SAVE, LIMIT
from data.records import User
from services.performance import charts as performance_charts
from services.performance.cases import OF_METRIC, WHAT
from services.performance.metrics import METRICS
from services.performance.numbers import MOST_PROPOSALS
from services.permissions import Permission
from services.statistics.subgroups import SUBGROUPS

if TYPE_CHECKING:
    from services.assembly.container import Services
    from services.performance.numbers import Asked

LOCATION = "location"
PATH = "/performance"


def layout(user: User, argument: str = "") -> Component:
    """Build the page; what it shows comes from its address."""
    return whole_page(user)


def show(services: Services, search: str | None) -> dict[str, Any]:
    """The upper part, by the id of the component it goes to; raises InvalidInput for a bad address."""
    asked = services.performance.numbers.asked(search or "")
    shown = services.performance.numbers.shown(asked)
    goal = shown.goal
    return {
        EXPORTS: panels.exports(asked.query()),
        BANNER: panels.banner(shown),
        LIVE: panels.live(shown),
        MEANING: panels.meaning(shown),
        NUMBERS: panels.table(shown),
        COVERAGE: panels.coverage(services.performance.numbers.coverage(asked), asked.part)
        if asked.of == "real"
        else "",
        GRAPH: performance_charts.history(shown),
        GOAL: panels.goal_words(shown.metric, goal.goal if goal else None),
        LIMIT: panels.goal_words(shown.metric, goal.alert_limit if goal else None),
    }


def closer(services: Services, search: str | None) -> dict[str, Any]:
    """The lower part, without what is trained and compared, by the id of the component it goes to."""
    asked = services.performance.numbers.asked(search or "")
    errors = services.performance.details.errors(asked)
    metric = METRICS[asked.metric]
    groups = services.performance.details.groups(asked)
    charts, whole = performance_charts.errors(errors), errors.figures.get(metric.name)
    return {
        MATRIX: details.matrix(errors),
        CASES: _cases(services, asked),
        GROUPS: details.groups(groups, metric, SUBGROUPS, _group_link(services, asked)),
        PROPOSALS: _proposals(services, asked),
        ROC: charts["roc"],
        PRECISION: charts["precision"],
        CALIBRATION: charts["calibration"],
        GROUPS_GRAPH: performance_charts.groups(
            groups,
            metric,
            whole.value if whole else None,
            _group_link(services, asked, OF_METRIC.get(metric.name, "all")),
        ),
        THRESHOLD: round(errors.threshold, 3) if errors.n else 0.5,
    }


def moved(services: Services, search: str | None, threshold: float) -> tuple[Component, Any, Any]:
    """What a threshold would do: the table, and the marks on both curves."""
    asked = services.performance.numbers.asked(search or "")
    errors = services.performance.details.errors(asked)
    if not errors.n:
        return html.Div(), no_update, no_update
    after, then = services.performance.details.at(asked, threshold)
    table = details.what_if(METRICS, errors.figures, then, errors.confusion, after)
    if errors.curves is None:
        return table, no_update, no_update
    recall, far, precision = (then[name].value for name in ("recall", "far", "precision"))
    return table, _mark(far, recall), _mark(recall, precision)


def set_goal(services: Services, user: User, search: str | None, goal: str | None, limit: str | None) -> str:
    """Keep goal and limit of the metric that the address shows; returns what to say."""
    asked = services.performance.numbers.asked(search or "")
    services.performance.goals.set_typed(asked.task, asked.metric, goal or "", limit or "", user)
    return "Set." if goal or limit else "Removed."


def register(app: Dash, services: Services) -> None:
    """Bind the page."""
    _register_parts(app, services)
    _register_changes(app, services)
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
        Input(TRAINING, "children"),
        prevent_initial_call=True,
    )


def _register_parts(app: Dash, services: Services) -> None:
    """What is drawn from the address. On the way to another page the address is no longer ours."""
    here = (Input(LOCATION, "search"), State(LOCATION, "pathname"))
    children = [EXPORTS, BANNER, LIVE, MEANING, NUMBERS, COVERAGE]

    @app.callback(
        *(Output(name, "children") for name in children),
        Output(GRAPH, "figure"),
        Output(GOAL, "value"),
        Output(LIMIT, "value"),
        *here,
    )
    def _show(search: str | None, path: str | None) -> Any:
        require(Permission.SEE_STATISTICS)
        if path != PATH:
            return (no_update,) * 9
        shown = show(services, search)
        return tuple(shown[name] for name in (*children, GRAPH, GOAL, LIMIT))

    filled = [MATRIX, CASES, GROUPS, PROPOSALS]
    drawn = [ROC, PRECISION, CALIBRATION, GROUPS_GRAPH]

    @app.callback(
        *(Output(name, "children") for name in filled),
        *(Output(name, "figure") for name in drawn),
        Output(THRESHOLD, "value"),
        Output(CURVES, "className"),
        Output(GROUPS_FIGURE, "className"),
        *here,
    )
    def _closer_shown(search: str | None, path: str | None) -> Any:
        require(Permission.SEE_STATISTICS)
        if path != PATH:
            return (no_update,) * 11
        found = closer(services, search)
        looks = [
            "lb-charts" if found[ROC]["data"] else "lb-hidden",
            "lb-groups" if found[GROUPS_GRAPH]["data"] else "lb-hidden",
        ]
        return tuple(found[name] for name in (*filled, *drawn, THRESHOLD)) + tuple(looks)

    @app.callback(Output(TRAINING, "children"), Output(TRAINING_CURVES, "children"), *here)
    def _trained(search: str | None, path: str | None) -> Any:
        require(Permission.SEE_STATISTICS)
        return (no_update,) * 2 if path != PATH else trained(services, search)

    @app.callback(Output(COMPARISON, "children"), *here)
    def _compared(search: str | None, path: str | None) -> Any:
        require(Permission.SEE_STATISTICS)
        return no_update if path != PATH else compared(services, search)

    menus = ("task", "metric", "version", "month", "vs")

    @app.callback(
        *(Output(control_id(name), "options") for name in menus),
        *(Output(control_id(name), "value") for name in CONTROLS),
        Output(IMPLIED, "data"),
        *here,
    )
    def _controls(search: str | None, path: str | None) -> Any:
        require(Permission.SEE_STATISTICS)
        if path != PATH:
            return (no_update,) * (len(menus) + len(CONTROLS) + 1)
        asked = services.performance.numbers.asked(search or "")
        shown = services.performance.numbers.shown(asked)
        return controls.values(asked, shown, services.performance.numbers.tasks, METRICS.values())


def _register_changes(app: Dash, services: Services) -> None:
    @app.callback(
        Output(WHAT_IF, "children"),
        Output(ROC, "figure", allow_duplicate=True),
        Output(PRECISION, "figure", allow_duplicate=True),
        Input(THRESHOLD, "value"),
        State(LOCATION, "search"),
        State(LOCATION, "pathname"),
        prevent_initial_call=True,
    )
    def _moved(threshold: float | None, search: str | None, path: str | None) -> Any:
        require(Permission.SEE_STATISTICS)
        return (no_update,) * 3 if path != PATH or threshold is None else moved(services, search, threshold)

    @app.callback(
        Output(GOAL_SAID, "children"),
        Output(GRAPH, "figure", allow_duplicate=True),
        Output(BANNER, "children", allow_duplicate=True),
        Output(NUMBERS, "children", allow_duplicate=True),
        Input(GOAL_SAVE, "n_clicks"),
        State(GOAL, "value"),
        State(LIMIT, "value"),
        State(LOCATION, "search"),
        prevent_initial_call=True,
    )
    def _set_goal(clicks: int | None, goal: str | None, limit: str | None, search: str | None) -> Any:
        user = require(Permission.SET_GOALS)
        if not clicks:
            return (no_update,) * 4
        said = set_goal(services, user, search, goal, limit)
        shown = show(services, search)
        return said, shown[GRAPH], shown[BANNER], shown[NUMBERS]


def trained(services: Services, search: str | None) -> tuple[Component, list[Component]]:
    """The run behind the version, and its curves."""
    asked = services.performance.numbers.asked(search or "")
    if not asked.version:
        return html.P("No version is registered.", className="text-secondary"), []
    found = services.performance.details.training(asked)
    figures = performance_charts.training(found)
    return details.training(found, asked.query()), [_drawn(name, one) for name, one in figures.items()]


def compared(services: Services, search: str | None) -> Component:
    """Two versions on the scans that both have read."""
    asked = services.performance.numbers.asked(search or "")
    if not asked.vs:
        words = "Choose a second version to see where it would have been better or worse."
        return html.P(words, className="text-secondary")
    found = services.performance.pairs.compared(asked)
    return pairs.comparison(found, METRICS)


def _drawn(name: str, figure: dict[str, Any]) -> Component:
    return html.Figure(
        [html.Figcaption(name), dcc.Graph(figure=figure, config=PLAIN, className="lb-graph lb-small")],
        className="lb-chart",
    )


def _cases(services: Services, asked: Asked) -> Component | None:
    if asked.of != "real":
        found = details.validation_cases(services.performance.details.validation_cases(asked))
        return html.Section([html.H2("Cases of validation"), found], className="lb-card")
    if not asked.cases:
        return None
    page = services.performance.cases.page(asked.which(asked.cases), asked.page)
    links = {}
    if page.number > 1:
        links["Before"] = f"{PATH}?{asked.query(page=page.number - 1)}"
    if page.number < page.last:
        links["After"] = f"{PATH}?{asked.query(page=page.number + 1)}"
    links["Close"] = f"{PATH}?{asked.query(cases='', group='', page=1)}"
    title = WHAT[asked.cases]
    if asked.group:
        title = f"{title}, {asked.group.replace(':', ' ')}"
    return details.cases(page, title, links)


def _group_link(services: Services, asked: Asked, what: str = "all") -> Any:
    def address(group: str) -> str:
        return services.performance.cases.address(replace(asked.which(what), group=group))

    return address


def _proposals(services: Services, asked: Asked) -> Component:
    return details.proposals(services.performance.numbers.proposals(asked), MOST_PROPOSALS)


def _mark(x: float, y: float) -> Any:
    patch = Patch()
    patch["data"][-1]["x"] = [x]
    patch["data"][-1]["y"] = [y]
    return patch
