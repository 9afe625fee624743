"""Routing rules, on the page "DICOM": seen, added, deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html
from dash.development.base_component import Component

from dashboard.auth import require
from dashboard.components import remote_nodes as node_parts
from dashboard.components import routing as parts
from dashboard.components.outputs import Values, clicked, outputs, pressed
from data.errors import InvalidInput
from data.records import RemoteNodeKind, User
from services.permissions import Permission, may
from services.sending.routing import RuleWanted

if TYPE_CHECKING:
    from services.remote_nodes.nodes import RemoteNodes
    from services.sending.routing import Routing

FORM = {
    parts.FORM: "is_open",
    parts.HEADING: "children",
    parts.NODE: ("options", "value"),
    parts.TASK: ("options", "value"),
    parts.OUTCOMES: "value",
    parts.WHEN: "value",
    parts.SENDER: "value",
    parts.SYNTHETIC: "value",
}


def section(user: User) -> list[Component]:
    """Build the part of the page; `show` fills the list."""
    manages = may(user, Permission.MANAGE_REMOTE_NODES)
    add = html.Button("Add a rule", id=parts.ADD, className="btn btn-sm btn-primary", hidden=not manages)
    return [
        html.Div([html.H2("Routing rules"), add], className="lb-page-head lb-section"),
        html.Div(id=parts.LIST, className="lb-alerts"),
        parts.form(),
        dcc.ConfirmDialog(id=parts.CONFIRM),
        dcc.Store(id=parts.DELETING),
    ]


def show(routing: Routing, user: User) -> list[Component]:
    """Return a card a rule."""
    return parts.cards(routing.rules(user), managed=may(user, Permission.MANAGE_REMOTE_NODES))


def form(routing: Routing, nodes: RemoteNodes, user: User) -> Values:
    """The opened form; raises InvalidInput where there is no remote node."""
    known = [node for node in nodes.all(user) if node.kind is not RemoteNodeKind.LIGHTBOX]
    if not known:
        raise InvalidInput("Add a remote node that takes results by rules first.")
    return {
        parts.FORM: True,
        parts.HEADING: "A new routing rule",
        parts.NODE: {"options": parts.node_options(known), "value": known[0].id},
        parts.TASK: {"options": parts.task_options(routing.tasks), "value": parts.EVERY_TASK},
        parts.OUTCOMES: parts.EVERY_OUTCOME,
        parts.WHEN: parts.AT_ONCE,
        parts.SENDER: "",
        parts.SYNTHETIC: False,
    }


def forms_of(nodes: RemoteNodes, user: User, node_id: str | None) -> Values:
    """The forms that the chosen node takes, all of them chosen where it takes DICOM objects."""
    node = next((node for node in nodes.all(user) if node.id == node_id), None)
    options = parts.form_options(node)
    return {parts.FORMS: {"options": options, "value": [option["value"] for option in options]}}


def register(app: Dash, routing: Routing, nodes: RemoteNodes) -> None:
    """Bind the part of the page."""
    _register_list(app, routing)
    _register_form(app, routing, nodes)


def _register_list(app: Dash, routing: Routing) -> None:
    @app.callback(Output(parts.LIST, "children"), Input(parts.LIST, "id"), Input(node_parts.LIST, "children"))
    def _show(_: str, __: Any) -> list[Component]:
        return show(routing, require(Permission.SEE_REMOTE_NODES))

    @app.callback(
        output=outputs({parts.CONFIRM: ("displayed", "message"), parts.DELETING: "data"}),
        inputs=[Input({"type": parts.ACTION, "rule": ALL}, "n_clicks")],
        prevent_initial_call=True,
    )
    def _ask(clicks: list[int | None]) -> Values:
        require(Permission.MANAGE_REMOTE_NODES)
        rule_id = pressed(ctx.triggered_id, clicks)["rule"]
        words = "Delete this rule? What it has put into the outbox is still sent."
        return {parts.CONFIRM: {"displayed": True, "message": words}, parts.DELETING: rule_id}

    @app.callback(
        Output(parts.LIST, "children", allow_duplicate=True),
        Input(parts.CONFIRM, "submit_n_clicks"),
        State(parts.DELETING, "data"),
        prevent_initial_call=True,
    )
    def _delete(clicks: int | None, rule_id: str) -> list[Component]:
        user = require(Permission.MANAGE_REMOTE_NODES)
        clicked(clicks)
        routing.delete(rule_id, user)
        return show(routing, user)


def _register_form(app: Dash, routing: Routing, nodes: RemoteNodes) -> None:
    @app.callback(output=outputs(FORM), inputs=[Input(parts.ADD, "n_clicks")], prevent_initial_call=True)
    def _open(clicks: int | None) -> Values:
        user = require(Permission.MANAGE_REMOTE_NODES)
        clicked(clicks)
        return form(routing, nodes, user)

    @app.callback(
        output=outputs({parts.FORMS: ("options", "value")}),
        inputs=[Input(parts.NODE, "value")],
        prevent_initial_call=True,
    )
    def _forms(node_id: str | None) -> Values:
        return forms_of(nodes, require(Permission.MANAGE_REMOTE_NODES), node_id)

    @app.callback(
        output=[
            Output(parts.FORM, "is_open", allow_duplicate=True),
            Output(parts.LIST, "children", allow_duplicate=True),
        ],
        inputs={
            "clicks": Input(parts.SAVE, "n_clicks"),
            "node": State(parts.NODE, "value"),
            "task": State(parts.TASK, "value"),
            "outcomes": State(parts.OUTCOMES, "value"),
            "forms": State(parts.FORMS, "value"),
            "when": State(parts.WHEN, "value"),
            "sender": State(parts.SENDER, "value"),
            "synthetic": State(parts.SYNTHETIC, "value"),
        },
        prevent_initial_call=True,
    )
    def _save(clicks: int | None, **entered: Any) -> tuple[bool, list[Component]]:
        user = require(Permission.MANAGE_REMOTE_NODES)
        clicked(clicks)
        routing.add(wanted(entered), user)
        return False, show(routing, user)


def wanted(entered: dict[str, Any]) -> RuleWanted:
    """What somebody has entered."""
    return RuleWanted(
        node_id=entered["node"] or "",
        task="" if entered["task"] == parts.EVERY_TASK else entered["task"] or "",
        outcomes=entered["outcomes"] or (),
        forms=entered["forms"] or (),
        reviewed_only=entered["when"] == parts.REVIEWED,
        sender=entered["sender"] or "",
        synthetic=bool(entered["synthetic"]),
    )
