"""The drift page: what changed, how much it matters, and which scans did it.

The address is the only state: `task`, `run`, `feature` (whose scans are shown) and `vs` (a second run).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from dashboard.auth import require
from dashboard.components import drift_controls as controls
from dashboard.components import drift_gallery as gallery
from dashboard.components import drift_panels as panels
from data.errors import InvalidInput, NotFound
from data.records import DriftAsk, DriftRun, RunState, User
from services.drift import charts as drift_charts
from services.permissions import Permission, may

if TYPE_CHECKING:
    from services.assembly.container import Services

LOCATION = "location"
DOWNLOADS = "drift-downloads"
VERDICT = "drift-verdict"
FEATURES = "drift-features"
FEATURE = "drift-feature"
FEATURE_HEAD = "drift-feature-head"
INFLUENTIAL_HEAD = "drift-influential-scans-head"
DISTRIBUTION = "drift-distribution"
HISTORY = "drift-history"
RUNS = "drift-runs"
PAIRS = "drift-pairs"
FRAMES = "drift-frames"
REFERENCES = "drift-references"
REQUESTS = "drift-requests"
PACKS = "drift-packs"
SAID = "drift-said"
TICK = "drift-tick"
EVERY_MS = 1500
SHOWN_RUNS = 30
_EMPTY: dict[str, Any] = {"data": [], "layout": {}}


@dataclass(frozen=True)
class Address:
    """What an address asks for."""

    task: str
    run: DriftRun | None
    feature: str | None
    vs: str | None


def layout(user: User, argument: str = "") -> Component:
    """Build the page; what it shows comes from its address."""
    # The person is nobody in the validation layout; every control must be in it all the same.
    may_run, may_choose = may(user, Permission.RUN_DRIFT) or not user.id, may(user, Permission.SEE_SCANS)
    return html.Div(
        [
            html.Div([html.H1("Drift"), html.Div(id=DOWNLOADS)], className="lb-page-head"),
            controls.form(may_run),
            html.Div(id=SAID, role="status", className="text-secondary"),
            html.Div(id=VERDICT),
            html.Div(id=PAIRS),
            html.Div(_detail(may_choose), id=FEATURE, className="lb-hidden"),
            html.Div(id=FEATURES),
            html.Div(id=FRAMES),
            html.Div(id=RUNS),
            _folded("References", [controls.freezing()] if may_run else [], REFERENCES),
            _folded("Reviews asked for", [], REQUESTS),
            _folded("Retraining packs", [], PACKS),
            dcc.Interval(id=TICK, interval=EVERY_MS, disabled=True),
        ],
        className="lb-drift",
    )


def _detail(may_choose: bool) -> list[Component]:
    graphs = [
        html.Figure(
            [
                html.Figcaption(words),
                dcc.Graph(id=name, config={"displayModeBar": False}, className="lb-graph"),
            ],
            id=card_of(name),
            className="lb-card lb-chart",
        )
        for name, words in ((DISTRIBUTION, "Reference and window"), (HISTORY, "Distance from run to run"))
    ]
    return [
        html.Div(id=FEATURE_HEAD, className="lb-section-head"),
        html.Div(graphs, className="lb-charts"),
        html.Div(
            [html.Div(id=INFLUENTIAL_HEAD), gallery.controls()],
            className="lb-card" if may_choose else "lb-hidden",
        ),
    ]


def _folded(words: str, inside: list[Component], name: str) -> Component:
    return html.Details([html.Summary(words), *inside, html.Div(id=name)], className="lb-card")


def card_of(graph: str) -> str:
    """The id of the card around a chart."""
    return f"{graph}-card"


def address_of(services: Services, search: str | None) -> Address:
    """An address in its parts; without a run, the task's latest one. Raises InvalidInput, NotFound."""
    given = {name: values[0] for name, values in parse_qs((search or "").lstrip("?")).items()}
    tasks = services.versions.registry.clinical
    run = services.drift.runs.run(given["run"]) if "run" in given else None
    task = run.task if run is not None else given.get("task", tasks[0])
    if task not in tasks:
        raise InvalidInput(f"There is no task called {task}.")
    if run is None:
        latest = services.drift.runs.runs(task, 1)
        run = latest[0] if latest else None
    return Address(task, run, given.get("feature"), given.get("vs"))


def show(services: Services, user: User, search: str | None) -> dict[str, Any]:
    """Everything that an address shows, by the id of the component it goes to."""
    at = address_of(services, search)
    shown: dict[str, Any] = dict.fromkeys((DOWNLOADS, VERDICT, FEATURES, PAIRS, FRAMES, RUNS))
    runs = services.drift.runs.runs(at.task, SHOWN_RUNS)
    if runs:
        shown[RUNS] = panels.runs(runs, None if at.run is None else at.run.id, at.vs)
    may_run = may(user, Permission.RUN_DRIFT)
    if at.run is None:
        shown[VERDICT] = panels.nothing(may_run)
    elif at.run.state is RunState.WAITING:
        shown[VERDICT] = panels.waiting(at.run, services.drift.runs.progress(at.run))
    elif at.run.state is RunState.FAILED:
        shown[VERDICT] = panels.failed(at.run)
    else:
        shown |= _finished(services, at.run, at)
    waits = at.run is not None and at.run.state is RunState.WAITING
    return shown | {TICK: not waits}


def _finished(services: Services, run: DriftRun, at: Address) -> dict[str, Any]:
    snapshot = services.drift.runs.snapshot(run.id)
    has_truth = snapshot["truth"] is not None and snapshot["truth"]["evidently"] is not None
    found = {
        DOWNLOADS: panels.downloads(run, has_truth),
        VERDICT: panels.verdict(snapshot),
        FEATURES: panels.features(run, snapshot, at.feature),
        FRAMES: panels.frames(run, has_truth),
    }
    if at.vs is not None and at.vs != run.id:
        other = services.drift.runs.run(at.vs)
        pairs = drift_charts.side_by_side(services.drift.runs.snapshot(other.id), snapshot)
        found[PAIRS] = panels.pairs(pairs, other, run)
    return found


def detail(services: Services, user: User, search: str | None) -> dict[str, Any]:
    """The feature that an address names: distribution, history and the scans that pull it."""
    at = address_of(services, search)
    shown: dict[str, Any] = {
        FEATURE: "lb-hidden", FEATURE_HEAD: None, INFLUENTIAL_HEAD: None, DISTRIBUTION: _EMPTY,
        HISTORY: _EMPTY,
        gallery.CHOSEN: [],
    }  # fmt: skip
    if at.feature is None or at.run is None or at.run.state is not RunState.DONE:
        return shown
    known = {one["name"]: one for one in services.drift.runs.snapshot(at.run.id)["features"]}
    feature = known.get(at.feature)
    heading = panels.feature_head(at.run, feature, at.feature)
    shown |= {FEATURE: "", FEATURE_HEAD: heading}
    if feature is not None:
        shown[DISTRIBUTION] = drift_charts.distribution(feature)
    history = services.drift.runs.history(at.task, at.feature)
    if history:
        shown[HISTORY] = drift_charts.history(history, at.feature)
    if may(user, Permission.SEE_SCANS):
        try:
            found = services.drift.influential_scans.of(at.run.id, at.feature)
            shown |= {INFLUENTIAL_HEAD: gallery.heading(found), gallery.CHOSEN: gallery.options(found)}
        except (InvalidInput, NotFound) as error:
            shown[INFLUENTIAL_HEAD] = html.P(str(error))
    return shown


def request(services: Services, user: User, ask: DriftAsk) -> str:
    """Have a window compared; returns the run's address."""
    run = services.drift.runs.request(ask, user)
    return drift_charts.address(run.task, run.id).removeprefix("/drift")


def ask_of(
    task: str | None, reference: str | None, last: Any, first: str | None, to: str | None, filters: str | None
) -> DriftAsk:
    """The controls as an ask."""
    if not task:
        raise InvalidInput("Choose a task first.")
    words = [None if text is None else text.strip() or None for text in (first, to)]
    number = None if last in (None, "") else int(last)
    return DriftAsk(task, reference or None, number, words[0], words[1], (filters or "").strip().lstrip("?"))


def lists(services: Services, user: User, search: str | None) -> tuple[Any, ...]:
    """References, requests and packs; the choices of task and reference."""
    at = address_of(services, search)
    references = services.drift.runs.references.all(at.task)
    chosen = at.run.ask.reference_id if at.run is not None else None
    known = {reference.id for reference in references}
    return (
        controls.tasks(services.versions.registry.clinical),
        at.task,
        controls.options(references),
        chosen if chosen in known else controls.TRAINING,
        controls.references(references, may(user, Permission.RUN_DRIFT)),
        gallery.requests(
            services.reviewing.requests.open(at.task), may(user, Permission.WITHDRAW_REVIEW_REQUESTS)
        )
        if may(user, Permission.SEE_SCANS)
        else None,
        gallery.packs(services.training.packs.recent(), may(user, Permission.TAKE_RETRAINING_PACKS)),
    )


def register(app: Dash, services: Services) -> None:
    """Bind the page."""
    children = [DOWNLOADS, VERDICT, FEATURES, PAIRS, FRAMES, RUNS]
    outputs = [(name, "children") for name in children] + [(TICK, "disabled")]

    def shown(search: str | None) -> tuple[Any, ...]:
        found = show(services, require(Permission.SEE_DRIFT), search)
        return tuple(found[name] for name, _ in outputs)

    @app.callback(*(Output(name, part) for name, part in outputs), Input(LOCATION, "search"))
    def _show(search: str | None) -> tuple[Any, ...]:
        return shown(search)

    @app.callback(
        *(Output(name, part, allow_duplicate=True) for name, part in outputs),
        Input(TICK, "n_intervals"),
        State(LOCATION, "search"),
        prevent_initial_call=True,
    )
    def _tick(_: int | None, search: str | None) -> tuple[Any, ...]:
        return shown(search)

    _register_detail(app, services)
    _register_lists(app, services)
    _register_acts(app, services)


def _register_detail(app: Dash, services: Services) -> None:
    @app.callback(
        Output(FEATURE, "className"),
        Output(FEATURE_HEAD, "children"),
        Output(INFLUENTIAL_HEAD, "children"),
        Output(DISTRIBUTION, "figure"),
        Output(HISTORY, "figure"),
        Output(card_of(DISTRIBUTION), "className"),
        Output(card_of(HISTORY), "className"),
        Output(gallery.CHOSEN, "options"),
        Output(gallery.CHOSEN, "value"),
        Input(LOCATION, "search"),
    )
    def _detail(search: str | None) -> tuple[Any, ...]:
        found = detail(services, require(Permission.SEE_DRIFT), search)
        names = (FEATURE, FEATURE_HEAD, INFLUENTIAL_HEAD, DISTRIBUTION, HISTORY)
        cards = [
            "lb-card lb-chart" + ("" if found[name] is not _EMPTY else " lb-hidden") for name in names[3:]
        ]
        return (*(found[name] for name in names), *cards, found[gallery.CHOSEN], [])

    @app.callback(
        Output(gallery.CHOSEN, "value", allow_duplicate=True),
        Input(gallery.ALL_OR_NONE, "n_clicks"),
        State(gallery.CHOSEN, "options"),
        State(gallery.CHOSEN, "value"),
        prevent_initial_call=True,
    )
    def _all(clicks: int | None, options: list[dict[str, Any]], chosen: list[str]) -> Any:
        require(Permission.SEE_SCANS)
        if not clicks:
            return no_update
        return [] if chosen else [option["value"] for option in options]

    @app.callback(
        Output(LOCATION, "href", allow_duplicate=True), Input(HISTORY, "clickData"), prevent_initial_call=True
    )
    def _open(clicked: dict[str, Any] | None) -> Any:
        require(Permission.SEE_DRIFT)
        return clicked["points"][0]["customdata"] if clicked else no_update


def _register_lists(app: Dash, services: Services) -> None:
    outputs = [
        (controls.TASK, "options"), (controls.TASK, "value"), (controls.REFERENCE, "options"),
        (controls.REFERENCE, "value"), (REFERENCES, "children"), (REQUESTS, "children"), (PACKS, "children"),
    ]  # fmt: skip

    @app.callback(*(Output(name, part) for name, part in outputs), Input(LOCATION, "search"))
    def _lists(search: str | None) -> tuple[Any, ...]:
        return lists(services, require(Permission.SEE_DRIFT), search)

    @app.callback(
        Output(LOCATION, "search", allow_duplicate=True),
        Input(controls.TASK, "value"),
        State(LOCATION, "search"),
        prevent_initial_call=True,
    )
    def _task(task: str | None, search: str | None) -> Any:
        require(Permission.SEE_DRIFT)
        if not task or address_of(services, search).task == task:
            return no_update
        return f"?task={task}"


def _register_acts(app: Dash, services: Services) -> None:
    window = [State(name, "value") for name in (controls.TASK, controls.REFERENCE, controls.LAST,
                                                controls.FIRST, controls.TO, controls.FILTERS)]  # fmt: skip

    @app.callback(
        Output(LOCATION, "search", allow_duplicate=True),
        Input(controls.RUN, "n_clicks"),
        *window,
        prevent_initial_call=True,
    )
    def _run(clicks: int | None, *given: Any) -> Any:
        user = require(Permission.RUN_DRIFT)
        return request(services, user, ask_of(*given)) if clicks else no_update

    @app.callback(
        Output(SAID, "children"),
        Output(REFERENCES, "children", allow_duplicate=True),
        Output(controls.REFERENCE, "options", allow_duplicate=True),
        Input(controls.FREEZE, "n_clicks"),
        Input({"type": controls.DELETE, "reference": ALL}, "n_clicks"),
        State(controls.FREEZE_NAME, "value"),
        *window,
        prevent_initial_call=True,
    )
    def _references(clicks: int | None, deleted: list[int | None], name: str | None, *given: Any) -> Any:
        user = require(Permission.RUN_DRIFT)
        if isinstance(ctx.triggered_id, dict) and any(deleted):
            services.drift.runs.references.delete(ctx.triggered_id["reference"], user)
            said = "Deleted."
        elif ctx.triggered_id == controls.FREEZE and clicks:
            kept = services.drift.runs.references.freeze(ask_of(*given), name or "", user)
            said = f"Kept as “{kept.name}”, n = {kept.n:,}."
        else:
            return no_update, no_update, no_update
        found = services.drift.runs.references.all(str(given[0]))
        return said, controls.references(found, may_delete=True), controls.options(found)

    @app.callback(
        Output(gallery.SAID, "children"),
        Output(REQUESTS, "children", allow_duplicate=True),
        Output(PACKS, "children", allow_duplicate=True),
        Input(gallery.ASK, "n_clicks"),
        Input(gallery.PACK, "n_clicks"),
        Input({"type": gallery.WITHDRAW, "request": ALL}, "n_clicks"),
        State(gallery.CHOSEN, "value"),
        State(gallery.WHY, "value"),
        State(LOCATION, "search"),
        prevent_initial_call=True,
    )
    def _chosen(
        ask: int | None, pack: int | None, taken_back: list[int | None], chosen: list[str], why: str | None,
        search: str | None,
    ) -> Any:  # fmt: skip
        user, task = require(Permission.SEE_DRIFT), address_of(services, search).task
        said = _act(services, user, task, chosen or [], why or "", bool(ask or pack or any(taken_back)))
        if said is None:
            return no_update, no_update, no_update
        waiting = gallery.requests(
            services.reviewing.requests.open(task), may(user, Permission.WITHDRAW_REVIEW_REQUESTS)
        )
        return (
            said,
            waiting,
            gallery.packs(services.training.packs.recent(), may(user, Permission.TAKE_RETRAINING_PACKS)),
        )


def _act(services: Services, user: User, task: str, chosen: list[str], why: str, clicked: bool) -> str | None:
    """What a button asks for, done; None where nobody clicked."""
    if not clicked:
        return None
    if ctx.triggered_id == gallery.ASK:
        n = services.reviewing.requests.ask(chosen, why, user)
        return f"{n} scans wait for a review."
    if ctx.triggered_id == gallery.PACK:
        pack = services.training.packs.request(task, chosen, why, user)
        return f"A pack of {len(pack.ask.scan_ids)} scans is being made."
    if isinstance(ctx.triggered_id, dict):
        services.reviewing.requests.withdraw(ctx.triggered_id["request"], user)
        return "Taken back."
    return None
