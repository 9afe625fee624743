"""Limits of single features: who set which, and the form that sets one."""

from __future__ import annotations

from collections.abc import Mapping

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from dashboard.components.attributes import aria
from dashboard.components.results import local_time
from data.records import DriftLimit
from services.drift.limits import FEATURES, methods_of, plain, said, title_of, usual_of

FEATURE = "drift-limit-feature"
METHOD = "drift-limit-method"
EFFECT = "drift-limit-effect"
P = "drift-limit-p"
SET = "drift-limit-set"
RESET = "drift-limit-reset"  # type of the buttons: {"type", "feature"}
SAID = "drift-limit-said"


def form(may_set: bool) -> Component:
    """Choose a feature, and by which distance and from when on it counts as drifted; hidden who may not."""
    features = [{"label": title_of(name), "value": name} for name in FEATURES]
    fields = [
        ("Feature", FEATURE, dbc.Select(id=FEATURE, options=features, value=FEATURES[0])),
        ("Distance", METHOD, dbc.Select(id=METHOD)),
        ("Drifted from", EFFECT, dbc.Input(id=EFFECT, type="text", inputmode="decimal")),
        ("And p below", P, dbc.Input(id=P, type="text", inputmode="decimal")),
    ]
    return html.Div(
        [
            *(
                html.Div([html.Label(words, htmlFor=name), control], className="lb-drift-field")
                for words, name, control in fields
            ),
            html.Button("Set this limit", id=SET, className="btn btn-outline-primary"),
            html.Span(id=SAID, role="status", className="text-secondary"),
        ],
        className="lb-drift-window" if may_set else "lb-hidden",
    )


def offered(feature: str, limits: Mapping[str, DriftLimit]) -> dict[str, object]:
    """The form's fields for a feature: the limit that holds now."""
    limit = plain(limits)[feature] if feature in limits else usual_of(feature)
    return {
        METHOD: {
            "options": [{"label": words, "value": name} for name, words in methods_of(feature).items()],
            "value": limit.method,
        },
        EFFECT: f"{limit.effect:g}",
        P: f"{limit.p:g}",
    }


def table(limits: Mapping[str, DriftLimit], may_set: bool) -> Component:
    """The limits that are not the usual ones, with who set them."""
    if not limits:
        return html.P("Every feature is judged by the usual limit.", className="text-secondary")
    head = ["Feature", "Limit", "Set by", "When", ""]
    judged = plain(limits)
    rows = [
        html.Tr(
            [
                html.Td(title_of(name)),
                html.Td(said(judged[name])),
                html.Td(limit.set_name),
                html.Td(local_time(limit.set_at)),
                html.Td(_reset(name) if may_set else None),
            ]
        )
        for name, limit in sorted(limits.items())
    ]
    shown = html.Table(
        [html.Thead(html.Tr([html.Th(words, scope="col") for words in head])), html.Tbody(rows)],
        className="table table-sm",
    )
    return html.Div(shown, className="lb-scroll")


def _reset(feature: str) -> Component:
    return html.Button(
        "Usual again",
        id={"type": RESET, "feature": feature},
        className="btn btn-sm btn-outline-secondary",
        **aria(label=f"Usual again: {title_of(feature)}"),
    )
