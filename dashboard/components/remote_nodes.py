"""Remote nodes as administrators see and enter them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from dashboard.components.attributes import aria
from dashboard.components.dialog import form_dialog
from dashboard.components.icons import icon
from dashboard.components.results import local_time
from data.records import RemoteNode, RemoteNodeKind
from services.remote_nodes.kinds import FIELDS, KINDS, Look, NodeField, address_words
from services.remote_nodes.nodes import LONGEST_NAME

LIST = "remote-nodes"
ACTION = "remote-node-action"  # type of the buttons: {"type", "node", "verb"}
ADD = "remote-node-add"
SAID = "remote-node-said"  # what a test has found
FORM = "remote-node-form"
HEADING = "remote-node-heading"
CHANGING = "remote-node-changing"  # the id of what is changed, "" for a new one
NAME = "remote-node-name"
KIND = "remote-node-kind"
KIND_ROW = "remote-node-kind-row"
SAVE = "remote-node-save"
REMOVING = "remote-node-removing"
CONFIRM = "remote-node-confirm"

_EVERYTHING = "Every real scan that is read here goes there by itself, with its results and reviews."
_NONE = "No remote node yet: results stay in Lightbox until somebody fetches them."


def entry(field: str) -> str:
    """The id of the input of a field."""
    return f"remote-node-{field.replace('_', '-')}"


def row(field: str) -> str:
    """The id of the part of the form that holds a field."""
    return f"{entry(field)}-row"


def cards(nodes: Sequence[RemoteNode], *, managed: bool) -> list[Component]:
    """Show every node; with buttons for who manages them."""
    if not nodes:
        return [html.P(_NONE, className="text-secondary")]
    return [_card(node, managed) for node in nodes]


def said(words: str, *, failed: bool) -> Component:
    """Say what a test has found."""
    look = "lb-failed" if failed else "lb-all-well"
    return html.P([icon("bi-x-circle" if failed else "bi-check2", "me-2"), words], className=look)


def form() -> Component:
    """Ask for a node; which fields are shown says its kind."""
    kinds = [{"value": kind.value, "label": known.label} for kind, known in KINDS.items()]
    fields = [
        html.Label("Name", htmlFor=NAME),
        dbc.Input(id=NAME, maxlength=LONGEST_NAME, autocomplete="off"),
        html.Div([html.Label("Kind", htmlFor=KIND), dbc.Select(id=KIND, options=kinds)], id=KIND_ROW),
        *(html.Div(_entry(name, field), id=row(name)) for name, field in FIELDS.items()),
    ]
    return form_dialog(FORM, HEADING, fields, SAVE)


def hidden_rows(kind: RemoteNodeKind) -> dict[str, bool]:
    """Of every field's row whether this kind has no use for it."""
    return {row(name): name not in KINDS[kind].fields for name in FIELDS}


def values_of(node: RemoteNode | None) -> dict[str, Any]:
    """What stands in the inputs of the fields: a node's values, without its secret, or nothing."""
    known: Mapping[str, Any] = {} if node is None else vars(node)
    return {entry(name): known.get(name) or _EMPTY[field.look] for name, field in FIELDS.items()}


_EMPTY = {Look.TEXT: "", Look.NUMBER: "", Look.PASSWORD: "", Look.YES_OR_NO: False}


def _entry(name: str, field: NodeField) -> list[Component]:
    known = entry(name)
    hint = [html.Div(field.hint, className="text-secondary small")] if field.hint else []
    if field.look is Look.YES_OR_NO:
        return [dbc.Checkbox(id=known, label=field.label, value=False), *hint]
    # No field of passwords: browsers would offer to keep it as somebody's own.
    masked = "lb-masked" if field.look is Look.PASSWORD else ""
    kind = "number" if field.look is Look.NUMBER else "text"
    box = dbc.Input(id=known, type=kind, autocomplete="off", class_name=masked)
    return [html.Label(field.label, htmlFor=known), box, *hint]


def _card(node: RemoteNode, managed: bool) -> Component:
    label = KINDS[node.kind].label
    head = [html.Strong(node.name), html.Span(label, className="lb-badge")]
    return html.Article(
        [
            html.Div(
                [
                    html.Div(head, className="lb-alert-head"),
                    html.Div(address_words(vars(node), node.kind), className="lb-alert-times lb-breaks"),
                ]
            ),
            html.Div([*_goes_there(node), *_state(node)]),
            html.Div(_buttons(node) if managed else [], className="lb-alert-acts"),
        ],
        className="lb-card lb-schedule",
    )


def _goes_there(node: RemoteNode) -> list[Component]:
    """What goes to the central house needs no rule, so that no rule tells of it."""
    if node.kind is not RemoteNodeKind.LIGHTBOX:
        return []
    return [html.Div(_EVERYTHING, className="lb-alert-times")]


def _state(node: RemoteNode) -> list[Component]:
    worked = "has not worked yet"
    if node.worked_at is not None:
        worked = f"last worked {local_time(node.worked_at)}"
    parts: list[Component] = [
        html.Div([*([icon("bi-check2")] if node.worked_at else []), worked], className="lb-alert-times")
    ]
    if node.failure is not None and node.failed_at is not None:
        past = node.trouble is None
        words = f"{'last error' if past else 'failed'} {local_time(node.failed_at)}: {node.failure}"
        parts.append(
            html.Div([icon("bi-x-circle"), words], className="lb-alert-times" if past else "lb-failed")
        )
    return parts


def _buttons(node: RemoteNode) -> list[Component]:
    return [
        html.Button(
            label,
            id={"type": ACTION, "node": node.id, "verb": verb},
            className="btn btn-sm btn-outline-secondary",
            **aria(label=f"{label} {node.name}"),
        )
        for verb, label in (("echo", "Test"), ("change", "Change"), ("remove", "Remove"))
    ]
