"""The review of a result on a scan's page: accept, reject, unsure, take back, and on to the next case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dash import ALL, ClientsideFunction, Dash, Input, Output, State, ctx, no_update

from dashboard.auth import require
from dashboard.components import review as parts
from dashboard.components import verdicts
from dashboard.components.drift import gallery as drift_gallery
from dashboard.components.frame import LOCATION
from dashboard.components.outputs import Values, clicked, outputs, set_apart
from dashboard.components.results import accepting_words
from dashboard.components.scan import REFRESH, SCAN_ID
from dashboard.errors import ALERT
from data.errors import InvalidInput
from data.records import LesionCall, LesionVerdict, RejectReason, User
from services.addresses import ScanAddress, WorklistAddress
from services.permissions import Permission
from services.reviewing.review import Remarks, Seen

if TYPE_CHECKING:
    from services.assembly.reviewing import ReviewingServices
    from services.reviewing.scan_views import ScanView

PANEL = {
    parts.REVIEW: "hidden",
    parts.CURRENT: "children",
    parts.VERDICTS: "hidden",
    parts.ACCEPT_MEANS: "children",
    parts.REASON: "options",
    parts.TRUTH: "options",
    parts.LESIONS: "children",
    parts.LESIONS_ROW: "hidden",
    parts.ADVICE: "children",
    parts.CORRECT_ROW: "hidden",
    parts.TAKE_BACK_ROW: "hidden",
    parts.TAKE_BACK_MEANS: "children",
    parts.TAKES_BACK: "data",
    parts.COUNTS: "children",
    parts.HISTORY: "children",
    parts.CASE_BEFORE: "children",
}
DONE = {
    REFRESH: "data",
    parts.REASON: "value",
    parts.WORDS: "value",
    parts.TRUTH: "value",
    parts.COMMENT: "value",
    parts.NEXT_MESSAGE: "children",
}
IN_FRAME = {ALERT: "is_open", LOCATION: "href"}
_TRUTHS = {parts.PRESENT: True, parts.ABSENT: False, parts.OPEN: None}
_CLEARED = {parts.REASON: "", parts.WORDS: "", parts.TRUTH: parts.OPEN, parts.COMMENT: "", ALERT: False}


def show(
    reviewing: ReviewingServices,
    user: User,
    scan_id: str,
    address: str | None = None,
    before: Mapping[str, Any] | None = None,
) -> Values:
    """Return `shown` of a scan."""
    return shown(reviewing, user, reviewing.scan_views.scan(scan_id, user), address, before)


def shown(
    reviewing: ReviewingServices,
    user: User,
    view: ScanView,
    address: str | None,
    before: Mapping[str, Any] | None,
) -> Values:
    """Return what the form and the list of reviews say of a scan, by the id of their place.

    `before` is what the page said that counts (`parts.counts`): as long as that stays, what somebody has
    chosen of single lesions does too.
    """
    takes_back = parts.taking_back(view, user)
    lesions, counts = parts.lesion_choices(view.result), parts.counts(view)
    same = before is not None and before.get("props") == counts.to_plotly_json()["props"]
    may_review = parts.may_review(view, user)
    return {
        parts.REVIEW: not (may_review or takes_back),
        parts.CURRENT: verdicts.current(view),
        parts.VERDICTS: not may_review,
        parts.ACCEPT_MEANS: _accepting(view),
        parts.REASON: parts.reason_options(view.result),
        parts.TRUTH: parts.truth_options(view.scan.task),
        parts.LESIONS: no_update if same else lesions,
        parts.LESIONS_ROW: not lesions,
        parts.ADVICE: parts.mask_advice(view.scan),
        parts.CORRECT_ROW: view.result is None or not view.result.has_mask,
        parts.TAKE_BACK_ROW: takes_back is None,
        parts.TAKE_BACK_MEANS: verdicts.after_taking_back(view),
        parts.TAKES_BACK: takes_back,
        parts.COUNTS: counts,
        parts.HISTORY: [*_hint(reviewing, view), verdicts.history(view)],
        parts.CASE_BEFORE: parts.case_before(ScanAddress.read(view.scan.id, address).before),
    }


def decide(
    reviewing: ReviewingServices,
    user: User,
    scan_id: str,
    act: str,
    said: Mapping[str, Any],
    remarks: Remarks,
) -> None:
    """Keep a verdict; `said` is what the form for rejecting holds."""
    reviews = reviewing.reviews
    if act in (parts.ACCEPT, parts.ACCEPT_NEXT):
        reviews.accept(scan_id, user, remarks)
    elif act == parts.UNSURE:
        reviews.unsure(scan_id, user, remarks)
    elif act == parts.REJECT:
        if not said[parts.REASON]:
            raise InvalidInput("Please say why the result is rejected.")
        reason, truth = RejectReason(said[parts.REASON]), _TRUTHS[said[parts.TRUTH] or parts.OPEN]
        reviews.reject(scan_id, user, reason, said[parts.WORDS] or "", truth, remarks)


def next_address(
    reviewing: ReviewingServices, user: User, scan_id: str, search: str | None
) -> ScanAddress | None:
    """The address of the next unread case in the list that the address came from, or None."""
    here = ScanAddress.read(scan_id, search)
    words = reviewing.words.opened(WorklistAddress.read(here.worklist), user)
    following = reviewing.worklist.next_unread(scan_id, user, here.worklist, words)
    return None if following is None else ScanAddress(following, here.worklist)


def register(app: Dash, reviewing: ReviewingServices) -> None:
    """Bind the form; `dashboard.pages.scan` fills it."""
    buttons = (parts.ACCEPT_NEXT, parts.ACCEPT, parts.UNSURE, parts.REJECT, parts.NEXT)
    app.clientside_callback(
        ClientsideFunction("lightbox", "noteVerdict"),
        Output(parts.ACT, "data"),
        *[Input(button, "n_clicks") for button in buttons],
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("lightbox", "impliedTruth"),
        Output(parts.TRUTH, "value", allow_duplicate=True),
        Input(parts.REASON, "value"),
        State(parts.IMPLIED, "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("lightbox", "forgetMaskMessage"), Input(parts.COUNTS, "children")
    )
    _register_verdicts(app, reviewing)
    _register_taking_back(app, reviewing)


def _register_verdicts(app: Dash, reviewing: ReviewingServices) -> None:
    @app.callback(
        output=outputs(DONE, again=True),
        inputs=[
            Input(parts.ACT, "data"),
            State(SCAN_ID, "data"),
            State(LOCATION, "search"),
            State(parts.REASON, "value"),
            State(parts.WORDS, "value"),
            State(parts.TRUTH, "value"),
            State(parts.COMMENT, "value"),
            State({"type": parts.LESION, "lesion": ALL}, "value"),
        ],
        prevent_initial_call=True,
    )
    def _decide(
        act: dict[str, Any] | None,
        scan_id: str,
        search: str | None,
        reason: str | None,
        words: str | None,
        truth: str | None,
        comment: str | None,
        _: list[str | None],
    ) -> Values:
        user = require(Permission.REVIEW)
        clicked(None if act is None else act.get("n"))
        assert act is not None
        said = {parts.REASON: reason, parts.WORDS: words, parts.TRUTH: truth}
        if act["act"] != parts.NEXT:
            decide(reviewing, user, scan_id, act["act"], said, _remarks(act, comment, ctx.states_list[-1]))
        return set_apart(_afterwards(reviewing, user, scan_id, act, search), IN_FRAME)


def _afterwards(
    reviewing: ReviewingServices, user: User, scan_id: str, act: Mapping[str, Any], search: str | None
) -> Values:
    """What the page does once a verdict is kept, or was passed over."""
    values: Values = dict.fromkeys(DONE, no_update) | {parts.NEXT_MESSAGE: ""}
    if act["act"] != parts.NEXT:
        values |= _CLEARED | {REFRESH: f"reviewed {act['n']}"}
    if act["act"] in (parts.NEXT, parts.ACCEPT_NEXT):
        following = next_address(reviewing, user, scan_id, search)
        if following is None:
            values[parts.NEXT_MESSAGE] = parts.NO_NEXT
        elif act["act"] == parts.NEXT:
            values[LOCATION] = str(following)
        else:
            values[LOCATION] = str(replace(following, before=scan_id))
    return values


def _register_taking_back(app: Dash, reviewing: ReviewingServices) -> None:
    @app.callback(
        output=outputs({REFRESH: "data", parts.COMMENT: "value"}, again=True),
        inputs=[
            Input(parts.TAKE_BACK, "n_clicks"),
            State(parts.TAKES_BACK, "data"),
            State(parts.COMMENT, "value"),
        ],
        prevent_initial_call=True,
    )
    def _take_back(clicks: int | None, review_id: str | None, comment: str | None) -> Values:
        user = require(Permission.TAKE_BACK_REVIEWS)
        clicked(clicks)
        reviewing.reviews.take_back(review_id or "", user, Remarks(comment=comment or ""))
        return set_apart({REFRESH: f"taken back {review_id}", parts.COMMENT: "", ALERT: False}, IN_FRAME)


def _remarks(act: Mapping[str, Any], comment: str | None, lesions: Sequence[Mapping[str, Any]]) -> Remarks:
    said = [
        LesionVerdict(int(choice["id"]["lesion"]), LesionCall(choice["value"]))
        for choice in lesions
        if choice.get("value")
    ]
    seen = Seen(act["result"], act["review"] or None) if act.get("result") else None
    return Remarks(seen, comment or "", act.get("minutes"), tuple(said))


def _hint(reviewing: ReviewingServices, view: ScanView) -> list[Any]:
    """That a review is asked for; its reason may tell of the AI's result to who is not to know of it yet."""
    if view.reads_unaided is not None:
        return []
    return [drift_gallery.hint(reviewing.requests.of_scan(view.scan.id))]


def _accepting(view: ScanView) -> str:
    return "" if view.result is None else accepting_words(view.result, withheld=view.withheld is not None)
