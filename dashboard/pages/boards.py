"""The boards: which there are, and making one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html
from dash.development.base_component import Component

from dashboard.auth import require
from dashboard.components import boards as parts
from dashboard.components.frame import LOCATION
from dashboard.components.outputs import clicked, pressed
from data.errors import NotFound
from data.records import User
from services import addresses
from services.boards.starting import starts
from services.permissions import Permission, may

if TYPE_CHECKING:
    from services.assembly.boards import BoardServices

EXAMPLE = "Brain tumours this year"
LIST, TITLE, MAKE, MAKING, STARTS = (
    f"boards-{part}" for part in ("list", "title", "make", "making", "starts")
)


def layout(user: User, argument: str = "") -> Component:
    """Build the list; what stands in it comes later."""
    may_make = may(user, Permission.MAKE_BOARDS) or not user.id
    title = dcc.Input(id=TITLE, maxLength=100, placeholder=EXAMPLE, className="form-control")
    form = html.Div(
        [
            html.Div([html.Label("Title of a new board", htmlFor=TITLE), title], className="lb-board-field"),
            html.Button("Make an empty board", id=MAKE, className="btn btn-primary"),
        ],
        className="lb-board-form",
    )
    return html.Div(
        [
            html.Div([html.H1("Boards")], className="lb-page-head"),
            html.Div(id=LIST),
            html.Div([html.Div(id=STARTS), form], id=MAKING, className="" if may_make else "lb-hidden"),
        ],
        className="lb-boards",
    )


def listed(services: BoardServices, user: User) -> tuple[Component, Component]:
    """The boards that the person sees, and what to start with."""
    boards = services.boards.listed(user)
    return (
        parts.listed(boards, user, may(user, Permission.MAKE_BOARDS)),
        parts.starts(starts(services.boards.tasks, user)),
    )


def make(services: BoardServices, user: User, title: str | None) -> str:
    """Make an empty board; answers its address."""
    return addresses.board(services.boards.make(title or "", user).id)


def start(services: BoardServices, user: User, name: str) -> str:
    """Make one of those to start with; answers its address, raises NotFound."""
    for offered in starts(services.boards.tasks, user):
        if offered.name == name:
            return addresses.board(services.boards.make(offered.title, user, offered.panels).id)
    raise NotFound("There is no such board to start with.")


def register(app: Dash, services: BoardServices) -> None:
    """Bind the page."""

    @app.callback(Output(LIST, "children"), Output(STARTS, "children"), Input(LIST, "id"))
    def _list(_: str) -> tuple[Component, Component]:
        return listed(services, require(Permission.SEE_BOARDS))

    @app.callback(
        Output(LOCATION, "href", allow_duplicate=True),
        Input(MAKE, "n_clicks"),
        Input({"type": parts.START, "name": ALL}, "n_clicks"),
        State(TITLE, "value"),
        prevent_initial_call=True,
    )
    def _make(clicks: int | None, starting: list[int | None], title: str | None) -> str:
        user = require(Permission.MAKE_BOARDS)
        if ctx.triggered_id == MAKE:
            clicked(clicks)
            return make(services, user, title)
        return start(services, user, pressed(ctx.triggered_id, starting)["name"])
