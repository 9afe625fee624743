"""What is held to be true of a result."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from data.records.results import Measurements, Result


class Verdict(StrEnum):
    """What a reviewer said of a result."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    CORRECTED = "corrected"
    UNSURE = "unsure"  # somebody looked and cannot tell: no truth
    LABELLED = "labelled"  # nobody looked: an imported label or mask says what is true
    TAKING_BACK = "taking-back"  # says nothing of the result: the review that it names no longer counts


class RejectReason(StrEnum):
    """Why a reviewer rejects a result; what it is called stands in `services.reading_words`."""

    NORMAL_ANATOMY = "normal-anatomy"
    OTHER_DISEASE = "other-disease"
    ARTEFACT = "artefact"
    MISSED = "missed"
    OUTLINE = "outline"
    QUALITY = "quality"
    WRONG_EXAMINATION = "wrong-examination"
    OTHER = "other"  # in the reviewer's own words


class LesionCall(StrEnum):
    """What a reviewer said of one lesion of the AI's mask."""

    RIGHT = "right"
    WRONG = "wrong"  # it is none
    OUTLINE_WRONG = "outline-wrong"


@dataclass(frozen=True)
class LesionVerdict:
    """What a reviewer said of a lesion; the largest one is number 1, as the result lists them."""

    lesion: int
    call: LesionCall


BY_PEOPLE = (Verdict.ACCEPTED, Verdict.REJECTED, Verdict.CORRECTED, Verdict.UNSURE)
"""The verdicts of somebody who looked."""


@dataclass(frozen=True)
class Review:
    """What a clinician said of a result. The AI's own mask stays as it was."""

    id: str
    scan_id: str
    result_id: str
    verdict: Verdict
    reason: str | None
    reviewer_id: str
    reviewer_name: str
    created_at: datetime
    measurements: Measurements | None = None  # of the mask that it brings: a corrected or a labelled one
    dice: float | None = None  # AI's mask against the corrected one
    truth_positive: bool | None = None  # what the reviewer holds to be true
    takes_back: str | None = None  # the review that a taking-back takes back
    parent_id: str | None = None  # the current review that the reviewer had before their eyes
    minutes: float | None = None  # that the reviewer spent
    comment: str | None = None
    reason_code: RejectReason | None = None  # `reason` is what was written beside it
    lesions: tuple[LesionVerdict, ...] = ()


@dataclass(frozen=True)
class SecondReading:
    """Somebody asks that two people read a result, neither knowing what the other one says."""

    id: str
    scan_id: str
    result_id: str
    task: str
    why: str
    asked_by: str
    asked_name: str
    created_at: datetime


def standing_reviews(reviews: Iterable[Review], result_id: str) -> list[Review]:
    """The reviews of a result that are neither a taking-back nor taken back, oldest first."""
    of_result = [review for review in reviews if review.result_id == result_id]
    gone = {review.takes_back for review in of_result}
    standing = (
        review for review in of_result if review.verdict is not Verdict.TAKING_BACK and review.id not in gone
    )
    return sorted(standing, key=lambda review: (review.created_at, review.id))


def current_review(reviews: Iterable[Review], result_id: str) -> Review | None:
    """What counts of a result now, or None: the newest of its standing reviews.

    The one rule: what the scan's page, worklist, ledger, downloads, files for training and figures of real
    use say follows from it (the store keeps its answer beside each result).
    """
    return next(reversed(standing_reviews(reviews, result_id)), None)


def counting_mask(current: Review | None) -> Review | None:
    """The current review where it brings a mask that stands in the place of the AI's, else None.

    The one rule: a corrected mask counts, and one that came with an imported label; else the AI's own does.
    `data.ledger.rows.recount` says the same in SQL.
    """
    return current if current is not None and current.measurements is not None else None


def counting_dice(verdict: str | None, truth_positive: bool | None, dice: float | None) -> float | None:
    """The Dice that counts of a result, by its current review: of the AI's mask and one that a person drew.

    The one rule, for every figure and chart: it takes a mask that somebody drew or edited, or that came with
    a label, of a scan with the finding. An accepted outline has none (to count it as 1 would praise the
    reviewers' patience), nor has a miss where nobody drew what was missed. How many outlines were
    accepted as they were is a share of its own (`Judgements.outlined`).
    """
    return dice if truth_positive and verdict != Verdict.ACCEPTED else None


def counting_measurements(result: Result | None, current: Review | None) -> Measurements | None:
    """The sizes that count of a scan now: of the mask that counts; None where there is none."""
    brought = counting_mask(current)
    if brought is not None:
        return brought.measurements
    return None if result is None else result.measurements
