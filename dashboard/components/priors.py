"""Priors: what was asked for of a patient, and from which nodes an administrator has them fetched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.attributes import aria
from dashboard.components.dialog import form_dialog
from dashboard.components.results import local_time
from data.records import PriorRule, PriorSeries, PriorState, RemoteNodeKind, RetrieveMethod
from services.priors.priors import METHODS, MOST_STUDIES, MOST_YEARS

if TYPE_CHECKING:
    from services.priors.priors import PriorsView, RuledNode

FETCH = "patient-priors-fetch"
REQUESTS = "patient-priors"
TICK = "patient-priors-tick"

LIST = "dicom-priors"
ACTION = "dicom-prior-rule-change"  # type of the buttons: {"type", "node"}
FORM = "dicom-prior-rule-form"
HEADING = "dicom-prior-rule-heading"
NODE = "dicom-prior-rule-node"
WHEN = "dicom-prior-rule-when"
METHOD = "dicom-prior-rule-method"
STUDIES = "dicom-prior-rule-studies"
YEARS = "dicom-prior-rule-years"
SAVE = "dicom-prior-rule-save"

NEVER, ASKED, AUTOMATIC = "never", "asked", "automatic"
WHEN_NAMES = {
    NEVER: "Never",
    ASKED: "When a clinician asks",
    AUTOMATIC: "For each study that arrives, and when a clinician asks",
}
_METHOD_NAMES = {
    RetrieveMethod.MOVE: "C-MOVE: the node sends to our DICOM node, which it has to know",
    RetrieveMethod.GET: "C-GET: over the same association; the node has to allow it",
    RetrieveMethod.WADO: "WADO-RS, after QIDO-RS",
}
_STATES = {
    PriorState.WAITING: ("Being fetched", "lb-status-reading"),
    PriorState.DONE: ("Fetched", "lb-status-read"),
    PriorState.FAILED: ("Failed", "lb-status-failed"),
}
_EVERY_MS = 4000


def section() -> Component:
    """Build the part of the patient's page; its list comes from `requests`."""
    return html.Section(
        [
            html.Div(
                [
                    html.H2("Priors"),
                    html.Button("Fetch priors", id=FETCH, className="btn btn-sm btn-outline-primary"),
                ],
                className="lb-page-head",
            ),
            html.Div(id=REQUESTS, **aria(live="polite")),
            dcc.Interval(id=TICK, interval=_EVERY_MS),
        ]
    )


def requests(views: Sequence[PriorsView]) -> list[Component]:
    """Show what was asked for, and what came of it."""
    if not views:
        words = "No earlier study of this patient was asked for from a PACS."
        return [html.P(words, className="text-secondary")]
    return [_request(view) for view in views]


def rules(nodes: Sequence[RuledNode], *, managed: bool) -> list[Component]:
    """Show which priors are fetched from every node that may have any; with buttons for who manages it."""
    if not nodes:
        return []
    names = ["Remote node", "Priors are fetched", "How", "At most", *([""] if managed else [])]
    rows = [html.Tr([html.Td(cell) for cell in _rule_cells(node, managed)]) for node in nodes]
    return [html.H2("Priors"), html.Div(_table(names, rows), className="lb-scroll")]


def form() -> Component:
    """Ask which priors are fetched from a node; one form for all."""
    times = [{"label": words, "value": value} for value, words in WHEN_NAMES.items()]
    fields = [
        html.Fieldset([html.Legend("Priors are fetched"), dbc.RadioItems(id=WHEN, options=times)]),
        html.Label("How", htmlFor=METHOD),
        dbc.Select(id=METHOD),
        html.Label("Studies back, at most", htmlFor=STUDIES),
        dbc.Input(id=STUDIES, type="number", min=1, max=MOST_STUDIES, step=1),
        html.Label("Years back, at most", htmlFor=YEARS),
        dbc.Input(id=YEARS, type="number", min=1, max=MOST_YEARS, step=1),
    ]
    return form_dialog(FORM, HEADING, fields, SAVE)


def methods(kind: RemoteNodeKind) -> list[dict[str, str]]:
    """How priors come from nodes of a kind, as options."""
    return [{"label": _METHOD_NAMES[method], "value": method.value} for method in METHODS[kind]]


def when(rule: PriorRule | None) -> str:
    """The form's value of a rule."""
    if rule is None:
        return NEVER
    return AUTOMATIC if rule.automatic else ASKED


def _request(view: PriorsView) -> Component:
    request = view.request
    words, look = _STATES[request.state]
    by = "" if request.asked_by else ", by itself"
    head = f" from {view.node or 'a node that was removed'}, asked for {local_time(request.created_at)}{by}"
    parts: list[Any] = [html.P([html.Span(words, className=f"lb-badge {look}"), head])]
    if request.failure:
        again = f" It is tried again {local_time(request.next_at)}." if request.next_at else ""
        parts.append(html.P(f"{request.failure}{again}", className="lb-failed"))
    if view.series:
        names = ["Study", "Modality", "Series", "State", "Instances"]
        rows = [html.Tr([html.Td(cell) for cell in _series_cells(series)]) for series in view.series]
        label = aria(label=f"Series from {view.node}")
        scrolled = html.Div(_table(names, rows), className="lb-scroll", tabIndex=0, role="group", **label)
        parts.append(scrolled)
    elif request.state is PriorState.DONE:
        parts.append(html.P("Nothing more to fetch was found.", className="text-secondary"))
    parts += [html.P(sentence, className="lb-warning") for sentence in request.passed_over]
    return html.Div(parts, className="mb-3")


def _series_cells(series: PriorSeries) -> list[Any]:
    words, look = _STATES[series.state]
    failed = f", {series.failed} failed" if series.failed else ""
    return [
        str(series.study_date or "unknown day"),
        series.modality,
        html.Code(series.series_uid),
        html.Span(words, className=f"lb-badge {look}"),
        f"{series.completed}{failed}",
    ]


def _rule_cells(known: RuledNode, managed: bool) -> list[Any]:
    rule = known.rule
    cells: list[Any] = [
        known.node.name,
        WHEN_NAMES[when(rule)],
        "" if rule is None else rule.method.value,
        "" if rule is None else f"{rule.studies} studies, {rule.years} years back",
    ]
    if managed:
        label = aria(label=f"Change which priors are fetched from {known.node.name}")
        name = {"type": ACTION, "node": known.node.id}
        cells.append(html.Button("Change…", id=name, className="btn btn-sm btn-outline-secondary", **label))
    return cells


def _table(names: Sequence[str], rows: Sequence[Component]) -> Component:
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in names]))
    return html.Table([head, html.Tbody(list(rows))], className="table align-middle lb-people")
