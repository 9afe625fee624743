"""The drift page: what changed, how much it matters, and which scans did it.

The address is the only state: `task`, `run`, `feature` (whose scans are shown) and `vs` (a second run).
What one can do here is in `drift_actions`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dash import Dash, Input, dcc, html, no_update
from dash.development.base_component import Component

from dashboard.auth import require
from dashboard.components.drift import controls, gallery, limits, panels, segments
from dashboard.components.frame import LOCATION
from dashboard.components.outputs import Values, outputs
from dashboard.pages import drift_actions, drift_limits
from dashboard.pages.drift_actions import HISTORY, PACKS, REFERENCES, REQUESTS, SAID
from data.errors import InvalidInput, NotFound
from data.records import DriftRun, RunState, User
from services.addresses import DriftAddress
from services.cohort.small_numbers import audience_of_pages
from services.drift import charts as drift_charts
from services.drift.small_counts import history_outside, run_outside
from services.permissions import Permission, may
from services.retraining.triggers import calls_for_retraining

if TYPE_CHECKING:
    from services.assembly.drift import DriftServices
    from services.cohort.cohort import Cohorts
    from services.reviewing.requests import ReviewRequests
    from services.training.retraining_pack import RetrainingPacks

DOWNLOADS = "drift-downloads"
VERDICT = "drift-verdict"
WORST = "drift-worst"
CAVEATS = "drift-caveats"
FEATURES = "drift-features"
FEATURE = "drift-feature"
FEATURE_HEAD = "drift-feature-head"
INFLUENTIAL_HEAD = "drift-influential-scans-head"
SEGMENTS = "drift-segments"
DISTRIBUTION = "drift-distribution"
RUNS = "drift-runs"
PAIRS = "drift-pairs"
FRAMES = "drift-frames"
TICK = "drift-tick"
EVERY_MS = 1500
SHOWN_RUNS = 30
_EMPTY: dict[str, Any] = {"data": [], "layout": {}}
FILLED = (DOWNLOADS, VERDICT, WORST, CAVEATS, FEATURES, PAIRS, FRAMES, RUNS)
SHOWN = {**dict.fromkeys(FILLED, "children"), TICK: "disabled", controls.COMPARE: "open"}


def card_of(graph: str) -> str:
    """The id of the card around a chart."""
    return f"{graph}-card"


DETAIL = {
    FEATURE: "className",
    FEATURE_HEAD: "children",
    INFLUENTIAL_HEAD: "children",
    SEGMENTS: "children",
    DISTRIBUTION: "figure",
    HISTORY: "figure",
    card_of(DISTRIBUTION): "className",
    card_of(HISTORY): "className",
    gallery.CHOSEN: ("options", "value"),
}


@dataclass(frozen=True)
class DriftView:
    """What an address comes to: the task, and the run that is shown, which may be a task's latest."""

    task: str
    run: DriftRun | None
    feature: str | None
    vs: str | None


def layout(user: User, argument: str = "") -> Component:
    """Build the page; what it shows comes from its address."""
    # The person is nobody in the validation layout; every control must be in it all the same.
    may_set = may(user, Permission.SET_DRIFT_LIMITS) or not user.id
    may_run, may_choose = may(user, Permission.RUN_DRIFT) or not user.id, may(user, Permission.SEE_SCANS)
    return html.Div(
        [
            html.Div([html.H1("Drift"), controls.task(), html.Div(id=DOWNLOADS)], className="lb-page-head"),
            html.Div(id=VERDICT),
            html.Div(_detail(may_choose), id=FEATURE, className="lb-hidden"),
            html.Div(id=WORST),
            html.Div(id=PAIRS),
            controls.form(may_run),
            html.Div(id=SAID, role="status", className="text-secondary"),
            html.Div(id=CAVEATS),
            html.Div(id=FEATURES),
            html.Div(id=FRAMES),
            html.Div(id=RUNS),
            _folded(
                "Limits of features",
                [limits.form(may_set)],
                drift_limits.LIST,
            ),
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
        html.Div(id=SEGMENTS, className="lb-card" if may_choose else "lb-hidden"),
        html.Div(
            [html.Div(id=INFLUENTIAL_HEAD), gallery.controls()],
            className="lb-card" if may_choose else "lb-hidden",
        ),
    ]


def _folded(words: str, inside: list[Component], name: str) -> Component:
    return html.Details([html.Summary(words), *inside, html.Div(id=name)], className="lb-card")


def shown_at(drift: DriftServices, tasks: Sequence[str], search: str | None) -> DriftView:
    """What an address shows; without a run, the task's latest one. Raises InvalidInput, NotFound."""
    address = DriftAddress.read(search)
    run = drift.runs.run(address.run) if address.run else None
    task = run.task if run is not None else address.task or tasks[0]
    if task not in tasks:
        raise InvalidInput(f"There is no task called {task}.")
    if run is None:
        run = next(iter(drift.runs.runs(task, 1)), None)
    return DriftView(task, run, address.feature, address.vs)


def show(drift: DriftServices, tasks: Sequence[str], user: User, search: str | None) -> Values:
    """Everything that an address shows, by the id of the component it goes to."""
    at = shown_at(drift, tasks, search)
    shown: Values = dict.fromkeys(FILLED) | {controls.COMPARE: no_update}
    runs = drift.runs.runs(at.task, SHOWN_RUNS)
    if audience_of_pages(user).withholds:
        runs = [run_outside(run) for run in runs]
    if runs:
        shown[RUNS] = panels.runs(runs, None if at.run is None else at.run.id, at.vs)
    if at.run is None:
        shown |= {VERDICT: panels.nothing(may(user, Permission.RUN_DRIFT)), controls.COMPARE: True}
    elif at.run.state is RunState.WAITING:
        shown[VERDICT] = panels.waiting(at.run, drift.runs.progress(at.run))
    elif at.run.state is RunState.FAILED:
        shown[VERDICT] = panels.failed(at.run)
    else:
        shown |= _finished(drift, user, at.run, at)
    waits = at.run is not None and at.run.state is RunState.WAITING
    return shown | {TICK: not waits}


def _finished(drift: DriftServices, user: User, run: DriftRun, at: DriftView) -> Values:
    readers = audience_of_pages(user)
    snapshot = drift.runs.told(run.id, readers)
    whole = drift.runs.snapshot(run.id)["truth"]
    has_truth = not readers.withholds and whole is not None and whole["evidently"] is not None
    shown = {
        DOWNLOADS: panels.downloads(run, has_truth, not readers.withholds),
        VERDICT: panels.verdict(snapshot, may(user, Permission.RETRAIN) and calls_for_retraining(run)),
        WORST: panels.worst(run, snapshot),
        CAVEATS: panels.caveats(snapshot),
        FEATURES: panels.features(run, snapshot, at.feature),
        FRAMES: None if readers.withholds else panels.frames(run, has_truth),
    }
    if at.vs is not None and at.vs != run.id:
        other = drift.runs.run(at.vs)
        pairs = drift_charts.side_by_side(drift.runs.told(other.id, readers), snapshot)
        shown[PAIRS] = panels.pairs(pairs, other, run)
    return shown


def detail(drift: DriftServices, tasks: Sequence[str], user: User, search: str | None) -> Values:
    """The feature that an address names: distribution, history and the scans that pull it."""
    at = shown_at(drift, tasks, search)
    shown: Values = {
        FEATURE: "lb-hidden",
        FEATURE_HEAD: None,
        INFLUENTIAL_HEAD: None,
        SEGMENTS: None,
        DISTRIBUTION: _EMPTY,
        HISTORY: _EMPTY,
        gallery.CHOSEN: {"options": [], "value": []},
    }
    if at.feature is not None and at.run is not None and at.run.state is RunState.DONE:
        shown |= _feature(drift, user, at.run, at.feature)
        if may(user, Permission.SEE_SCANS):
            shown |= _influential_scans(drift, user, at.run, at.feature)
            shown[SEGMENTS] = _segments(drift, user, at.run, at.feature)
    for graph in (DISTRIBUTION, HISTORY):
        shown[card_of(graph)] = "lb-card lb-chart" + (" lb-hidden" if shown[graph] is _EMPTY else "")
    return shown


def _feature(drift: DriftServices, user: User, run: DriftRun, name: str) -> Values:
    readers = audience_of_pages(user)
    known = {feature["name"]: feature for feature in drift.runs.told(run.id, readers)["features"]}
    feature, history = known.get(name), drift.runs.history(run.task, name)
    if readers.withholds:
        history = history_outside(history)
    shown: Values = {FEATURE: "", FEATURE_HEAD: panels.feature_head(run, feature, name)}
    if feature is not None:
        shown[DISTRIBUTION] = drift_charts.distribution(feature)
    if history:
        shown[HISTORY] = drift_charts.history(history, name)
    return shown


def _influential_scans(drift: DriftServices, user: User, run: DriftRun, feature: str) -> Values:
    try:
        ranking = drift.influential_scans.of(run.id, feature, user)
    except (InvalidInput, NotFound) as error:
        return {INFLUENTIAL_HEAD: html.P(str(error))}
    options = gallery.options(ranking)
    return {
        INFLUENTIAL_HEAD: gallery.heading(ranking),
        gallery.CHOSEN: {"options": options, "value": []},
    }


def _segments(drift: DriftServices, user: User, run: DriftRun, feature: str) -> list[Component]:
    try:
        return segments.table(drift.segments.of(run.id, feature, user))
    except (InvalidInput, NotFound) as error:
        return segments.nothing(str(error))


def register(
    app: Dash,
    drift: DriftServices,
    requests: ReviewRequests,
    packs: RetrainingPacks,
    cohorts: Cohorts,
    tasks: Sequence[str],
) -> None:
    """Bind the page."""

    @app.callback(output=outputs(SHOWN), inputs=[Input(LOCATION, "search"), Input(TICK, "n_intervals")])
    def _show(search: str | None, _: int | None) -> Values:
        return show(drift, tasks, require(Permission.SEE_DRIFT), search)

    @app.callback(output=outputs(DETAIL), inputs=[Input(LOCATION, "search")])
    def _detail_shown(search: str | None) -> Values:
        return detail(drift, tasks, require(Permission.SEE_DRIFT), search)

    def task_of(search: str | None) -> str:
        return shown_at(drift, tasks, search).task

    @app.callback(output=outputs(drift_actions.LISTS), inputs=[Input(LOCATION, "search")])
    def _lists(search: str | None) -> Values:
        user, at = require(Permission.SEE_DRIFT), shown_at(drift, tasks, search)
        return drift_actions.lists(drift, requests, packs, cohorts, tasks, user, at.task, at.run)

    drift_actions.register(app, drift, requests, packs, task_of)
    drift_limits.register(app, drift.limits, task_of)
