"""Local acceptance of a task: its protocol, where the live version stands on each scanner, tests, signing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import Dash, Input, State, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard.auth import require
from dashboard.components import acceptance as parts
from dashboard.components import acceptance_forms as forms
from dashboard.components.acceptance_numbers import numbers_card, sign_words
from dashboard.components.attributes import aria
from dashboard.components.evaluations import version_options
from dashboard.components.facts import warning
from dashboard.components.frame import LOCATION
from dashboard.components.outputs import Values, clicked, outputs
from data.errors import InvalidInput
from data.records import EvaluationState, User
from services import addresses
from services.acceptance.protocols import TypedLimits
from services.permissions import Permission, may
from services.standing.acceptances import scanner_words

if TYPE_CHECKING:
    from services.acceptance.records import ListedTest
    from services.assembly.acceptance import AcceptanceServices
    from services.assembly.evaluations import EvaluationServices
    from services.versions.serving import Serving

TASKS, PROTOCOL, STANDINGS, TEST, TESTS, SAID, TICK = (
    f"acceptance-{part}" for part in ("tasks", "protocol", "standings", "test", "tests", "said", "tick")
)
EVERY_MS = 2000
INTRO = (
    "A version that is good elsewhere may fail on a scanner that it has not seen. Before it counts as "
    "accepted on one, it reads the reviewed scans of that scanner, is held against limits that were fixed "
    "beforehand, and a department head signs what came of it."
)
SHOWN = {
    PROTOCOL: "children",
    STANDINGS: "children",
    TEST: "children",
    TESTS: "children",
    forms.BEGIN: "disabled",
    forms.END: "disabled",
    forms.BEGIN_NOT: "children",
    forms.SIGN_FORM: "className",
    forms.SIGN_WORDS: "children",
    forms.NUMBERS: "data",
    TICK: "disabled",
}
FILLED = {
    TASKS: "children",
    forms.MASK_FIELDS: "className",
    forms.VERSION: ("options", "value"),
    forms.SCANNER: ("options", "value"),
    **dict.fromkeys(forms.LIMIT_FIELDS, "value"),
}


def layout(user: User, argument: str = "") -> Component:
    """Build the frame; what it shows comes from its address."""
    head = [html.H1("Local acceptance"), dcc.Link("All versions", href=addresses.MODELS)]
    return html.Div(
        [
            html.Div(head, className="lb-page-head lb-wraps"),
            html.P(INTRO),
            html.Nav(id=TASKS, className="lb-exports mb-2", **aria(label="Tasks")),
            html.Div(id=SAID, role="status"),
            html.Div(id=TEST),
            forms.sign_form(),
            html.Section(
                [html.H2("Protocol"), html.Div(id=PROTOCOL), forms.fix_form(user)], className="lb-card"
            ),
            html.Section([html.H2("Scanners"), html.Div(id=STANDINGS)], className="lb-card"),
            forms.begin_form(user),
            html.Section([html.H2("Tests"), html.Div(id=TESTS)], className="lb-card"),
            dcc.Interval(id=TICK, interval=EVERY_MS),
        ],
        className="lb-rehearsal lb-acceptance",
    )


class AcceptancePage:
    """What the page shows and does, for the task and the test of an address."""

    def __init__(
        self,
        acceptance: AcceptanceServices,
        evaluations: EvaluationServices,
        serving: Serving,
        tasks: list[str],
    ) -> None:
        self._acceptance = acceptance
        self._evaluations = evaluations
        self._serving = serving
        self._tasks = tasks

    def show(self, user: User, search: str | None) -> Values:
        """Everything that may change while the page is open; raises NotFound for a test that is none."""
        task, shown = self._task(search), addresses.acceptance_test_of(search)
        tests = self._acceptance.tests.listed(task, user)
        busy = any(each.evaluation.state is EvaluationState.QUEUED for each in tests)
        revisions = self._acceptance.protocols.revisions(task, user)
        return {
            PROTOCOL: parts.protocol_panel(revisions),
            **_may_begin(bool(revisions) and revisions[0].in_force),
            STANDINGS: parts.standings_panel(self._acceptance.standings.of(task, user), user),
            TESTS: parts.tests_panel([each.test for each in tests], [_progress(each) for each in tests]),
            TICK: not busy,
            **self._test(user, shown),
        }

    def fill(self, user: User, search: str | None) -> Values:
        """What is offered in the forms: the limits in force, versions, scanners."""
        task = self._task(search)
        newest = self._acceptance.protocols.newest(task, user)
        draws = self._serving.draws(task)
        return {
            TASKS: parts.task_links(self._tasks, task),
            forms.MASK_FIELDS: "lb-acceptance-form" if draws else "lb-hidden",
            **self._offered(user, task),
            **forms.typed(newest.limits if newest and newest.in_force else None),
        }

    def fix(self, user: User, search: str | None, limits: TypedLimits, why: str) -> str:
        """Fix the next revision; returns what to say."""
        kept = self._acceptance.protocols.fix(self._task(search), limits.limits(), why, user)
        return f"Revision {kept.revision} is in force. Tests that begin from now on are held against it."

    def end(self, user: User, search: str | None, why: str) -> str:
        """End the protocol; returns what to say."""
        self._acceptance.protocols.end(self._task(search), why, user)
        return "Acceptance is not asked for any more; records stay."

    def begin(
        self, user: User, search: str | None, version: str | None, scanner: str | None
    ) -> list[Component | str]:
        """Begin a test; returns what to say, with a link to it."""
        if not version or not scanner:
            raise InvalidInput("Choose a version and a scanner.")
        task = self._task(search)
        begun = self._acceptance.tests.begin(task, version, scanner, user)
        words = f"Version {version} reads the reviewed scans of {scanner_words(scanner)} in the background. "
        return [words, dcc.Link("Open the test", href=addresses.acceptance(task, begun.id))]

    def sign(self, user: User, search: str | None, numbers: str | None, why: str) -> str:
        """Sign the test of the address; returns what to say."""
        self._acceptance.tests.sign(addresses.acceptance_test_of(search), numbers or "", why, user)
        return "Signed."

    def _task(self, search: str | None) -> str:
        task = addresses.task_of(search, self._tasks)
        if task is None:
            raise InvalidInput("There is no task.")
        return task

    def _offered(self, user: User, task: str) -> Values:
        if not may(user, Permission.RUN_ACCEPTANCE_TESTS):
            return {name: {"options": [], "value": None} for name in (forms.VERSION, forms.SCANNER)}
        versions, live = self._evaluations.evaluations.versions(task), self._serving.live(task)
        names = [version.version for version in versions]
        chosen = live if live in names else next(iter(names), None)
        scanners = self._acceptance.standings.scanners(task, user)
        return {
            forms.VERSION: {"options": version_options(versions, live), "value": chosen},
            forms.SCANNER: {
                "options": parts.options([(name, scanner_words(name)) for name in scanners]),
                "value": next(iter(scanners), None),
            },
        }

    def _test(self, user: User, test_id: str) -> Values:
        """One test, and the form to sign it where it is finished and nobody has."""
        if not test_id:
            nothing: Values = {TEST: [], forms.SIGN_WORDS: [], forms.NUMBERS: None}
            return {**nothing, forms.SIGN_FORM: "lb-card lb-hidden"}
        view = self._acceptance.tests.view(test_id, user)
        open_ = view.verdict is not None and view.test.signed_at is None
        may_sign = open_ and may(user, Permission.SIGN_ACCEPTANCE)
        why_not = self._acceptance.tests.why_not_sign(view, user) if may_sign else None
        signs = may_sign and why_not is None
        return {
            TEST: [numbers_card(view, user), *([warning(why_not)] if why_not else [])],
            forms.SIGN_FORM: "lb-card" if signs else "lb-card lb-hidden",
            forms.SIGN_WORDS: sign_words(view) if signs else [],
            forms.NUMBERS: view.numbers_sha256 if signs else None,
        }


def register(
    app: Dash,
    acceptance: AcceptanceServices,
    evaluations: EvaluationServices,
    serving: Serving,
    tasks: list[str],
) -> None:
    """Bind the page."""
    page = AcceptancePage(acceptance, evaluations, serving, tasks)
    here = State(LOCATION, "pathname")

    @app.callback(output=outputs(SHOWN), inputs=[Input(LOCATION, "search"), Input(TICK, "n_intervals"), here])
    def _show(search: str | None, _: int | None, path: str | None) -> Values:
        user = require(Permission.SEE_ACCEPTANCE)
        _only_here(path)
        return page.show(user, search)

    @app.callback(output=outputs(FILLED), inputs=[Input(LOCATION, "search"), here])
    def _fill(search: str | None, path: str | None) -> Values:
        user = require(Permission.SEE_ACCEPTANCE)
        _only_here(path)
        return page.fill(user, search)

    _register_protocol(app, page)
    _register_acts(app, page)


def _register_protocol(app: Dash, page: AcceptancePage) -> None:
    after = outputs({SAID: "children", forms.FIX_WHY: "value", **SHOWN}, again=True)

    @app.callback(
        output=after,
        inputs=[
            Input(forms.FIX, "n_clicks"),
            State(LOCATION, "search"),
            State(forms.FIX_WHY, "value"),
            [State(name, "value") for name in forms.LIMIT_FIELDS],
        ],
        prevent_initial_call=True,
    )
    def _fix(
        clicks: int | None, search: str | None, why: str | None, fields: list[str | None] | None
    ) -> Values:
        user = require(Permission.FIX_ACCEPTANCE_PROTOCOLS)
        clicked(clicks)
        said = page.fix(user, search, TypedLimits(*(each or "" for each in fields or ())), why or "")
        return {SAID: _done(said), forms.FIX_WHY: "", **page.show(user, search)}

    @app.callback(
        output=after,
        inputs=[Input(forms.END, "n_clicks"), State(LOCATION, "search"), State(forms.FIX_WHY, "value")],
        prevent_initial_call=True,
    )
    def _end(clicks: int | None, search: str | None, why: str | None) -> Values:
        user = require(Permission.FIX_ACCEPTANCE_PROTOCOLS)
        clicked(clicks)
        return {SAID: _done(page.end(user, search, why or "")), forms.FIX_WHY: "", **page.show(user, search)}


def _register_acts(app: Dash, page: AcceptancePage) -> None:
    @app.callback(
        output=outputs({SAID: "children", **SHOWN}, again=True),
        inputs=[
            Input(forms.BEGIN, "n_clicks"),
            State(LOCATION, "search"),
            State(forms.VERSION, "value"),
            State(forms.SCANNER, "value"),
        ],
        prevent_initial_call=True,
    )
    def _begin(clicks: int | None, search: str | None, version: str | None, scanner: str | None) -> Values:
        user = require(Permission.RUN_ACCEPTANCE_TESTS)
        clicked(clicks)
        return {SAID: _done(page.begin(user, search, version, scanner)), **page.show(user, search)}

    @app.callback(
        output=outputs({SAID: "children", forms.SIGN_WHY: "value", **SHOWN}, again=True),
        inputs=[
            Input(forms.SIGN, "n_clicks"),
            State(LOCATION, "search"),
            State(forms.NUMBERS, "data"),
            State(forms.SIGN_WHY, "value"),
        ],
        prevent_initial_call=True,
    )
    def _sign(clicks: int | None, search: str | None, numbers: str | None, why: str | None) -> Values:
        user = require(Permission.SIGN_ACCEPTANCE)
        clicked(clicks)
        said = page.sign(user, search, numbers, why or "")
        return {SAID: _done(said), forms.SIGN_WHY: "", **page.show(user, search)}


def _only_here(path: str | None) -> None:
    if path != addresses.ACCEPTANCE:
        raise PreventUpdate


def _done(words: str | list[Component | str]) -> Component:
    return html.Div(words, className="alert alert-success py-2")


def _may_begin(in_force: bool) -> Values:
    """Limits stand before a test begins; and where none do, none can be ended."""
    words: list[Component] | Component = (
        [] if in_force else html.P(parts.NO_TEST, className="text-secondary mb-0")
    )
    return {forms.BEGIN: not in_force, forms.END: not in_force, forms.BEGIN_NOT: words}


def _progress(listed: ListedTest) -> str:
    """How far a test is, in a word."""
    test, evaluation = listed.test, listed.evaluation
    if test.signed_at is not None and test.verdict is not None:
        return f"signed: {parts.VERDICTS[test.verdict][1].lower()}"
    if evaluation.state is EvaluationState.QUEUED:
        return f"reading, {evaluation.read} of {evaluation.total} scans"
    return "finished, not signed" if evaluation.state is EvaluationState.DONE else evaluation.state.value
