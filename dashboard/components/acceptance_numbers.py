"""One acceptance test: its numbers against the limits, the cases that speak against it, who signed it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.acceptance import (
    VERDICTS,
    count_words,
    signed_words,
    state_words,
    with_sign,
)
from dashboard.components.cohort.panels import number
from dashboard.components.facts import warning
from dashboard.components.results import local_time
from data.records import EvaluationState, User
from services import addresses
from services.acceptance.duties import same_person_words
from services.acceptance.findings import REFUSED
from services.acceptance.records import of_earlier_rule, signature, withheld
from services.acceptance.testing import ALTERED
from services.acceptance.words import EARLIER_RULE, HOW_MANY, RULE, TRUTH, asked_words, more_words
from services.cohort.small_numbers import HIDDEN, WITHHELD, audience_of_pages, small
from services.evaluations.trained_on import FEW_NOT_COUNTED, trained_on_words
from services.performance.metrics import WITH_GOALS
from services.performance.number_words import interval_words, value_words
from services.permissions import Permission, may
from services.standing.acceptances import scanner_words

if TYPE_CHECKING:
    from services.acceptance.findings import Criterion
    from services.acceptance.records import AcceptanceView

AGAINST = {"recall": "missed", "specificity": "false alarms", REFUSED: "not read"}


def numbers_card(view: AcceptanceView, user: User) -> Component:
    """A test as it stands, or as it was signed."""
    test, evaluation = view.test, view.evaluation
    heading = f"Test of version {test.version} on {scanner_words(test.scanner)}"
    begun = (
        f"Begun by {test.asked_name}, {local_time(test.asked_at)}, held against revision "
        f"{view.protocol.revision} of the protocol. {_before(view.before)}"
    )
    parts: list[Component] = [html.H2(heading), html.P(begun)]
    if evaluation.state is EvaluationState.QUEUED:
        return _card([*parts, _progress(view)])
    if evaluation.state is not EvaluationState.DONE and not view.criteria:
        return _card([*parts, html.P(state_words(evaluation.state, evaluation.failure))])
    if view.as_signed is False:
        return _card([*parts, warning(ALTERED)])
    if view.verdict is not None:
        parts.append(html.P(html.Strong(with_sign(*VERDICTS[view.verdict]))))
    parts += [_numbers(view, user), html.P(_rule(view)), html.P(TRUTH, className="text-secondary")]
    parts += [html.P(_trained_on(view, user)), *_duties(view)]
    if may(user, Permission.SEE_SCANS):
        cases = dcc.Link("Every case of this test", href=addresses.evaluation(evaluation.id))
        parts.append(html.P(cases))
    return _card([*parts, *_signed(view, user)])


def sign_words(view: AcceptanceView) -> list[Component]:
    """What is signed, above the form: the hash of the numbers that are shown."""
    return [
        html.P(
            "You sign the numbers above as they are shown, whatever they came to. A test that passed accepts "
            "the version on this scanner; any other ends an acceptance that it had."
        ),
        html.P(["SHA-256 of the numbers: ", html.Code(view.numbers_sha256, className="lb-sha")]),
    ]


def _card(parts: list[Component]) -> Component:
    return html.Section(parts, className="lb-card", id="acceptance-test-card")


def _trained_on(view: AcceptanceView, user: User) -> list[Component | str]:
    """How many cases are left out because the version was trained on their patients, and which."""
    scan_ids = view.test.trained_on
    if scan_ids is None:
        return [trained_on_words(None)]
    if audience_of_pages(user).withholds and small(len(scan_ids)):
        return [FEW_NOT_COUNTED]
    links: list[Component | str] = []
    for scan_id in scan_ids if may(user, Permission.SEE_SCANS) else ():
        links += [" ", dcc.Link(html.Code(scan_id[:8]), href=addresses.scan(scan_id))]
    return [trained_on_words(len(scan_ids)), *links]


def _duties(view: AcceptanceView) -> list[Component]:
    """Who did what, and plainly where one person did several of them."""
    done = "; ".join(f"{duty.name} {duty.did}" for duty in view.duties)
    said = same_person_words(view.duties)
    return [html.P([f"{done}. ", html.Strong(said) if said else ""])]


def _rule(view: AcceptanceView) -> str:
    return EARLIER_RULE if of_earlier_rule(view.test) else f"{RULE} {HOW_MANY}"


def _before(n: int) -> str:
    if not n:
        return "It is the first test of this version on this scanner."
    times = "once" if n == 1 else f"{n} times"
    return f"The version was tested on this scanner {times} before."


def _progress(view: AcceptanceView) -> Component:
    evaluation = view.evaluation
    share = round(100 * evaluation.read / evaluation.total)
    said = f"{evaluation.read} of {evaluation.total}"
    words = html.P(f"It reads in the background: {said} scans.", role="status")
    return html.Div([words, dbc.Progress(value=share, label=said, class_name="lb-rehearsal-bar")])


def _numbers(view: AcceptanceView, user: User) -> Component:
    names = ("Figure", "Reached", "95 % interval", "n", "Limit", "Least n", "Verdict", "Cases against it")
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in names]))
    rows = [_row(criterion, user) for criterion in view.criteria]
    table = html.Table([head, html.Tbody(rows)], className="table table-sm lb-numbers")
    return html.Div(table, className="lb-scroll")


def _row(criterion: Criterion, user: User) -> Component:
    metric, figure = WITH_GOALS[criterion.metric], criterion.figure
    few = withheld(criterion, audience_of_pages(user))
    reached = [WITHHELD, WITHHELD, WITHHELD] if few else [
        value_words(metric, figure.value if figure.n else None),
        interval_words(metric, figure.low, figure.high) if figure.n else "–",
        count_words(figure.n, user),
    ]  # fmt: skip
    verdict: list[Component | str] = [with_sign(*VERDICTS[criterion.verdict])]
    if not few and (more := more_words(criterion)):
        verdict.append(html.Div(more, className="text-secondary"))
    cells: list[Component | str] = [*reached, asked_words(criterion), number(criterion.least)]
    label = html.Span(metric.label, title=metric.meaning)
    return html.Tr(
        [
            html.Th(label, scope="row"),
            *(html.Td(cell) for cell in cells),
            html.Td(verdict, className="lb-wraps"),
            html.Td(_against(criterion, user), className="lb-wraps"),
        ]
    )


def _against(criterion: Criterion, user: User) -> Component | str:
    if not criterion.scan_ids or not may(user, Permission.SEE_SCANS):
        return ""
    links: list[Component | str] = []
    for scan_id in criterion.scan_ids:
        links += [dcc.Link(html.Code(scan_id[:8]), href=addresses.scan(scan_id)), " "]
    words = f"{len(criterion.scan_ids)} {AGAINST[criterion.metric]}"
    return html.Details([html.Summary(words), html.Span(links)])


def _signed(view: AcceptanceView, user: User) -> list[Component]:
    """Who signed, why, the record's hash, and the record as files."""
    test = view.test
    if test.signed_at is None:
        return [] if may(user, Permission.SIGN_ACCEPTANCE) else [html.P("A department head signs it.")]
    signed, address, look = (
        signature(test),
        f"/exports/acceptance/{test.id}",
        "btn btn-sm btn-outline-primary",
    )
    files: list[Component] = [
        html.A(words, href=f"{address}.{kind}", download="", className=look, title=HIDDEN)
        for kind, words in (("pdf", "Record, PDF"), ("json", "Record, JSON"))
    ]
    if may(user, Permission.SEE_SCANS):
        files += [
            html.A(words, href=f"{address}.{kind}?audience=inside", download="", className=look)
            for kind, words in (("pdf", "PDF, for the house"), ("json", "Record as signed, for the house"))
        ]
    return [
        html.P(f"Signed {signed_words(test)}: “{'' if signed is None else signed.why}”"),
        html.P(["SHA-256 of the record: ", html.Code(test.sha256, className="lb-sha")]),
        html.Div(files, className="lb-exports"),
    ]
