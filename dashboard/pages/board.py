"""One board: its panels, what part of the numbers they show, and what its owner changes.

What is shown comes from the address; what it leaves out is as the board's owner has set it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from dashboard.auth import require
from dashboard.components import boards as parts
from dashboard.components.fields import field_for
from dashboard.components.frame import LOCATION
from dashboard.components.outputs import Values, clicked, outputs, pressed
from data.errors import InvalidInput
from data.records import Board, BoardPanel, User
from services import addresses
from services.addresses import BoardAddress
from services.boards.choices import chosen
from services.boards.measures import DISTANCE, DRIFTED_SHARE, MEASURES
from services.cohort.small_numbers import audience_of_pages
from services.permissions import Permission, may

if TYPE_CHECKING:
    from services.assembly.boards import BoardServices
    from services.cohort.cohort import Cohorts
    from services.performance.numbers import Performance

ID, CHANGED, FORM = "board-id", "board-changed", "board-form"
SEEN = "board-seen"  # the title and the sharing that the form was filled with
HEADING, BY, DOWNLOADS, PANELS, EDITING = (
    f"board-{part}" for part in ("heading", "by", "downloads", "panels", "editing")
)
MONTHS, SITE, SCANNER, SEX, AGE = (f"board-{part}" for part in ("months", "site", "scanner", "sex", "age"))
CHOSEN = {"site": SITE, "scanner": SCANNER, "sex": SEX, "age": AGE}
TITLE, SHARED, SAVE, SAID = "board-title", "board-shared", "board-save", "board-said"
MEASURE, TASK, VERSION, FEATURE, REFERENCE, ADD = (
    f"board-add-{part}" for part in ("measure", "task", "version", "feature", "reference", "button")
)
COPY, DELETE = "board-copy", "board-delete"
SHOWN: dict[str, Any] = {
    **dict.fromkeys((HEADING, BY, DOWNLOADS, PANELS), "children"),
    EDITING: "className",
    DELETE + "-place": "className",
    MONTHS: "value",
    **dict.fromkeys(CHOSEN.values(), ("options", "value")),
}
_EVERY = [{"label": "All versions", "value": ""}]


def layout(user: User, argument: str = "") -> Component:
    """Build the page of a board; what it shows comes later."""
    may_make = may(user, Permission.MAKE_BOARDS) or not user.id  # nobody in particular: every id
    return html.Div(
        [
            dcc.Store(id=ID, data=argument),
            dcc.Store(id=CHANGED, data=0),
            html.Div([html.H1(id=HEADING), html.Div(id=DOWNLOADS)], className="lb-page-head"),
            html.P(id=BY, className="text-secondary"),
            _choice(),
            html.Div(id=PANELS),
            html.Details(_editing(argument) if may_make else [], id=EDITING, className="lb-hidden"),
            _ending(may_make),
            html.Div(id=SAID, role="status", className="text-secondary"),
        ],
        className="lb-boards",
    )


def _choice() -> Component:
    periods = [{"label": words, "value": str(months)} for months, words in parts.PERIODS.items()]
    return html.Div(
        [
            _field("Period", dcc.Dropdown(periods, id=MONTHS, clearable=False), MONTHS),
            _field("Site", dcc.Dropdown(id=SITE, placeholder="All sites"), SITE),
            _field("Scanner", dcc.Dropdown(id=SCANNER, placeholder="All scanners"), SCANNER),
            _field("Sex", dcc.Dropdown(id=SEX, placeholder="All sexes"), SEX),
            _field("Age group", dcc.Dropdown(id=AGE, placeholder="All ages"), AGE),
        ],
        className="lb-board-form",
    )


def _editing(board_id: str) -> list[Component]:
    """The owner's forms: without them none of their callbacks is called."""
    return [
        html.Summary("Change this board"),
        dcc.Store(id=FORM, data=board_id),
        dcc.Store(id=SEEN),
        _adding(),
        _settings(),
    ]


def _adding() -> Component:
    return html.Div(
        [
            _field("Number", dcc.Dropdown(id=MEASURE, clearable=False), MEASURE),
            _field("Task", dcc.Dropdown(id=TASK, clearable=False), TASK),
            _field("Version", dcc.Dropdown(_EVERY, "", id=VERSION, clearable=False), VERSION),
            _field("Feature", dcc.Dropdown(parts.feature_options(), id=FEATURE), FEATURE),
            _field("Reference", dcc.Dropdown(id=REFERENCE, placeholder="All references"), REFERENCE),
            html.Button("Add panel", id=ADD, className="btn btn-primary"),
        ],
        className="lb-board-form",
    )


def _settings() -> Component:
    shared = dcc.Checklist(
        [{"label": "Shared with everybody who may see its numbers", "value": "yes"}], id=SHARED, value=[]
    )
    return html.Div(
        [
            _field("Title", dcc.Input(id=TITLE, maxLength=100, className="form-control"), TITLE),
            shared,
            html.Button("Save", id=SAVE, className="btn btn-outline-primary"),
            html.Span("Saves title, sharing, and the period and groups that are chosen above."),
        ],
        className="lb-board-form",
    )


def _ending(may_make: bool) -> Component:
    delete = dcc.ConfirmDialogProvider(
        html.Button("Delete this board", className="btn btn-sm btn-outline-danger"),
        id=DELETE,
        message="Delete this board for everybody?",
    )
    copy = html.Button("Make a copy of my own", id=COPY, className="btn btn-sm btn-outline-secondary")
    return html.Div(
        [*([copy] if may_make else ()), html.Span(delete, id=DELETE + "-place", className="lb-hidden")],
        className="lb-board-ending",
    )


def show(services: BoardServices, cohorts: Cohorts, user: User, board_id: str, search: str | None) -> Values:
    """Everything of a board but its forms; raises NotFound."""
    board = services.boards.get(board_id, user)
    choice, readers = chosen(board, search), audience_of_pages(user)
    may_change = services.boards.may_change(board, user)
    views = services.views.of(board, choice, user, readers)
    places = cohorts.choices(user) if may(user, Permission.SEE_STATISTICS) else {}
    return {
        HEADING: board.title,
        BY: _by(board, user),
        DOWNLOADS: parts.downloads(board, choice, not readers.withholds),
        PANELS: parts.panels(views, may_change),
        EDITING: "lb-card" if may_change else "lb-hidden",
        DELETE + "-place": "" if services.boards.may_delete(board, user) else "lb-hidden",
        MONTHS: str(choice.months),
        **{
            place: {"options": parts.choice_options(name, places), "value": getattr(choice, name) or None}
            for name, place in CHOSEN.items()
        },
    }


def _by(board: Board, user: User) -> str:
    owner = "you" if board.owner_id == user.id else board.owner_name
    seen_by = "shared" if board.shared else "seen by you alone"
    return f"By {owner}, {seen_by}. Each number is counted by the page that its panel leads to."


def form(services: BoardServices, user: User, board_id: str) -> Values:
    """What the owner's forms hold at first."""
    board = services.boards.get(board_id, user)
    tasks, measures = services.boards.tasks, parts.measure_options(user)
    return {
        TITLE: board.title,
        SHARED: ["yes"] if board.shared else [],
        SEEN: [board.title, board.shared],
        MEASURE: {"options": measures, "value": measures[0]["value"] if measures else None},
        TASK: {"options": parts.task_options(tasks), "value": tasks[0] if tasks else None},
    }


def offered(
    services: BoardServices, performance: Performance, user: User, measure: str | None, task: str | None
) -> Values:
    """Versions and references of a task, and which fields a measure does not need."""
    asked = MEASURES.get(measure or "")
    versions, references = list(_EVERY), {}
    if task and asked is not None and asked.of_version:
        known = [version.version.version for version in performance.history(task).versions]
        versions += [{"label": f"Version {version}", "value": version} for version in known]
    if task and measure in (DISTANCE, DRIFTED_SHARE):
        references = services.views.references(task, user)
    return {
        TASK: asked is None or not asked.of_task,
        VERSION: {"options": versions, "value": "", "disabled": len(versions) == 1},
        FEATURE: asked is None or not asked.of_feature,
        REFERENCE: {
            "options": parts.reference_options(references), "value": None, "disabled": not references
        },
    }  # fmt: skip


def save(
    services: BoardServices,
    user: User,
    board_id: str,
    title: str,
    shared: bool,
    seen: Sequence[Any],
    search: str | None,
) -> Values:
    """Keep title, sharing and choice; what stands at the head of the board then, at once.

    `seen` is the title and the sharing that the form was filled with.
    """
    was_title, was_shared = seen
    services.boards.change(board_id, title, shared, user, (was_title, was_shared))
    choice = chosen(services.boards.get(board_id, user), search)
    board = services.boards.choose(board_id, choice, user)
    return {SAID: "Saved.", SEEN: [board.title, board.shared], HEADING: board.title, BY: _by(board, user)}


def search_of(months: str | None, *of: str | None) -> str:
    """The query of a choice: a period, and of which site, scanner, sex and age group."""
    return f"?{BoardAddress(months or '', *(each or '' for each in of)).query}"


def act(services: BoardServices, user: User, board_id: str, name: str, panel_id: str) -> None:
    """What a panel's button does; raises InvalidInput, NotAllowed, NotFound."""
    by = {parts.EARLIER: -1, parts.LATER: 1}
    if name in by:
        services.boards.move_panel(board_id, panel_id, by[name], user)
    elif name == parts.REMOVE:
        services.boards.remove_panel(board_id, panel_id, user)
    else:
        raise InvalidInput("A panel goes earlier or later, or is removed.")


def register(app: Dash, services: BoardServices, cohorts: Cohorts, performance: Performance) -> None:
    """Bind the page."""
    _register_shown(app, services, cohorts)
    _register_offered(app, services, performance)
    _register_changes(app, services)
    _register_ends(app, services)


def _register_shown(app: Dash, services: BoardServices, cohorts: Cohorts) -> None:
    @app.callback(
        output=outputs(SHOWN),
        inputs=[Input(ID, "data"), Input(LOCATION, "search"), Input(CHANGED, "data")],
    )
    def _show(board_id: str, search: str | None, _: int) -> Values:
        return show(services, cohorts, require(Permission.SEE_BOARDS), board_id, search)

    @app.callback(
        output=Output(LOCATION, "search", allow_duplicate=True),
        inputs={
            "months": Input(MONTHS, "value"),
            "of": [Input(place, "value") for place in CHOSEN.values()],
            "board_id": State(ID, "data"),
            "search": State(LOCATION, "search"),
        },
        prevent_initial_call=True,
    )
    def _choose(months: str | None, of: list[str | None], board_id: str, search: str | None) -> Any:
        user = require(Permission.SEE_BOARDS)
        now = chosen(services.boards.get(board_id, user), search)
        given = [each or "" for each in of]
        same = [months, *given] == [str(now.months), *(getattr(now, name) for name in CHOSEN)]
        return no_update if same else search_of(months, *given)


def _register_offered(app: Dash, services: BoardServices, performance: Performance) -> None:
    @app.callback(
        output=outputs(
            {
                TITLE: "value",
                SHARED: "value",
                SEEN: "data",
                **dict.fromkeys((MEASURE, TASK), ("options", "value")),
            }
        ),
        inputs=[Input(FORM, "data")],
    )
    def _form(board_id: str) -> Values:
        return form(services, require(Permission.MAKE_BOARDS), board_id)

    @app.callback(
        output=outputs(
            {
                TASK: "disabled",
                VERSION: ("options", "value", "disabled"),
                FEATURE: "disabled",
                REFERENCE: ("options", "value", "disabled"),
            }
        ),
        inputs=[Input(MEASURE, "value"), Input(TASK, "value")],
        prevent_initial_call=True,
    )
    def _offered(measure: str | None, task: str | None) -> Values:
        return offered(services, performance, require(Permission.MAKE_BOARDS), measure, task)


def _register_changes(app: Dash, services: BoardServices) -> None:
    said = [Output(CHANGED, "data", allow_duplicate=True), Output(SAID, "children", allow_duplicate=True)]

    @app.callback(
        *said,
        Input({"type": parts.ACT, "act": ALL, "panel": ALL}, "n_clicks"),
        State(ID, "data"),
        State(CHANGED, "data"),
        prevent_initial_call=True,
    )
    def _act(clicks: list[int | None], board_id: str, times: int) -> tuple[int, str]:
        user = require(Permission.MAKE_BOARDS)
        button = pressed(ctx.triggered_id, clicks)
        act(services, user, board_id, button["act"], button["panel"])
        return times + 1, {"remove": "Panel removed."}.get(button["act"], "Panel moved.")

    @app.callback(
        *said,
        Input(ADD, "n_clicks"),
        State(ID, "data"),
        State(CHANGED, "data"),
        *(State(name, "value") for name in (MEASURE, TASK, VERSION, FEATURE, REFERENCE)),
        prevent_initial_call=True,
        running=[(Output(ADD, "disabled"), True, False)],
    )
    def _add(clicks: int | None, board_id: str, times: int, *given: str | None) -> tuple[int, str]:
        user = require(Permission.MAKE_BOARDS)
        clicked(clicks)
        services.boards.add_panel(board_id, BoardPanel("", *(text or "" for text in given)), user)
        return times + 1, "Panel added at the end."

    @app.callback(
        output=outputs(
            {**dict.fromkeys((CHANGED, SEEN), "data"), **dict.fromkeys((SAID, HEADING, BY), "children")},
            again=True,
        ),
        inputs=[
            Input(SAVE, "n_clicks"),
            State(ID, "data"),
            State(CHANGED, "data"),
            State(TITLE, "value"),
            State(SHARED, "value"),
            State(SEEN, "data"),
            State(LOCATION, "search"),
        ],
        prevent_initial_call=True,
        running=[(Output(SAVE, "disabled"), True, False)],
    )
    def _save(
        clicks: int | None,
        board_id: str,
        times: int,
        title: str | None,
        shared: list[str],
        seen: list[Any],
        search: str | None,
    ) -> Values:
        user = require(Permission.MAKE_BOARDS)
        clicked(clicks)
        return {CHANGED: times + 1, **save(services, user, board_id, title or "", bool(shared), seen, search)}


def _register_ends(app: Dash, services: BoardServices) -> None:
    @app.callback(
        Output(LOCATION, "href", allow_duplicate=True),
        Input(COPY, "n_clicks"),
        State(ID, "data"),
        prevent_initial_call=True,
    )
    def _copy(clicks: int | None, board_id: str) -> str:
        user = require(Permission.MAKE_BOARDS)
        clicked(clicks)
        return addresses.board(services.boards.copy(board_id, user).id)

    @app.callback(
        Output(LOCATION, "href", allow_duplicate=True),
        Input(DELETE, "submit_n_clicks"),
        State(ID, "data"),
        prevent_initial_call=True,
    )
    def _delete(clicks: int | None, board_id: str) -> str:
        user = require(Permission.SEE_BOARDS)
        clicked(clicks)
        services.boards.delete(board_id, user)
        return addresses.BOARDS


def _field(label: str, control: Component, name: str) -> Component:
    return field_for(label, control, name, "lb-board-field")
