"""What a clinician says of a result: the form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.attributes import data
from dashboard.components.icons import icon
from dashboard.components.results import finding
from data.records import LesionCall, RejectReason, Result, Scan, User
from services import addresses
from services.measurement_words import millilitres
from services.permissions import Permission, may
from services.reading_words import (
    LESION_CALLS,
    REJECT_REASONS,
)
from services.reviewing.review import LONGEST_REASON, may_take_back

if TYPE_CHECKING:
    from services.reviewing.scan_views import ScanView

REVIEW = "scan-review"
CURRENT = "scan-current-review"
VERDICTS = "scan-verdicts"
ACCEPT = "scan-accept"
ACCEPT_NEXT = "scan-accept-next"
ACCEPT_MEANS = "scan-accept-means"
UNSURE = "scan-unsure"
NEXT = "scan-next"
NEXT_MESSAGE = "scan-next-message"
CASE_BEFORE = "scan-case-before"
REJECT = "scan-reject"
REASON = "scan-reason"
WORDS = "scan-reason-words"
TRUTH = "scan-truth"
COMMENT = "scan-comment"
LESIONS = "scan-lesions"
LESIONS_ROW = "scan-lesions-row"
LESION = "lesion-verdict"  # the type of a lesion's choice
TAKE_BACK = "scan-take-back"
TAKE_BACK_ROW = "scan-take-back-row"
TAKE_BACK_MEANS = "scan-take-back-means"
TAKES_BACK = "scan-takes-back"  # the id of the review that would be taken back
IMPLIED = "scan-implied-truth"  # what is true as a rule where a reason is chosen
ACT = "review-act"  # which button, and the minutes that were spent; filled by review.js
COUNTS = "scan-counts"  # result and current review as the page shows them, for what is saved from it
HISTORY = "scan-history"
ADVICE = "scan-mask-advice"
CORRECT_ROW = "scan-correct-row"

MOST_LESIONS = 12  # the others are too small to be asked about one by one
PRESENT, ABSENT, OPEN = "present", "absent", ""
_IMPLIED = {
    RejectReason.NORMAL_ANATOMY: ABSENT,
    RejectReason.OTHER_DISEASE: ABSENT,
    RejectReason.ARTEFACT: ABSENT,
    RejectReason.MISSED: PRESENT,
    RejectReason.OUTLINE: PRESENT,
}
NO_NEXT = "There is no other unread case in this list."


def panel() -> Component:
    """Build the form; `scan_review.show` fills it."""
    body = [
        html.H2("Your review"),
        html.P(id=CURRENT, className="lb-current-review", role="status"),
        html.Div([_buttons(), _comment(), _lesions(), _reject(), _correct()], id=VERDICTS, hidden=True),
        _take_back(),
        html.P(id=NEXT_MESSAGE, className="text-secondary", role="status"),
        html.P(id=CASE_BEFORE, className="text-secondary", role="status"),
        dcc.Store(id=ACT),
        dcc.Store(id=TAKES_BACK),
        dcc.Store(id=IMPLIED, data=_IMPLIED),
    ]
    return html.Section(body, id=REVIEW, className="lb-panel lb-review", hidden=True)


def counts(view: ScanView) -> Component:
    """Say to scripts which result the page shows, and which review counts of it ("" for none)."""
    result = "" if view.result is None else view.result.id
    review = "" if view.current is None else view.current.id
    return html.Span(**data(result=result, review=review))


def taking_back(view: ScanView, user: User) -> str | None:
    """The id of the review that this person may take back, or None."""
    review = view.current
    return review.id if review is not None and may_take_back(review, user) else None


def truth_options(task: str) -> list[dict[str, str]]:
    """What a reviewer may hold to be true of a scan."""
    name = finding(task).capitalize()
    return [
        {"label": f"{name} present", "value": PRESENT},
        {"label": f"{name} absent", "value": ABSENT},
        {"label": "Leave open", "value": OPEN},
    ]


def reason_options(result: Result | None) -> list[dict[str, str]]:
    """The reasons to reject a result; only what drew a mask has an outline."""
    reasons = [
        reason
        for reason in RejectReason
        if reason is not RejectReason.OUTLINE or (result is not None and result.has_mask)
    ]
    return [{"label": REJECT_REASONS[reason], "value": reason.value} for reason in reasons]


def lesion_choices(result: Result | None) -> list[Component]:
    """One choice a lesion of the AI's mask: right, wrong, contour wrong."""
    lesions = () if result is None or result.measurements is None else result.measurements.lesions
    calls = [{"label": LESION_CALLS[call].capitalize(), "value": call.value} for call in LesionCall]
    return [
        html.Fieldset(
            [
                html.Legend(
                    ", ".join(
                        part
                        for part in (
                            f"Lesion {number}",
                            millilitres(lesion.volume_ml),
                            f"slice {lesion.largest_slice + 1}",
                        )
                        if part
                    )
                ),
                dbc.RadioItems(id={"type": LESION, "lesion": number}, options=calls, inline=True),
            ],
            className="lb-lesion-verdict",
        )
        for number, lesion in enumerate(lesions[:MOST_LESIONS], start=1)
    ]


def mask_advice(scan: Scan) -> str:
    """Explain in which grid a corrected mask is taken."""
    shape = " × ".join(str(length) for length in scan.grid.shape)
    if scan.grid.kind == "image" and scan.slices == 1:
        kind = f"A PNG of {scan.width} × {scan.height} pixels"
    else:
        kind = f"A NIfTI file (.nii or .nii.gz) of {shape} voxels in the grid of the scan"
    return (
        f"{kind}: 0 is background, anything else is {finding(scan.task)}. "
        "The easiest way: download the AI's mask, edit it, upload it."
    )


def case_before(scan_id: str | None) -> list[Component | str]:
    """Say, after “accept and next”, that the case before was accepted, with the way back to it."""
    if not scan_id:
        return []
    return ["The case before was accepted. ", dcc.Link("Open it again", href=addresses.scan(scan_id))]


def _buttons() -> Component:
    keyed = "Accept, and open the next case that nobody has reviewed (key A)"
    return html.Div(
        [
            html.P(id=ACCEPT_MEANS, className="text-secondary"),
            html.Div(
                [
                    dbc.Button(
                        [icon("bi-check-lg"), "Accept and next"],
                        id=ACCEPT_NEXT,
                        color="success",
                        size="sm",
                        title=keyed,
                    ),
                    dbc.Button("Accept", id=ACCEPT, color="success", outline=True, size="sm"),
                    dbc.Button(
                        [icon("bi-question-lg"), "Unsure"],
                        id=UNSURE,
                        color="secondary",
                        outline=True,
                        size="sm",
                        title="You looked and cannot tell: the result stays without a truth",
                    ),
                    dbc.Button(
                        "Next", id=NEXT, color="link", size="sm", title="Open the next unread case (key N)"
                    ),
                ],
                className="lb-review-row",
            ),
        ]
    )


def _comment() -> Component:
    return html.Details(
        [
            html.Summary("Comment"),
            html.Label("Kept with whatever you say", htmlFor=COMMENT),
            dbc.Textarea(id=COMMENT, rows=2, maxlength=LONGEST_REASON),
        ]
    )


def _lesions() -> Component:
    return html.Details(
        [
            html.Summary("Lesion by lesion"),
            html.P("Kept with your verdict.", className="text-secondary"),
            html.Div(id=LESIONS),
        ],
        id=LESIONS_ROW,
        hidden=True,
    )


def _reject() -> Component:
    return html.Details(
        [
            html.Summary("Reject"),
            html.Label("Why", htmlFor=REASON),
            dbc.Select(
                id=REASON, options=reason_options(None), value="", placeholder="Choose a reason", size="sm"
            ),
            html.Label("In words", htmlFor=WORDS),
            dbc.Textarea(id=WORDS, rows=2, maxlength=LONGEST_REASON),
            html.Fieldset(
                [
                    html.Legend("What is true"),
                    dbc.RadioItems(id=TRUTH, options=truth_options(""), value=OPEN, inline=True),
                ]
            ),
            dbc.Button([icon("bi-x-lg"), "Reject"], id=REJECT, color="danger", outline=True, size="sm"),
        ]
    )


def _correct() -> Component:
    labels = "Labels that are the finding, where the mask has several"
    return html.Details(
        [
            html.Summary("Correct the mask by a file"),
            html.P(id=ADVICE, className="text-secondary"),
            html.Label(labels, htmlFor="correct-labels"),
            dbc.Input(id="correct-labels", placeholder="such as 1, 4, or all", size="sm", maxlength=200),
            dbc.Checkbox(id="correct-empty", label="The mask is meant to be empty", value=False),
            html.Button("Upload a mask", id="choose-mask", className="btn btn-sm btn-outline-primary"),
            html.Div(id="correct-message", role="status"),  # filled by review.js
        ],
        id=CORRECT_ROW,
        hidden=True,
    )


def _take_back() -> Component:
    return html.Details(
        [
            html.Summary("Take back"),
            html.P(id=TAKE_BACK_MEANS, className="text-secondary"),
            dbc.Button(
                [icon("bi-arrow-counterclockwise"), "Yes, take it back"],
                id=TAKE_BACK,
                color="danger",
                outline=True,
                size="sm",
            ),
        ],
        id=TAKE_BACK_ROW,
        hidden=True,
    )


def may_review(view: ScanView, user: User) -> bool:
    """Whether this person may say something of the result shown."""
    return may(user, Permission.REVIEW) and view.result is not None
