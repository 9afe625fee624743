"""How the performance page is laid out, with the ids of its parts."""

from __future__ import annotations

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.folds import asking_fold
from dashboard.components.performance import (
    answers,
    controls,
    estimates,
    panels,
    readers,
    reading,
    stop_rules,
)
from dashboard.components.performance.controls import IMPLIED
from data.records import User
from services.performance.stop_rules import PART
from services.permissions import Permission, may
from services.readers.watch import PART as READING
from services.versions.thresholds import LONGEST_WHY

EXPORTS = "performance-exports"
BANNER = "performance-banner"
LIVE = "performance-live"
MEANING = "performance-meaning"
GRAPH = "performance-graph"
ROOM = "performance-graph-room"
NUMBERS = "performance-numbers"
COVERAGE = "performance-coverage"
MATRIX = "performance-matrix"
ROC, PRECISION, CALIBRATION = "performance-roc", "performance-precision", "performance-calibration"
CURVES = "performance-curves"
THRESHOLD = "performance-threshold"
WHAT_IF = "performance-what-if"
REGISTER, REGISTER_WHY, REGISTER_SAID = (
    "performance-register",
    "performance-register-why",
    "performance-register-said",
)
GROUPS, GROUPS_GRAPH, GROUPS_FIGURE = (
    "performance-groups",
    "performance-groups-graph",
    "performance-groups-figure",
)
CASES = "performance-cases"
PROPOSALS = "performance-proposals"
TRAINING, TRAINING_CURVES = "performance-training", "performance-training-curves"
COMPARISON = "performance-comparison"
ARRIVED = "performance-arrived"
ESTIMATES_FOLD = "performance-fold-estimates"
ANSWERS_FOLD = "performance-fold-answers"
GROUPS_FOLD = "performance-fold-groups"
SAMPLE_FOLD = "performance-fold-sample"
PAIRS_FOLD = "performance-fold-pairs"
TWO_READERS_FOLD = "performance-fold-two-readers"
STUDY_FOLD = "performance-fold-study"
TRAINING_FOLD = "performance-fold-training"
FOLDS = (
    ESTIMATES_FOLD,
    ANSWERS_FOLD,
    GROUPS_FOLD,
    SAMPLE_FOLD,
    PART,
    PAIRS_FOLD,
    TWO_READERS_FOLD,
    STUDY_FOLD,
    READING,
    TRAINING_FOLD,
)
"""Parts that are folded; links may name them."""
PLAIN: dcc.Graph.Config = {"displayModeBar": False}


def whole_page(user: User) -> Component:
    """Build the page; what it shows comes from its address."""
    head = html.Div(
        [html.H1("Performance"), html.Div(id=EXPORTS, className="ms-auto")], className="lb-page-head"
    )
    parts = [head, controls.upper(), html.Div(id=BANNER), html.Div(id=LIVE), _history(user), *_closer(user)]
    return html.Div([*parts, dcc.Store(id=IMPLIED), dcc.Store(id=ARRIVED)], className="lb-performance")


def _history(user: User) -> Component:
    graph = dcc.Graph(id=GRAPH, config=PLAIN, className="lb-graph lb-history-chart")
    chart = html.Div(html.Div(graph, id=ROOM), className="lb-scroll", tabIndex=0)
    parts = [html.P(id=MEANING, className="mb-1"), chart, panels.goal_form(user), html.Div(id=NUMBERS)]
    return html.Section(parts, className="lb-card")


def _closer(user: User) -> list[Component]:
    curves = [
        _graph(ROC, "ROC"),
        _graph(PRECISION, "Precision and recall"),
        _graph(CALIBRATION, "Calibration"),
    ]
    errors = html.Div([html.Div(id=MATRIX), _threshold(user)], className="lb-errors")
    groups = html.Figure(dcc.Graph(id=GROUPS_GRAPH, config=PLAIN), id=GROUPS_FIGURE)
    of_the_house = _of_the_house(user) if may(user, Permission.SEE_STATISTICS) else _without_the_house()
    return [
        html.H2("A version more closely", className="lb-closer"),
        controls.lower(),
        html.P(id=COVERAGE, className="text-secondary"),
        _section("Right and wrong", errors, html.Div(curves, className="lb-charts", id=CURVES)),
        html.Div(id=CASES),
        asking_fold(ESTIMATES_FOLD, "Estimated without truth", html.Div(id=estimates.WITHOUT_TRUTH)),
        asking_fold(ANSWERS_FOLD, "Answers: found, not found, uncertain", html.Div(id=answers.ANSWERS)),
        asking_fold(GROUPS_FOLD, "Groups of patients", groups, html.Div(id=GROUPS)),
        asking_fold(SAMPLE_FOLD, "The random sample", html.Div(id=PROPOSALS)),
        *of_the_house,
    ]


def _of_the_house(user: User) -> list[Component]:
    """What is told of all departments together."""
    runs = [html.Div(id=TRAINING), html.Div(id=TRAINING_CURVES, className="lb-charts")]
    return [
        asking_fold(PART, "Stop rules", stop_rules.forms(user)),
        asking_fold(PAIRS_FOLD, "Two versions on the same cases", controls.second(), html.Div(id=COMPARISON)),
        asking_fold(TWO_READERS_FOLD, "Two readers", html.Div(id=readers.READERS)),
        asking_fold(
            STUDY_FOLD, "Readers without and with the AI", html.Div(id=readers.STUDY), readers.rule_form(user)
        ),
        asking_fold(READING, "How readers read", html.Div(id=reading.SHOWN)),
        asking_fold(TRAINING_FOLD, "Training", *runs),
    ]


def _without_the_house() -> list[Component]:
    """The control of a second version stays, unseen: the others are read together with it."""
    return [html.Div(controls.second(), className="lb-hidden")]


def _section(heading: str, *parts: Component) -> Component:
    return html.Section([html.H2(heading), *parts], className="lb-card")


def _threshold(user: User) -> Component:
    label = html.Label("What another threshold would have done with these cases", htmlFor=THRESHOLD)
    marks = {place / 10: f"{place / 10:.1f}" for place in range(0, 11, 2)}
    slider = dcc.Slider(
        id=THRESHOLD,
        min=0,
        max=1,
        step=0.005,
        value=0.5,
        marks=marks,
    )
    parts = [label, slider, html.Div(id=WHAT_IF), _register_form(may(user, Permission.REGISTER_VERSIONS))]
    return html.Div(parts, className="lb-threshold")


def _register_form(may_register: bool) -> Component:
    """Where MLOps staff make a version of what the slider shows."""
    why = [
        html.Label("Why", htmlFor=REGISTER_WHY, className="form-label"),
        dbc.Textarea(id=REGISTER_WHY, maxlength=LONGEST_WHY, rows=2),
    ]
    button = html.Button("Register", id=REGISTER, className="btn btn-sm btn-outline-primary mt-2")
    said = html.P(id=REGISTER_SAID, className="text-secondary", role="status")
    form = html.Details(
        [html.Summary("Register a version with this threshold"), *why, button],
        className="mt-2",
    )
    return html.Div([form, said], className="" if may_register else "lb-hidden")


def _graph(name: str, heading: str) -> Component:
    graph = dcc.Graph(id=name, config=PLAIN, className="lb-graph")
    return html.Figure([html.Figcaption(heading), graph], className="lb-chart")
