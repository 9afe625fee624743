"""Which priors are fetched from which remote node, on the page "DICOM"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html
from dash.development.base_component import Component

from dashboard.auth import require
from dashboard.components import priors as parts
from dashboard.components.dicom import TICK
from dashboard.components.outputs import Values, clicked, outputs, pressed
from data.errors import InvalidInput
from data.records import PriorRule, RetrieveMethod, User
from services.permissions import Permission, may
from services.priors.priors import METHODS

if TYPE_CHECKING:
    from services.priors.priors import Priors

_STUDIES, _YEARS = 3, 5  # of a new rule


def section() -> list[Component]:
    """Build the part of the page; `show` fills it."""
    return [
        html.Section(id=parts.LIST, className="mt-4"),
        parts.form(),
        dcc.Store(id=parts.NODE),
    ]


def show(priors: Priors, user: User) -> list[Component]:
    """Return the table of nodes and rules."""
    return parts.rules(priors.rules(user), managed=may(user, Permission.MANAGE_REMOTE_NODES))


def form(priors: Priors, user: User, node_id: str) -> Values:
    """The opened form on a node."""
    (known,) = (known for known in priors.rules(user) if known.node.id == node_id)
    rule = known.rule
    return {
        parts.FORM: True,
        parts.NODE: node_id,
        parts.HEADING: f"Priors from {known.node.name}",
        parts.WHEN: parts.when(rule),
        parts.METHOD: {
            "options": parts.methods(known.node.kind),
            "value": (METHODS[known.node.kind][0] if rule is None else rule.method).value,
        },
        parts.STUDIES: _STUDIES if rule is None else rule.studies,
        parts.YEARS: _YEARS if rule is None else rule.years,
    }


def save(
    priors: Priors,
    user: User,
    node_id: str,
    when: str | None,
    method: str | None,
    studies: float | None,
    years: float | None,
) -> None:
    """Keep what the form says; raises InvalidInput."""
    if when == parts.NEVER:
        priors.remove_rule(node_id, user)
        return
    if when not in parts.WHEN_NAMES or method not in list(RetrieveMethod):
        raise InvalidInput("Choose when priors are fetched, and how.")
    automatic = when == parts.AUTOMATIC
    rule = PriorRule(node_id, RetrieveMethod(method), automatic, int(studies or 0), int(years or 0))
    priors.set_rule(rule, user)


def register(app: Dash, priors: Priors) -> None:
    """Bind the part of the page."""

    @app.callback(Output(parts.LIST, "children"), Input(TICK, "n_intervals"))
    def _show(_: int | None) -> list[Component]:
        return show(priors, require(Permission.SEE_REMOTE_NODES))

    @app.callback(
        output=outputs(
            {
                parts.FORM: "is_open",
                parts.NODE: "data",
                parts.HEADING: "children",
                parts.WHEN: "value",
                parts.METHOD: ("options", "value"),
                parts.STUDIES: "value",
                parts.YEARS: "value",
            }
        ),
        inputs=[Input({"type": parts.ACTION, "node": ALL}, "n_clicks")],
        prevent_initial_call=True,
    )
    def _open(clicks: list[int | None]) -> Values:
        user = require(Permission.MANAGE_REMOTE_NODES)
        return form(priors, user, pressed(ctx.triggered_id, clicks)["node"])

    @app.callback(
        Output(parts.FORM, "is_open", allow_duplicate=True),
        Output(parts.LIST, "children", allow_duplicate=True),
        Input(parts.SAVE, "n_clicks"),
        State(parts.NODE, "data"),
        *(State(place, "value") for place in (parts.WHEN, parts.METHOD, parts.STUDIES, parts.YEARS)),
        prevent_initial_call=True,
    )
    def _save(
        clicks: int | None,
        node_id: str | None,
        when: str | None,
        method: str | None,
        studies: float | None,
        years: float | None,
    ) -> tuple[bool, list[Component]]:
        user = require(Permission.MANAGE_REMOTE_NODES)
        clicked(clicks)
        save(priors, user, node_id or "", when, method, studies, years)
        return False, show(priors, user)
