"""Review: a clinician accepts, rejects or corrects what the model said. The model's answer stays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data import formats
from data.database import new_id, now
from data.errors import InvalidInput, NotFound
from data.files import FileStore
from data.packing import packed
from data.records import AuditEvent, Result, Review, Scan, User, Verdict
from data.stores.audit import AuditLog
from data.stores.results import ResultStore
from data.stores.reviews import ReviewStore
from data.stores.scans import ScanStore
from models.measuring import measure
from models.overlap import dice
from services import keys
from services.permissions import Permission, require
from services.reviewing.pictures import Pictures

Mask = NDArray[np.bool_]
ReviewListener = Callable[[Result], None]
LONGEST_REASON = 2000


class Reviews:
    """Every review is kept beside those before it."""

    def __init__(
        self,
        scans: ScanStore,
        results: ResultStore,
        reviews: ReviewStore,
        files: FileStore,
        pictures: Pictures,
        audit: AuditLog,
        listener: ReviewListener = lambda _: None,
    ) -> None:
        """`listener` is told of each result that got a review, once the review is kept."""
        self._scans = scans
        self._results = results
        self._reviews = reviews
        self._files = files
        self._pictures = pictures
        self._audit = audit
        self._listener = listener

    def accept(self, scan_id: str, user: User) -> Review:
        """The result is right. Raises NotAllowed, NotFound."""
        _, result = self._reviewable(scan_id, user)
        return self._kept(
            _review(result, user, Verdict.ACCEPTED, None, truth_positive=result.positive), result
        )

    def reject(self, scan_id: str, user: User, reason: str, truth_positive: bool | None = None) -> Review:
        """The result is wrong, for a reason; `truth_positive` says what is true, None leaves it open.

        Raises InvalidInput without a reason, NotAllowed, NotFound.
        """
        _, result = self._reviewable(scan_id, user)
        return self._kept(_review(result, user, Verdict.REJECTED, _reason(reason), truth_positive), result)

    def correct(
        self,
        scan_id: str,
        user: User,
        file: Path,
        name: str,
        reason: str = "",
        *,
        labels: str = "",
        empty: bool = False,
    ) -> Review:
        """Another mask, in the scan's own grid, is right.

        `labels` says which labels of a mask with several are the finding ("1, 4", "all"), `empty` that a
        mask without any is meant. Raises InvalidInput for a mask that does not fit or leaves such a question
        open, NotAllowed, NotFound.
        """
        scan, result = self._reviewable(scan_id, user)
        if not result.has_mask:
            raise InvalidInput("Only the mask of a segmentation can be corrected.")
        answers = formats.MaskAnswers.of(labels, empty=empty)
        corrected = formats.read_mask(file, name, scan.grid, answers)
        review = Review(
            id=new_id(),
            scan_id=scan_id,
            result_id=result.id,
            verdict=Verdict.CORRECTED,
            reason=reason.strip()[:LONGEST_REASON] or None,
            reviewer_id=user.id,
            reviewer_name=user.display_name,
            created_at=now(),
            **beside(scan, self._pictures.mask(scan_id), corrected),
            truth_positive=bool(corrected.any()),
        )
        self._files.put(keys.corrected_mask(review.id), packed(corrected))
        return self._kept(review, result)

    def _reviewable(self, scan_id: str, user: User) -> tuple[Scan, Result]:
        require(user, Permission.REVIEW)
        scan, result = self._scans.get(scan_id), self._results.latest(scan_id)
        if scan is None:
            raise NotFound("There is no such scan.")
        if result is None:
            raise InvalidInput("This scan has not been read yet, so there is nothing to review.")
        return scan, result

    def _kept(self, review: Review, result: Result) -> Review:
        kept = self._reviews.add(review)
        self._audit.record(
            AuditEvent(review.created_at, review.reviewer_id, f"review.{review.verdict}", review.scan_id)
        )
        self._listener(result)
        return kept


def beside(scan: Scan, drawn: Mask, true: Mask) -> dict[str, Any]:
    """What a review says of a true mask: its `measurements`, and the `dice` of the one that was drawn."""
    measurements = measure(true, scan.spacing, formats.placed_affine(scan.grid))
    return {"measurements": measurements, "dice": dice(drawn, true)}


def _review(
    result: Result, user: User, verdict: Verdict, reason: str | None, truth_positive: bool | None
) -> Review:
    return Review(
        id=new_id(),
        scan_id=result.scan_id,
        result_id=result.id,
        verdict=verdict,
        reason=reason,
        reviewer_id=user.id,
        reviewer_name=user.display_name,
        created_at=now(),
        truth_positive=truth_positive,
    )


def _reason(text: str) -> str:
    if not text.strip():
        raise InvalidInput("Please say why the result is rejected.")
    return text.strip()[:LONGEST_REASON]
