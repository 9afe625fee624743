"""Sets of scans that versions are had to read: the form, the list, and what one came to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.cohort.panels import number
from dashboard.components.fields import labelled
from dashboard.components.performance.pairs import differences
from dashboard.components.results import local_time, task_name
from data.records import SYNTHETIC, Evaluation, EvaluationState, ModelVersion, ScanSet, User
from services import addresses
from services.evaluations.trained_on import trained_on_words
from services.measurement_words import millilitres
from services.performance.metrics import METRICS
from services.performance.number_words import interval_words, value_words
from services.permissions import Permission, may

if TYPE_CHECKING:
    from services.evaluations.outcomes import SetCase, SetOutcome
    from services.statistics.pairing import PairedVersions

TASK, VERSION, SET, ASK = "evaluation-task", "evaluation-version", "evaluation-set", "evaluation-ask"
CANCEL = "evaluation-cancel"  # type of the buttons: {"type", "evaluation"}
MOST_CASES = 100
APART = "Nothing of it is a result: it stands on no worklist, counts in no cohort, and is sent nowhere."
_STATES = {
    EvaluationState.DONE: "finished",
    EvaluationState.FAILED: "failed",
    EvaluationState.CANCELLED: "cancelled; nothing of it counts",
}
_SHOWN = ("recall", "specificity", "precision", "auc", "calibration_error", "dice")


def form() -> Component:
    """What to read, and by which version."""
    return html.Section(
        [
            html.H2("Have a version read a set of scans"),
            html.P(APART, className="text-secondary"),
            html.Div(
                [
                    labelled("Task", dbc.Select(id=TASK, options=[])),
                    labelled("Version", dbc.Select(id=VERSION, options=[])),
                    labelled("Scans", dbc.Select(id=SET, options=[])),
                    dbc.Button("Read them", id=ASK, color="primary", class_name="lb-evaluation-ask"),
                ],
                className="lb-evaluation-form",
            ),
            html.P(
                "Filters set on the Cohort page come along by its link “Read by a version”; saved views, "
                "retraining packs and labelled folders of the server stand below them.",
                className="text-secondary small mb-0",
            ),
        ],
        className="lb-card",
    )


def task_options(tasks: Sequence[str]) -> list[dict[str, str]]:
    """Tasks to choose from."""
    return [{"label": task_name(task), "value": task} for task in tasks]


def set_value(chosen: ScanSet) -> str:
    """A set as the value of an option."""
    return f"{chosen.kind}:{chosen.key}"


def set_options(sets: Sequence[ScanSet]) -> list[dict[str, str]]:
    """Sets to choose from."""
    return [{"label": chosen.words, "value": set_value(chosen)} for chosen in sets]


def version_options(versions: Sequence[ModelVersion], live: str | None) -> list[dict[str, str]]:
    """Versions to choose from; the live one says so."""
    return [
        {
            "label": f"Version {version.version}" + (", live" if version.version == live else ""),
            "value": version.version,
        }
        for version in versions
    ]


def rows(user: User, evaluations: Sequence[Evaluation]) -> list[Component]:
    """The list, newest first."""
    if not evaluations:
        return [html.P("No version has read a set of scans yet.", className="text-secondary")]
    return [_row(user, evaluation) for evaluation in evaluations]


def title(evaluation: Evaluation) -> str:
    """What one is called."""
    return f"{task_name(evaluation.task)} version {evaluation.version}"


def outcome(made: SetOutcome) -> Component:
    """What a finished one came to, in figures."""
    evaluation = made.evaluation
    what = f"{SYNTHETIC} scans" if evaluation.chosen.synthetic else "scans"
    words = (
        f"{number(made.read)} of {number(evaluation.total)} {what} were read; {number(made.positives)} were "
        f"called positive. Of {number(made.known)} the truth is known, and the figures are of these."
    )
    apart = html.P(APART, className="text-secondary mb-0")
    learnt = [html.P(trained_on_words(made.trained_on))] if made.trained_on else []
    return html.Section([html.P(words), *learnt, _figures(made), apart], className="lb-card")


def scan_by_scan(user: User, made: SetOutcome) -> Component:
    """What a finished one said of each scan."""
    cases = [
        html.H2("Scan by scan"),
        html.P(_order(made), className="text-secondary"),
        _cases(user, made.cases[:MOST_CASES]),
    ]
    return html.Section(cases, className="lb-card")


def beside_choice(evaluation: Evaluation, others: Sequence[Evaluation], chosen: str) -> Component | None:
    """Links to what other versions said of the same set."""
    if not others:
        return None
    links = [
        html.Li(
            dcc.Link(
                f"Version {other.version}, finished {local_time(other.finished_at)}",
                href=addresses.evaluation(evaluation.id, other.id),
                className="fw-bold" if other.id == chosen else None,
            )
        )
        for other in others
        if other.finished_at
    ]
    return html.Section(
        [html.H2("Beside another version on the same cases"), html.Ul(links, className="mb-0")],
        className="lb-card",
    )


def beside(first: Evaluation, second: Evaluation, pair: PairedVersions) -> Component:
    """Two on the same cases; differences are second minus first."""
    if not pair.n:
        said: Component = html.P("No scan whose truth is known was read by both.", className="text-secondary")
    else:
        said = differences(pair, first.version, second.version, METRICS)
    heading = html.H2(f"Version {second.version} beside version {first.version}")
    kind = f"{SYNTHETIC} " if first.chosen.synthetic else ""
    words = f"{number(pair.n)} {kind}cases of the same set, read by both."
    return html.Section([heading, html.P(words), said], className="lb-card")


def _row(user: User, evaluation: Evaluation) -> Component:
    link = dcc.Link(title(evaluation), href=addresses.evaluation(evaluation.id))
    asked = f"asked by {evaluation.asked_name}, {local_time(evaluation.asked_at)}"
    words = html.Span([html.Strong(link), f": {evaluation.chosen.words} ({asked})"])
    if evaluation.state is not EvaluationState.QUEUED:
        said = _STATES[evaluation.state] + (f": {evaluation.failure}" if evaluation.failure else "")
        count = f"{number(evaluation.read)} of {number(evaluation.total)} scans, {said}"
        return html.Div([words, html.Span(count)], className="lb-card lb-rehearsal-row")
    share = round(100 * evaluation.read / evaluation.total)
    bar = dbc.Progress(
        value=share, label=f"{evaluation.read} of {evaluation.total}", class_name="lb-rehearsal-bar"
    )
    cells = [words, bar]
    if may(user, Permission.EVALUATE_VERSIONS):
        button = {"type": CANCEL, "evaluation": evaluation.id}
        cells.append(dbc.Button("Cancel", id=button, size="sm", color="secondary", outline=True))
    return html.Div(cells, className="lb-card lb-rehearsal-row")


def _figures(made: SetOutcome) -> Component:
    if not made.known:
        words = "The truth of none of these scans is known, so nothing can be said of how right it was."
        return html.P(words, className="text-secondary")
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in ("", "Value", "95 % interval", "n")]))
    body = []
    for name in _SHOWN:
        figure = made.figures.get(name)
        if figure is not None and figure.n and math.isfinite(figure.value):
            metric = METRICS[name]
            interval = interval_words(metric, figure.low, figure.high)
            label = html.Span(metric.label, title=metric.meaning)
            body.append((label, value_words(metric, figure.value), interval, number(figure.n)))
    table = html.Table(
        [head, html.Tbody([html.Tr([html.Td(cell) for cell in row]) for row in body])],
        className="table table-sm lb-numbers",
    )
    return html.Div(table, className="lb-scroll")


def _order(made: SetOutcome) -> str:
    words = "The most wrong first, then those whose truth is not known."
    rest = len(made.cases) - MOST_CASES
    return f"{words} The first {MOST_CASES} of {number(len(made.cases))}." if rest > 0 else words


def _cases(user: User, cases: Sequence[SetCase]) -> Component:
    names = ("Scan", "Said", "Truth", "Dice")
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in names]))
    sees = may(user, Permission.SEE_SCANS)
    rows = [html.Tr([html.Td(cell) for cell in _case(case, sees)]) for case in cases]
    table = html.Table([head, html.Tbody(rows)], className="table table-sm")
    return html.Div(table, className="lb-scroll")


def _case(case: SetCase, sees: bool) -> list[Component | str]:
    said, name = case.reading, case.reading.name
    scan = said.scan_id
    link = dcc.Link(name, href=addresses.scan(scan)) if scan and sees else name
    truth = {None: "not known", True: "positive", False: "negative"}[case.truth_positive]
    return [link, said.failure or _said(case), truth, "" if case.dice is None else f"{case.dice:.3f}"]


def _said(case: SetCase) -> str:
    said = case.reading
    assert said.probability is not None
    words = f"{'positive' if said.positive else 'negative'}, {said.probability:.2f}"
    return words if said.volume_ml is None else f"{words}, {millilitres(said.volume_ml)}"
