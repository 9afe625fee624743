"""Local acceptance: the protocol in force, where the live version stands, tests and what they came to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.cohort.panels import number
from dashboard.components.icons import icon
from dashboard.components.results import local_date, local_time, task_name
from data.records import AcceptanceProtocol, AcceptanceTest, AcceptanceVerdict, EvaluationState, User
from services import addresses
from services.acceptance.records import signature
from services.acceptance.standings import Standing
from services.acceptance.words import VERDICT_WORDS, limits_words
from services.cohort.small_numbers import FEW, audience_of_pages, small
from services.permissions import Permission, may
from services.standing.acceptances import scanner_words

if TYPE_CHECKING:
    from services.acceptance.standings import ScannerStanding, TaskStandings

NO_PROTOCOL = (
    "No protocol is in force: acceptance is not asked for, results carry no mark, and no test can begin. "
    "A department head fixes the limits first."
)
NO_TEST = "No test can begin: its limits have to stand first."
MARKS = (
    "Results of a version without a signed, passed test on their scanner are marked as not yet accepted "
    "here: on the worklist, on the pages of patient and scan, in the API and in what leaves in words or "
    "pictures."
)
_STANDINGS = {
    Standing.ACCEPTED: ("bi-check-circle-fill", "Accepted"),
    Standing.AWAITS_SIGNATURE: ("bi-pen", "Tested: passed, awaiting signature"),
    Standing.READING: ("bi-hourglass-split", "Being tested"),
    Standing.NOT_PASSED: ("bi-x-circle-fill", "Tested: not passed"),
    Standing.TOO_FEW: ("bi-question-circle", "Tested: cannot tell, too few cases"),
    Standing.CANNOT_TELL: ("bi-question-circle", "Tested: cannot tell, a limit lies within its interval"),
    Standing.NOT_TESTED: ("bi-dash-circle", "Not tested"),
    Standing.ALTERED: ("bi-exclamation-triangle-fill", "Not accepted: its record is not what was signed"),
}
_SIGNS = {
    AcceptanceVerdict.PASSED: "bi-check-circle-fill",
    AcceptanceVerdict.NOT_PASSED: "bi-x-circle-fill",
}
VERDICTS = {
    verdict: (_SIGNS.get(verdict, "bi-question-circle"), words) for verdict, words in VERDICT_WORDS.items()
}
_STATES = {
    EvaluationState.FAILED: "could not be finished",
    EvaluationState.CANCELLED: "was cancelled; nothing of it counts",
}


def task_links(tasks: Sequence[str], chosen: str) -> list[Component]:
    """A link for each task; the chosen one says so."""
    return [
        dcc.Link(
            task_name(task),
            href=addresses.acceptance(task),
            className=f"btn btn-sm {'btn-primary' if task == chosen else 'btn-outline-primary'}",
        )
        for task in tasks
    ]


def protocol_panel(revisions: Sequence[AcceptanceProtocol]) -> list[Component]:
    """The limits in force with who fixed them, and the revisions before; `revisions` are newest first."""
    newest = next(iter(revisions), None)
    if newest is None:
        return [html.P(NO_PROTOCOL, className="text-secondary")]
    parts: list[Component] = []
    if newest.in_force:
        parts += [
            html.P(f"Revision {newest.revision}, fixed by {_by(newest)}"),
            html.Ul([html.Li(words) for words in limits_words(newest.limits)]),
            html.P(MARKS, className="text-secondary"),
        ]
    else:
        parts += [html.P(NO_PROTOCOL), html.P(f"The last one was ended by {_by(newest)}")]
    before = [html.Li(_revision(each)) for each in revisions[1:]]
    if before:
        parts.append(html.Details([html.Summary(f"Earlier revisions ({len(before)})"), html.Ul(before)]))
    return parts


def standings_panel(standings: TaskStandings, user: User) -> list[Component]:
    """The scanners that the live version reads, and where it stands on each."""
    if standings.version is None:
        return [
            html.P(
                "No version of this task is loaded yet: the server may have just started.",
                className="text-secondary",
            )
        ]
    if not standings.scanners:
        words = f"Version {standings.version} is live and has read no real scan yet."
        return [html.P(words, className="text-secondary")]
    names = ("Scanner", f"Version {standings.version}, live", "Real scans read", "")
    rows = [_standing(each, user) for each in standings.scanners]
    return [_table(names, rows)]


def tests_panel(tests: Sequence[AcceptanceTest], progress: Sequence[str]) -> list[Component]:
    """Every test of the task, newest first; `progress` says of each how far it is."""
    if not tests:
        return [html.P("No version of this task was tested on a scanner yet.", className="text-secondary")]
    names = ("Begun", "Version", "Scanner", "By", "State")
    rows: list[list[Component | str]] = [
        [
            dcc.Link(local_time(test.asked_at), href=addresses.acceptance(test.task, test.id)),
            test.version,
            scanner_words(test.scanner),
            test.asked_name,
            how_far,
        ]
        for test, how_far in zip(tests, progress, strict=True)
    ]
    return [_table(names, rows)]


def with_sign(sign: str, words: str) -> Component:
    """Words with an icon before them, which says nothing of its own."""
    return html.Span([icon(sign, "me-2"), words])


def count_words(n: int, user: User) -> str:
    """A count of scans; small ones not for who may not open the scans."""
    return FEW if audience_of_pages(user).withholds and small(n) else number(n)


def signed_words(test: AcceptanceTest) -> str:
    """When a record was signed, by whom and in which role."""
    signed = signature(test)
    name = test.signed_name if signed is None else f"{signed.name} as {signed.signed_as}"
    return f"on {local_date(test.signed_at)} by {name}"


def state_words(state: EvaluationState, failure: str | None) -> str:
    """How a test ended that came to nothing."""
    words = f"The test {_STATES[state]}"
    return f"{words}: {failure}" if failure else f"{words}."


def options(values: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    """Values with their words, for a select."""
    return [{"value": value, "label": words} for value, words in values]


def hidden_unless(user: User, permission: Permission, shown: str = "") -> str:
    """The class of what only some may do."""
    return shown if may(user, permission) else f"{shown} lb-hidden".strip()


def select(name: str) -> Component:
    """A select that is filled later."""
    made: Component = dbc.Select(id=name, options=[], placeholder="None yet")
    return made


def _standing(each: ScannerStanding, user: User) -> list[Component | str]:
    sign, words = _STANDINGS[each.standing]
    if each.test is not None and each.standing is Standing.ACCEPTED:
        words = f"{words} {signed_words(each.test)}"
    elif each.test is not None and each.test.signed_at is not None:
        words = f"{words}, signed {signed_words(each.test)}"
    link = "" if each.test is None else _opened(each.test)
    return [scanner_words(each.scanner), with_sign(sign, words), count_words(each.read, user), link]


def _opened(test: AcceptanceTest) -> Component:
    return dcc.Link("The test", href=addresses.acceptance(test.task, test.id))


def _by(protocol: AcceptanceProtocol) -> str:
    return f"{protocol.set_name}, {local_time(protocol.set_at)}: “{protocol.why}”"


def _revision(protocol: AcceptanceProtocol) -> str:
    if not protocol.in_force:
        return f"Revision {protocol.revision}: ended by {_by(protocol)}"
    return f"Revision {protocol.revision}, fixed by {_by(protocol)} {' '.join(limits_words(protocol.limits))}"


def _table(names: Sequence[str], rows: Sequence[Sequence[Component | str]]) -> Component:
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in names]))
    cells: list[Component] = [html.Tr([html.Td(cell) for cell in row]) for row in rows]
    table = html.Table([head, html.Tbody(cells)], className="table table-sm lb-numbers")
    return html.Div(table, className="lb-scroll")
