"""Remote nodes, on the page "DICOM": seen, added, changed, tested, removed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard.auth import require
from dashboard.components import remote_nodes as parts
from dashboard.components.attributes import aria
from dashboard.components.outputs import Values, clicked, outputs, pressed
from data.errors import InvalidInput, UserFacingError
from data.records import RemoteNode, RemoteNodeKind, User
from services.permissions import Permission, may
from services.remote_nodes.kinds import FIELDS, KINDS

if TYPE_CHECKING:
    from services.remote_nodes.nodes import RemoteNodes

_ENTRIES = {parts.entry(name): "value" for name in FIELDS}
_ROWS = {parts.row(name): "hidden" for name in FIELDS}
FORM = {
    parts.FORM: "is_open",
    parts.CHANGING: "data",
    parts.HEADING: "children",
    parts.NAME: "value",
    parts.KIND: "value",
    parts.KIND_ROW: "hidden",
    **_ENTRIES,
}
ACTED = {
    parts.LIST: "children",
    parts.SAID: "children",
    parts.CONFIRM: ("displayed", "message"),
    parts.REMOVING: "data",
}


def section(user: User) -> list[Component]:
    """Build the part of the page; `show` fills the list."""
    manages = may(user, Permission.MANAGE_REMOTE_NODES)
    add = html.Button(
        "Add a remote node", id=parts.ADD, className="btn btn-sm btn-primary", hidden=not manages
    )
    return [
        html.Div([html.H2("Remote nodes"), add], className="lb-page-head lb-section"),
        html.Div(id=parts.SAID, **aria(live="polite")),
        html.Div(id=parts.LIST, className="lb-alerts"),
        parts.form(),
        dcc.Store(id=parts.CHANGING),
        dcc.ConfirmDialog(id=parts.CONFIRM),
        dcc.Store(id=parts.REMOVING),
    ]


def show(nodes: RemoteNodes, user: User) -> list[Component]:
    """Return a card a node."""
    return parts.cards(nodes.all(user), managed=may(user, Permission.MANAGE_REMOTE_NODES))


def act(nodes: RemoteNodes, user: User, node_id: str, verb: str) -> Values:
    """Test a node, or ask whether it is to be removed."""
    asked: Values = {"displayed": no_update, "message": no_update}
    if verb == "echo":
        words = _tested(nodes, user, node_id)
        return {
            parts.LIST: show(nodes, user),
            parts.SAID: words,
            parts.CONFIRM: asked,
            parts.REMOVING: no_update,
        }
    if verb != "remove":
        raise PreventUpdate
    node = nodes.get(node_id, user)
    asked = {
        "displayed": True,
        "message": f"Remove the remote node “{node.name}”? Nothing more is sent to it.",
    }
    return {parts.LIST: no_update, parts.SAID: no_update, parts.CONFIRM: asked, parts.REMOVING: node.id}


def form(nodes: RemoteNodes, user: User, asked: Any) -> Values:
    """The opened form for what was pressed; raises PreventUpdate where neither "Add" nor "Change" was."""
    if asked == parts.ADD:
        return _filled("", "A new remote node", "", next(iter(KINDS)), None)
    if not isinstance(asked, dict) or asked["verb"] != "change":
        raise PreventUpdate
    node = nodes.get(asked["node"], user)
    return _filled(node.id, f"Change: {node.name}", node.name, node.kind, node)


def save(
    nodes: RemoteNodes, user: User, node_id: str, name: str, kind: str, entered: Mapping[str, Any]
) -> None:
    """Keep a new node, or the changes of one; raises InvalidInput."""
    if node_id:
        nodes.change(node_id, name, entered, user)
        return
    if kind not in list(RemoteNodeKind):
        raise InvalidInput("Choose the kind of the remote node.")
    nodes.add(name, RemoteNodeKind(kind), entered, user)


def register(app: Dash, nodes: RemoteNodes) -> None:
    """Bind the part of the page."""
    _register_list(app, nodes)
    _register_form(app, nodes)


def _register_list(app: Dash, nodes: RemoteNodes) -> None:
    @app.callback(Output(parts.LIST, "children"), Input(parts.LIST, "id"))
    def _show(_: str) -> list[Component]:
        return show(nodes, require(Permission.SEE_REMOTE_NODES))

    @app.callback(
        output=outputs(ACTED, again=True),
        inputs=[Input({"type": parts.ACTION, "node": ALL, "verb": ALL}, "n_clicks")],
        prevent_initial_call=True,
    )
    def _act(clicks: list[int | None]) -> Values:
        user = require(Permission.MANAGE_REMOTE_NODES)
        button = pressed(ctx.triggered_id, clicks)
        return act(nodes, user, button["node"], button["verb"])

    @app.callback(
        Output(parts.LIST, "children", allow_duplicate=True),
        Output(parts.SAID, "children", allow_duplicate=True),
        Input(parts.CONFIRM, "submit_n_clicks"),
        State(parts.REMOVING, "data"),
        prevent_initial_call=True,
    )
    def _remove(clicks: int | None, node_id: str) -> tuple[list[Component], None]:
        user = require(Permission.MANAGE_REMOTE_NODES)
        clicked(clicks)
        nodes.remove(node_id, user)
        return show(nodes, user), None  # what a test has found may be of this node


def _register_form(app: Dash, nodes: RemoteNodes) -> None:
    @app.callback(
        output=outputs(FORM),
        inputs=[
            Input(parts.ADD, "n_clicks"),
            Input({"type": parts.ACTION, "node": ALL, "verb": ALL}, "n_clicks"),
        ],
        prevent_initial_call=True,
    )
    def _open(_: int | None, __: list[int | None]) -> Values:
        user = require(Permission.MANAGE_REMOTE_NODES)
        return form(nodes, user, ctx.triggered_id if ctx.triggered[0]["value"] else None)

    @app.callback(output=outputs(_ROWS), inputs=[Input(parts.KIND, "value")], prevent_initial_call=True)
    def _fields(kind: str | None) -> Values:
        require(Permission.MANAGE_REMOTE_NODES)
        if kind not in list(RemoteNodeKind):
            raise PreventUpdate
        return parts.hidden_rows(RemoteNodeKind(kind))

    @app.callback(
        Output(parts.FORM, "is_open", allow_duplicate=True),
        Output(parts.LIST, "children", allow_duplicate=True),
        Output(parts.SAID, "children", allow_duplicate=True),
        Input(parts.SAVE, "n_clicks"),
        State(parts.CHANGING, "data"),
        State(parts.NAME, "value"),
        State(parts.KIND, "value"),
        *(State(place, "value") for place in _ENTRIES),
        prevent_initial_call=True,
    )
    def _save(
        clicks: int | None, node_id: str | None, name: str | None, kind: str | None, *entered: Any
    ) -> tuple[bool, list[Component], None]:
        user = require(Permission.MANAGE_REMOTE_NODES)
        clicked(clicks)
        values = dict(zip(FIELDS, entered, strict=True))
        save(nodes, user, node_id or "", name or "", kind or "", values)
        return False, show(nodes, user), None


def _tested(nodes: RemoteNodes, user: User, node_id: str) -> Component:
    try:
        return parts.said(nodes.echo(node_id, user), failed=False)
    except UserFacingError as error:
        return parts.said(str(error), failed=True)


def _filled(node_id: str, heading: str, name: str, kind: RemoteNodeKind, node: RemoteNode | None) -> Values:
    return {
        parts.FORM: True,
        parts.CHANGING: node_id,
        parts.HEADING: heading,
        parts.NAME: name,
        parts.KIND: kind.value,
        parts.KIND_ROW: bool(node_id),
        **parts.values_of(node),
    }
