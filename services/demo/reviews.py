"""A reader who knows the truth: what is said of a demonstration's results."""

from __future__ import annotations

from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from data.records import SYNTHETIC, Result, Review, Scan, Verdict
from models.overlap import dice
from services.reviewing.review import beside

Mask = NDArray[np.bool_]

READER_ID, READER = "demo", f"{SYNTHETIC} reader"
GOOD_DICE = 0.82
"""From this overlap on, the reader leaves the model's mask as it is."""

FALSE_ALARMS = (
    "This looks like an old infarct, not a tumour.",
    "There is no tumour here.",
)
MISSED = "The lesion was not found."
INCOMPLETE = "The outline misses a part of the lesion or goes beyond it."


def simulated_review(
    review_id: str, scan: Scan, result: Result, drawn: Mask, truth: Mask, at: datetime
) -> Review:
    """What the reader says at a time; both masks are (slices, rows, columns) as displayed.

    The corrected mask of a review that has measurements is `truth`.
    """
    if not truth.any():
        if not result.positive:
            return _review(review_id, result, Verdict.ACCEPTED, None, at, truth_positive=False)
        reason = FALSE_ALARMS[int(review_id[:8], 16) % len(FALSE_ALARMS)]
        return _review(review_id, result, Verdict.REJECTED, reason, at, truth_positive=False)
    overlap = dice(drawn, truth)
    if result.positive and overlap >= GOOD_DICE:
        return _review(review_id, result, Verdict.ACCEPTED, None, at, truth_positive=True)
    return Review(
        id=review_id,
        scan_id=scan.id,
        result_id=result.id,
        verdict=Verdict.CORRECTED,
        reason=INCOMPLETE if result.positive else MISSED,
        reviewer_id=READER_ID,
        reviewer_name=READER,
        created_at=at,
        **beside(scan, drawn, truth),
        truth_positive=True,
    )


def _review(
    review_id: str,
    result: Result,
    verdict: Verdict,
    reason: str | None,
    at: datetime,
    *,
    truth_positive: bool,
) -> Review:
    return Review(
        id=review_id,
        scan_id=result.scan_id,
        result_id=result.id,
        verdict=verdict,
        reason=reason,
        reviewer_id=READER_ID,
        reviewer_name=READER,
        created_at=at,
        truth_positive=truth_positive,
    )
