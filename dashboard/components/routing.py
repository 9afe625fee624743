"""Routing rules as administrators see and enter them."""

from __future__ import annotations

from collections.abc import Sequence

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from dashboard.components.attributes import aria
from dashboard.components.dialog import form_dialog
from data.records import Outcome, RemoteNode
from services.exporting.forms import LABELS
from services.sending.routing import RuleView, sendable
from services.task_words import OUTCOME_NAMES, words_of

LIST = "routing-rules"
ACTION = "routing-rule-action"  # type of the buttons: {"type", "rule"}
ADD = "routing-rule-add"
FORM = "routing-rule-form"
HEADING = "routing-rule-heading"
NODE = "routing-rule-node"
TASK = "routing-rule-task"
OUTCOMES = "routing-rule-outcomes"
FORMS = "routing-rule-forms"
WHEN = "routing-rule-when"
SENDER = "routing-rule-sender"
SYNTHETIC = "routing-rule-synthetic"
SAVE = "routing-rule-save"
DELETING = "routing-rule-deleting"
CONFIRM = "routing-rule-confirm"

AT_ONCE, REVIEWED = "at-once", "reviewed"
EVERY_TASK = "every"  # no task is called so
_WHEN = {AT_ONCE: "At once after the reading", REVIEWED: "Once a reviewer has accepted or corrected it"}
_NONE = "No rule yet: no result leaves by one."
_HINTS = (
    "Rules are about scans that came through the DICOM node, and hold for what is said from now on. Results "
    "go out under the patient's name. What a reader is not to know yet is held, corrections follow by "
    "themselves, and a rejected result is withdrawn wherever it went."
)


def cards(views: Sequence[RuleView], *, managed: bool) -> list[Component]:
    """Show every rule; with a button for who manages them."""
    if not views:
        return [html.P(_NONE, className="text-secondary")]
    return [_card(view, managed) for view in views]


def form() -> Component:
    """Ask for a rule; nodes and tasks come when it is opened, and the forms with the node."""
    answers = [{"value": outcome.value, "label": name} for outcome, name in OUTCOME_NAMES.items()]
    whens = [{"value": when, "label": words} for when, words in _WHEN.items()]
    fields = [
        html.P(_HINTS, className="text-secondary small"),
        html.Label("Remote node", htmlFor=NODE),
        dbc.Select(id=NODE, options=[]),
        html.Label("Task", htmlFor=TASK),
        dbc.Select(id=TASK, options=[]),
        _group("Answers", dbc.Checklist(id=OUTCOMES, options=answers, value=[], inline=True)),
        _group("Forms", dbc.Checklist(id=FORMS, options=[], value=[])),
        _group("When", dbc.RadioItems(id=WHEN, options=whens, value=AT_ONCE)),
        html.Label("Only scans that this AE title has sent (empty: any)", htmlFor=SENDER),
        dbc.Input(id=SENDER, maxlength=16, autocomplete="off"),
        dbc.Checkbox(id=SYNTHETIC, label="Also scans that were made for a demonstration", value=False),
    ]
    return form_dialog(FORM, HEADING, fields, SAVE)


def task_options(tasks: Sequence[str]) -> list[dict[str, str]]:
    """The tasks for the menu."""
    named = [{"value": task, "label": words_of(task).label} for task in tasks]
    return [{"value": EVERY_TASK, "label": "Every task"}, *named]


def node_options(nodes: Sequence[RemoteNode]) -> list[dict[str, str]]:
    """The nodes for the menu."""
    return [{"value": node.id, "label": node.name} for node in nodes]


def form_options(node: RemoteNode | None) -> list[dict[str, str]]:
    """The forms that a node takes."""
    return [] if node is None else [{"value": form, "label": LABELS[form]} for form in sendable(node.kind)]


EVERY_OUTCOME = [outcome.value for outcome in Outcome]


def _group(legend: str, choice: Component) -> Component:
    return html.Fieldset([html.Legend(legend), choice])


def _card(view: RuleView, managed: bool) -> Component:
    button = html.Button(
        "Delete",
        id={"type": ACTION, "rule": view.rule.id},
        className="btn btn-sm btn-outline-secondary",
        **aria(label=f"Delete the rule: {view.words} to {view.node}"),
    )
    return html.Article(
        [
            html.Div([html.Strong(f"To {view.node}")], className="lb-alert-head"),
            html.Div(view.words, className="lb-breaks"),
            html.Div([button] if managed else [], className="lb-alert-acts"),
        ],
        className="lb-card lb-schedule",
    )
