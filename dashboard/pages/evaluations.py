"""Sets of scans that versions were had to read: which there are, what can be asked for, what each came to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html
from dash.development.base_component import Component

from dashboard.auth import require
from dashboard.components import evaluations as parts
from dashboard.components.evaluations import ASK, CANCEL, SET, TASK, VERSION
from dashboard.components.frame import LOCATION
from dashboard.components.outputs import Values, clicked, outputs, pressed
from data.errors import InvalidInput
from data.records import EvaluationState, User
from services import addresses
from services.permissions import Permission, may

if TYPE_CHECKING:
    from services.assembly.evaluations import EvaluationServices
    from services.versions.serving import Serving

TICK, LIST, SAID, QUERY = (f"evaluations-{part}" for part in ("tick", "list", "said", "query"))
ID, CONTENT, PROGRESS, PAGE_TICK = (
    f"evaluation-{part}" for part in ("id", "content", "progress", "page-tick")
)
EVERY_MS = 2000


def layout(user: User, argument: str = "") -> Component:
    """Build the list and the form; `argument` is a query of the cohort page, whose filters are offered."""
    head = [html.H1("Evaluations"), dcc.Link("All versions", href=addresses.MODELS)]
    return html.Div(
        [
            html.Div(head, className="lb-page-head lb-wraps"),
            *(_asking(argument) if may(user, Permission.EVALUATE_VERSIONS) else ()),
            html.Div(id=LIST),
            dcc.Interval(id=TICK, interval=EVERY_MS),
        ],
        className="lb-rehearsal",
    )


def _asking(query: str) -> tuple[Component, ...]:
    """The form: without its parts none of its callbacks is called."""
    return dcc.Store(id=QUERY, data=query), parts.form(), html.Div(id=SAID, role="status")


def one_layout(user: User, argument: str = "") -> Component:
    """Build the page of one evaluation; what it shows comes from its address."""
    return html.Div(
        [
            dcc.Store(id=ID, data=argument),
            html.Div(id=PROGRESS),
            html.Div(id=CONTENT),
            dcc.Interval(id=PAGE_TICK, interval=EVERY_MS),
        ],
        className="lb-rehearsal",
    )


def offered(services: EvaluationServices, serving: Serving, task: str, query: str) -> Values:
    """Versions and sets of a task to choose from; the filters of an address are chosen where it has any."""
    versions = services.evaluations.versions(task)
    sets = services.evaluations.sets.offered(task, query)
    return {
        VERSION: {
            "options": parts.version_options(versions, serving.live(task)),
            "value": versions[0].version if versions else None,
        },
        SET: {"options": parts.set_options(sets), "value": parts.set_value(sets[0]) if sets else None},
    }


def ask(
    services: EvaluationServices, user: User, task: str, version: str | None, chosen: str | None
) -> Values:
    """Have a version read a set, and say so."""
    kind, has_set, key = (chosen or "").partition(":")
    if not version or not has_set:
        raise InvalidInput("Choose a version and a set of scans.")
    asked = services.evaluations.request(task, version, kind, key, user)
    words = f"Version {version} reads {asked.total} scans in the background."
    return {SAID: html.Div(words, className="alert alert-success py-2"), LIST: listed(services, user)}


def listed(services: EvaluationServices, user: User) -> list[Component]:
    """The latest evaluations."""
    return parts.rows(user, services.evaluations.recent(user))


def cancel(services: EvaluationServices, user: User, evaluation_id: str) -> list[Component]:
    """End one, and list what there is."""
    services.evaluations.cancel(evaluation_id, user)
    return listed(services, user)


def show(services: EvaluationServices, user: User, evaluation_id: str, search: str | None) -> list[Component]:
    """Return what one came to, beside another one where the address names it; raises NotFound."""
    evaluation = services.evaluations.get(evaluation_id, user)
    heading = html.H1(f"Evaluation: {parts.title(evaluation)}")
    links = dcc.Link("All evaluations", href=addresses.EVALUATIONS)
    content: list[Component] = [html.Div([heading, links], className="lb-page-head lb-wraps")]
    content.append(html.P(evaluation.chosen.words))
    if evaluation.state is not EvaluationState.DONE:
        return [*content, *parts.rows(user, [evaluation])]
    made, chosen = services.outcomes.of(evaluation_id, user), addresses.beside(search)
    content.append(parts.outcome(made))
    choice = parts.beside_choice(evaluation, services.outcomes.others(evaluation, user), chosen)
    if choice is not None:
        content.append(choice)
    if chosen:
        other = services.evaluations.get(chosen, user)
        content.append(parts.beside(evaluation, other, services.outcomes.beside(evaluation_id, chosen, user)))
    return [*content, parts.scan_by_scan(user, made)]


def register(app: Dash, services: EvaluationServices, serving: Serving, tasks: list[str]) -> None:
    """Bind both pages."""
    _register_list(app, services, serving, tasks)
    _register_acting(app, services)

    @app.callback(
        Output(CONTENT, "children"),
        Output(PAGE_TICK, "disabled"),
        Input(ID, "data"),
        Input(PAGE_TICK, "n_intervals"),
        Input(LOCATION, "search"),
    )
    def _show(evaluation_id: str, _: int | None, search: str | None) -> tuple[list[Component], bool]:
        user = require(Permission.SEE_MODELS)
        done = services.evaluations.get(evaluation_id, user).state is not EvaluationState.QUEUED
        return show(services, user, evaluation_id, search), done


def _register_list(app: Dash, services: EvaluationServices, serving: Serving, tasks: list[str]) -> None:
    @app.callback(output=outputs({TASK: ("options", "value")}), inputs=[Input(QUERY, "data")])
    def _tasks(query: str) -> Values:
        require(Permission.EVALUATE_VERSIONS)
        return {TASK: {"options": parts.task_options(tasks), "value": addresses.task_of(query, tasks)}}

    @app.callback(
        output=outputs({VERSION: ("options", "value"), SET: ("options", "value")}),
        inputs=[Input(TASK, "value"), State(QUERY, "data")],
    )
    def _offered(task: str, query: str) -> Values:
        require(Permission.EVALUATE_VERSIONS)
        return offered(services, serving, task, query)

    @app.callback(Output(LIST, "children"), Input(TICK, "n_intervals"))
    def _list(_: int | None) -> list[Component]:
        return listed(services, require(Permission.SEE_MODELS))


def _register_acting(app: Dash, services: EvaluationServices) -> None:
    @app.callback(
        output=outputs({SAID: "children", LIST: "children"}, again=True),
        inputs=[
            Input(ASK, "n_clicks"),
            State(TASK, "value"),
            State(VERSION, "value"),
            State(SET, "value"),
        ],
        prevent_initial_call=True,
    )
    def _ask(clicks: int | None, task: str, version: str | None, chosen: str | None) -> Values:
        user = require(Permission.EVALUATE_VERSIONS)
        clicked(clicks)
        return ask(services, user, task, version, chosen)

    @app.callback(
        Output(LIST, "children", allow_duplicate=True),
        Input({"type": CANCEL, "evaluation": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )
    def _cancel(clicks: list[int | None]) -> Any:
        user = require(Permission.EVALUATE_VERSIONS)
        return cancel(services, user, pressed(ctx.triggered_id, clicks)["evaluation"])
