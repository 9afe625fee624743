"""Review: a clinician accepts, rejects or corrects what the model said, or cannot tell, or takes that back.

The model's answer stays, and so does every review; which one counts is `data.records.current_review`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data import formats
from data.database import new_id, now
from data.errors import NO_SCAN, InvalidInput, NotFound, UnchangedMask
from data.files import FileStore
from data.packing import packed
from data.records import (
    AuditEvent,
    LesionCall,
    LesionVerdict,
    RejectReason,
    Result,
    Review,
    Scan,
    User,
    Verdict,
    current_review,
)
from data.stores.audit import AuditLog
from data.stores.results import ResultStore
from data.stores.reviews import ReviewStore
from data.stores.scans import ScanStore
from models.measuring import measure
from models.overlap import dice
from services import keys
from services.left_files import taken_back
from services.permissions import Permission, may, require
from services.reviewing.blinding import Blinding
from services.reviewing.pictures import Pictures
from services.reviewing.second_readings import SecondReadings

Mask = NDArray[np.bool_]
ReviewListener = Callable[[Result], None]
LONGEST_REASON = 2000
LONGEST_MINUTES = 24 * 60.0
_NO_REVIEW = "There is no such review."
_ALL_RIGHT = "To accept is to say that every lesion is right: reject or correct the result instead."
_UNCHANGED = "This mask is the AI's own. If it is right, accept the result."
_TAKEN_BACK = "This review has been taken back already."


@dataclass(frozen=True)
class Seen:
    """What a reviewer had before their eyes: a result, and the review that counted of it, if any."""

    result_id: str
    review_id: str | None = None


@dataclass(frozen=True)
class Remarks:
    """What comes with any verdict."""

    seen: Seen | None = None  # None: whatever counts now
    comment: str = ""
    minutes: float | None = None  # that the reviewer spent
    lesions: tuple[LesionVerdict, ...] = ()  # of the AI's mask


NO_REMARKS = Remarks()


@dataclass(frozen=True)
class MaskFile:
    """A corrected mask as a file in the scan's own grid.

    `labels` says which labels of a mask with several are the finding ("1, 4", "all"), `empty` that a mask
    without any is meant.
    """

    file: Path
    name: str
    labels: str = ""
    empty: bool = False

    def read(self, scan: Scan) -> Mask:
        """The mask in display order; raises InvalidInput where it does not fit or leaves a question open."""
        answers = formats.MaskAnswers.of(self.labels, empty=self.empty)
        return formats.read_mask(self.file, self.name, scan.grid, answers)


@dataclass(frozen=True)
class DrawnMask:
    """A corrected mask as the page draws it: gzip of one byte a voxel, 0 or 1, in display order."""

    content: bytes
    empty: bool = False  # one without any is meant

    def read(self, scan: Scan) -> Mask:
        """The mask in display order; raises InvalidInput for one that does not fit."""
        return formats.drawn_mask(self.content, scan.shape, empty=self.empty)


class Reviews:
    """Every review is kept beside those before it.

    Each verb raises NotAllowed, NotFound, InvalidInput, and Outdated where `Remarks.seen` is not what
    counts any more.
    """

    def __init__(
        self,
        scans: ScanStore,
        results: ResultStore,
        reviews: ReviewStore,
        files: FileStore,
        pictures: Pictures,
        audit: AuditLog,
        second: SecondReadings,
        blinding: Blinding,
        listener: ReviewListener = lambda _: None,
    ) -> None:
        """`listener` is told of each result that got a review, once the review is kept."""
        self._scans = scans
        self._results = results
        self._reviews = reviews
        self._files = files
        self._pictures = pictures
        self._audit = audit
        self._second = second
        self._blinding = blinding
        self._listener = listener

    def accept(self, scan_id: str, user: User, remarks: Remarks = NO_REMARKS) -> Review:
        """The result is right, and so is the AI's own mask, whatever was said before."""
        _, result = self._reviewable(scan_id, user)
        if any(said.call is not LesionCall.RIGHT for said in remarks.lesions):
            raise InvalidInput(_ALL_RIGHT)
        review = _review(result, user, Verdict.ACCEPTED, remarks)
        return self._kept(replace(review, truth_positive=result.positive), result, user, remarks)

    def reject(
        self,
        scan_id: str,
        user: User,
        reason: RejectReason,
        words: str = "",
        truth_positive: bool | None = None,
        remarks: Remarks = NO_REMARKS,
    ) -> Review:
        """The result is wrong, for a reason; `truth_positive` says what is true, None leaves it open.

        Any other reason than those of the list needs words.
        """
        _, result = self._reviewable(scan_id, user)
        review = _review(result, user, Verdict.REJECTED, remarks)
        said = words.strip()[:LONGEST_REASON] or None
        if reason is RejectReason.OTHER and said is None:
            raise InvalidInput("Please say why the result is rejected.")
        review = replace(review, reason_code=reason, reason=said, truth_positive=truth_positive)
        return self._kept(review, result, user, remarks)

    def unsure(self, scan_id: str, user: User, remarks: Remarks = NO_REMARKS) -> Review:
        """The reviewer cannot tell: the result has no truth until somebody can."""
        _, result = self._reviewable(scan_id, user)
        return self._kept(_review(result, user, Verdict.UNSURE, remarks), result, user, remarks)

    def correct(
        self, scan_id: str, user: User, mask: MaskFile | DrawnMask, remarks: Remarks = NO_REMARKS
    ) -> Review:
        """Another mask is right. Raises UnchangedMask for the AI's own: whoever means that accepts.

        Under an answer that denies its own mask the same mask says something else.
        """
        scan, result = self._reviewable(scan_id, user)
        if not result.has_mask:
            raise InvalidInput("Only the mask of a segmentation can be corrected.")
        own, corrected = self._pictures.mask(scan_id), mask.read(scan)
        positive = bool(corrected.any())
        if positive == result.positive and np.array_equal(own, corrected):
            raise UnchangedMask(_UNCHANGED)
        review = replace(
            _review(result, user, Verdict.CORRECTED, remarks),
            **beside(scan, own, corrected),
            truth_positive=positive,
        )
        key = keys.corrected_mask(review.id)
        with taken_back(self._files, f"reviews/{review.id}", partial(self._reviews.get, review.id)):
            self._files.put(key, packed(corrected))
            return self._kept(review, result, user, remarks)

    def take_back(self, review_id: str, user: User, remarks: Remarks = NO_REMARKS) -> Review:
        """A review no longer counts, and the one before it does: one's own, or with a permission anybody's.

        It stays where it is, beside the row that takes it back; for good, as another review can follow.
        """
        require(user, Permission.TAKE_BACK_REVIEWS)
        taken = self._standing(review_id)
        if taken.reviewer_id != user.id:
            require(user, Permission.TAKE_BACK_REVIEWS_OF_OTHERS)
        result = self._results.get(taken.result_id)
        assert result is not None  # reviews leave the house with their results
        review = replace(_review(result, user, Verdict.TAKING_BACK, remarks), takes_back=taken.id)
        return self._kept(review, result, user, remarks)

    def refuse_hidden(self, review_id: str, user: User) -> None:
        """Raises NotFound for a review of somebody else that this person is not to know of yet."""
        require(user, Permission.SEE_SCANS, hidden=NO_SCAN)
        review = self._reviews.get(review_id)
        if review is not None and review.reviewer_id != user.id:
            self._blinding.refuse_reviews(review.scan_id, user)

    def _standing(self, review_id: str) -> Review:
        review = self._reviews.get(review_id)
        if review is None or review.verdict is Verdict.TAKING_BACK:
            raise NotFound(_NO_REVIEW)
        of_scan = self._reviews.of_scan(review.scan_id)
        if any(other.takes_back == review.id for other in of_scan):
            raise InvalidInput(_TAKEN_BACK)
        return review

    def _reviewable(self, scan_id: str, user: User) -> tuple[Scan, Result]:
        require(user, Permission.REVIEW)
        scan, result = self._scans.existing(scan_id), self._results.latest(scan_id)
        if result is None:
            raise InvalidInput("This scan has not been read yet, so there is nothing to review.")
        self._blinding.refuse_verdict(scan_id, user)
        self._second.refuse_the_two(scan_id, user)
        return scan, result

    def _kept(self, review: Review, result: Result, user: User, remarks: Remarks) -> Review:
        blind = self._blinding.of_scan(review.scan_id, user).reviews
        if remarks.seen is None and not blind:
            current = current_review(self._reviews.of_scan(review.scan_id), review.result_id)
            review = replace(review, parent_id=None if current is None else current.id)
        # Who reads blind was shown no review of others, and need not have seen the current one.
        seen = remarks.seen is not None
        what, detail = f"review.{review.verdict.value}", review.takes_back or ""
        event = AuditEvent(review.created_at, review.reviewer_id, what, review.scan_id, detail)
        with self._audit.together():
            kept = self._reviews.add(review, on_result=seen, on_parent=seen and not blind)
            self._audit.record(event)
        self._listener(result)
        return kept


def may_take_back(review: Review, user: User) -> bool:
    """Whether this person may take a review back."""
    own = review.reviewer_id == user.id and may(user, Permission.TAKE_BACK_REVIEWS)
    return own or may(user, Permission.TAKE_BACK_REVIEWS_OF_OTHERS)


def beside(scan: Scan, drawn: Mask, true: Mask) -> dict[str, Any]:
    """What a review says of a true mask: its `measurements`, and the `dice` of the one that was drawn."""
    measurements = measure(true, scan.spacing, formats.placed_affine(scan.grid))
    return {"measurements": measurements, "dice": dice(drawn, true)}


def _review(result: Result, user: User, verdict: Verdict, remarks: Remarks) -> Review:
    seen, minutes = remarks.seen, remarks.minutes
    if minutes is not None and not 0 <= minutes <= LONGEST_MINUTES:
        raise InvalidInput("The minutes that a review took must be a number from 0 to 1440.")
    return Review(
        id=new_id(),
        scan_id=result.scan_id,
        result_id=result.id if seen is None else seen.result_id,
        verdict=verdict,
        reason=None,
        reviewer_id=user.id,
        reviewer_name=user.display_name,
        created_at=now(),
        parent_id=None if seen is None else seen.review_id,
        minutes=minutes,
        comment=remarks.comment.strip()[:LONGEST_REASON] or None,
        lesions=_of_result(remarks.lesions, result),
    )


def _of_result(said: tuple[LesionVerdict, ...], result: Result) -> tuple[LesionVerdict, ...]:
    """What was said of lesions, in their order; raises InvalidInput for one that the result does not have."""
    count = 0 if result.measurements is None else len(result.measurements.lesions)
    numbers = [verdict.lesion for verdict in said]
    if len(set(numbers)) < len(numbers) or not all(1 <= number <= count for number in numbers):
        raise InvalidInput("There is no such lesion.")
    return tuple(sorted(said, key=lambda verdict: verdict.lesion))
