"""What one can do on the drift page: compare a window, keep it, ask for reviews, take a retraining pack."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from dash import ALL, Dash, Input, Output, State, ctx, no_update
from dash.exceptions import PreventUpdate

from dashboard.auth import require
from dashboard.components import scan_filters
from dashboard.components.drift import controls, gallery
from dashboard.components.frame import LOCATION
from dashboard.components.outputs import Values, clicked, outputs, pressed
from data.errors import InvalidInput
from data.records import Against, DriftAsk, DriftRun, User
from services.addresses import DriftAddress
from services.permissions import Permission, may

if TYPE_CHECKING:
    from services.assembly.drift import DriftServices
    from services.cohort.cohort import Cohorts
    from services.drift.references import DriftReferences
    from services.reviewing.requests import ReviewRequests
    from services.training.retraining_pack import RetrainingPacks

HISTORY = "drift-history"
REFERENCES = "drift-references"
REQUESTS = "drift-requests"
PACKS = "drift-packs"
SAID = "drift-said"
LISTS = {
    controls.TASK: ("options", "value"),
    controls.REFERENCE: ("options", "value"),
    REFERENCES: "children",
    REQUESTS: "children",
    PACKS: "children",
    **scan_filters.places(controls.FILTERS),
}
_WINDOW = {
    "task": State(controls.TASK, "value"),
    "reference": State(controls.REFERENCE, "value"),
    "last": State(controls.LAST, "value"),
    "first": State(controls.FIRST, "value"),
    "to": State(controls.TO, "value"),
    "days": State(controls.DAYS, "value"),
    "chosen": scan_filters.states(controls.FILTERS),
}


def ask_of(
    task: str | None,
    reference: str | None,
    last: Any = None,
    days: Any = None,
    first: str | None = None,
    to: str | None = None,
    query: str = "",
) -> DriftAsk:
    """The controls as an ask; a reference is a rule, or the id of a frozen one."""
    if not task:
        raise InvalidInput("Choose a task first.")
    ends = [None if text is None else text.strip() or None for text in (first, to)]
    numbers = [None if number in (None, "") else int(number) for number in (last, days)]
    against, named = Against.parsed(reference)
    return DriftAsk(task, named, numbers[0], ends[0], ends[1], query, numbers[1], against)


def _with_query(window: dict[str, Any]) -> dict[str, Any]:
    """The window's controls with the menus of filters put into one query."""
    chosen = window.pop("chosen")
    return window | {"query": scan_filters.query(chosen)}


def compare(drift: DriftServices, user: User, ask: DriftAsk) -> str:
    """Have a window compared; returns the query of the run's address."""
    run = drift.runs.request(ask, user)
    return f"?{DriftAddress(run.task, run.id).query}"


def lists(
    drift: DriftServices,
    requests: ReviewRequests,
    packs: RetrainingPacks,
    cohorts: Cohorts,
    tasks: Sequence[str],
    user: User,
    task: str,
    run: DriftRun | None,
) -> Values:
    """References, requests and packs; the choices of task, reference and filters."""
    references = drift.runs.references.all(task)
    chosen = controls.HOUSE if run is None else run.ask.reference_id or run.ask.against.value
    known = {option["value"] for option in controls.options(references)}
    return {
        controls.TASK: {"options": controls.tasks(tasks), "value": task},
        controls.REFERENCE: {
            "options": controls.options(references),
            "value": chosen if chosen in known else controls.HOUSE,
        },
        REFERENCES: controls.references(references, may(user, Permission.RUN_DRIFT)),
        REQUESTS: None
        if not may(user, Permission.SEE_SCANS)
        else gallery.requests(requests.open(task), may(user, Permission.WITHDRAW_REVIEW_REQUESTS)),
        PACKS: gallery.packs(packs.recent(), may(user, Permission.TAKE_RETRAINING_PACKS)),
        **scan_filters.values(
            controls.FILTERS,
            cohorts.window_choices(user) if may(user, Permission.RUN_DRIFT) else {},
            "" if run is None else run.ask.query,
        ),
    }


def keep_reference(references: DriftReferences, user: User, name: str | None, ask: DriftAsk) -> Values:
    """Keep a window as a reference."""
    kept = references.freeze(ask, name or "", user)
    return _references_shown(references, ask.task, f"Kept as “{kept.name}”, n = {kept.n:,}.")


def delete_reference(references: DriftReferences, user: User, task: str, reference_id: str) -> Values:
    """Forget a reference."""
    references.delete(reference_id, user)
    return _references_shown(references, task, "Deleted.")


def _references_shown(references: DriftReferences, task: str, sentence: str) -> Values:
    known = references.all(task)
    return {
        SAID: sentence,
        REFERENCES: controls.references(known, may_delete=True),
        controls.REFERENCE: controls.options(known),
    }


def ask_for_reviews(requests: ReviewRequests, user: User, scan_ids: Sequence[str], why: str | None) -> str:
    """Have scans reviewed; returns what to say."""
    return f"{requests.ask(scan_ids, why or '', user)} scans wait for a review."


def make_pack(packs: RetrainingPacks, user: User, task: str, scan_ids: Sequence[str], why: str | None) -> str:
    """Have scans packed to train on; returns what to say."""
    pack = packs.request(task, scan_ids, why or "", user)
    return f"A pack of {len(pack.ask.scan_ids)} scans is being made."


def all_or_none(options: Sequence[dict[str, Any]], chosen: Sequence[str]) -> list[str]:
    """Every scan where none is chosen, else none."""
    return [] if chosen else [option["value"] for option in options]


def register(
    app: Dash,
    drift: DriftServices,
    requests: ReviewRequests,
    packs: RetrainingPacks,
    task_of: Callable[[str | None], str],
) -> None:
    """Bind the buttons; `task_of` says which task an address shows."""
    _register_ways(app, task_of)
    _register_window(app, drift)
    _register_gallery(app, requests, packs, task_of)


def _register_ways(app: Dash, task_of: Callable[[str | None], str]) -> None:
    """What leads to another address of this page."""

    @app.callback(
        Output(LOCATION, "href", allow_duplicate=True), Input(HISTORY, "clickData"), prevent_initial_call=True
    )
    def _open(point: dict[str, Any] | None) -> str:
        require(Permission.SEE_DRIFT)
        if not point:
            raise PreventUpdate
        return str(point["points"][0]["customdata"])

    @app.callback(
        Output(LOCATION, "search", allow_duplicate=True),
        Input(controls.TASK, "value"),
        State(LOCATION, "search"),
        prevent_initial_call=True,
    )
    def _task(task: str | None, search: str | None) -> str:
        require(Permission.SEE_DRIFT)
        if not task or task_of(search) == task:
            raise PreventUpdate
        return f"?{DriftAddress(task).query}"


def _register_window(app: Dash, drift: DriftServices) -> None:
    @app.callback(
        output=Output(LOCATION, "search", allow_duplicate=True),
        inputs={"clicks": Input(controls.RUN, "n_clicks"), "window": _WINDOW},
        prevent_initial_call=True,
    )
    def _run(clicks: int | None, window: dict[str, Any]) -> str:
        user = require(Permission.RUN_DRIFT)
        clicked(clicks)
        return compare(drift, user, ask_of(**_with_query(window)))

    @app.callback(
        output=outputs({SAID: "children", REFERENCES: "children", controls.REFERENCE: "options"}, again=True),
        inputs={
            "clicks": Input(controls.FREEZE, "n_clicks"),
            "name": State(controls.FREEZE_NAME, "value"),
            "window": _WINDOW,
        },
        prevent_initial_call=True,
    )
    def _keep(clicks: int | None, name: str | None, window: dict[str, Any]) -> Values:
        user = require(Permission.RUN_DRIFT)
        clicked(clicks)
        return keep_reference(drift.runs.references, user, name, ask_of(**_with_query(window)))

    @app.callback(
        output=outputs({SAID: "children", REFERENCES: "children", controls.REFERENCE: "options"}, again=True),
        inputs=[
            Input({"type": controls.DELETE, "reference": ALL}, "n_clicks"),
            State(controls.TASK, "value"),
        ],
        prevent_initial_call=True,
    )
    def _delete(clicks: list[int | None], task: str) -> Values:
        user, button = require(Permission.RUN_DRIFT), pressed(ctx.triggered_id, clicks)
        return delete_reference(drift.runs.references, user, task, button["reference"])


def _register_gallery(
    app: Dash, requests: ReviewRequests, packs: RetrainingPacks, task_of: Callable[[str | None], str]
) -> None:
    shown = {gallery.SAID: "children", REQUESTS: "children", PACKS: "children"}
    chosen = [State(gallery.CHOSEN, "value"), State(gallery.WHY, "value"), State(LOCATION, "search")]

    def waiting(user: User, task: str) -> Any:
        return gallery.requests(requests.open(task), may(user, Permission.WITHDRAW_REVIEW_REQUESTS))

    @app.callback(
        output=outputs(shown, again=True),
        inputs=[Input(gallery.ASK, "n_clicks"), *chosen],
        prevent_initial_call=True,
    )
    def _ask(clicks: int | None, scan_ids: list[str], why: str | None, search: str | None) -> Values:
        user = require(Permission.ASK_FOR_REVIEWS)
        clicked(clicks)
        sentence = ask_for_reviews(requests, user, scan_ids or [], why)
        return {gallery.SAID: sentence, REQUESTS: waiting(user, task_of(search)), PACKS: no_update}

    @app.callback(
        output=outputs(shown, again=True),
        inputs=[Input(gallery.PACK, "n_clicks"), *chosen],
        prevent_initial_call=True,
    )
    def _pack(clicks: int | None, scan_ids: list[str], why: str | None, search: str | None) -> Values:
        user = require(Permission.TAKE_RETRAINING_PACKS)
        clicked(clicks)
        sentence = make_pack(packs, user, task_of(search), scan_ids or [], why)
        kept = gallery.packs(packs.recent(), may(user, Permission.TAKE_RETRAINING_PACKS))
        return {gallery.SAID: sentence, REQUESTS: no_update, PACKS: kept}

    @app.callback(
        output=outputs(shown, again=True),
        inputs=[Input({"type": gallery.WITHDRAW, "request": ALL}, "n_clicks"), State(LOCATION, "search")],
        prevent_initial_call=True,
    )
    def _withdraw(clicks: list[int | None], search: str | None) -> Values:
        user = require(Permission.WITHDRAW_REVIEW_REQUESTS)
        requests.withdraw(pressed(ctx.triggered_id, clicks)["request"], user)
        return {
            gallery.SAID: "Taken back.",
            REQUESTS: waiting(user, task_of(search)),
            PACKS: no_update,
        }

    @app.callback(
        Output(gallery.CHOSEN, "value", allow_duplicate=True),
        Input(gallery.ALL_OR_NONE, "n_clicks"),
        State(gallery.CHOSEN, "options"),
        State(gallery.CHOSEN, "value"),
        prevent_initial_call=True,
    )
    def _all_or_none(clicks: int | None, options: list[dict[str, Any]], chosen: list[str]) -> list[str]:
        require(Permission.SEE_SCANS)
        clicked(clicks)
        return all_or_none(options, chosen)
