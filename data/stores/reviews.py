"""What clinicians said of results."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, bindparam, insert, select, update

from data.codec import from_json, to_json
from data.database import bump, reading, writing
from data.ledger.rows import note_old_review, note_review
from data.records import Measurements, Review, Verdict
from data.tables import REVISION_OF_SCANS, reviews, scans

# Statements are made once: making one takes longer than carrying it out.
_NEW = insert(reviews)
_TAKE_OVER = update(scans).where(
    scans.c.id == bindparam("of_scan"), scans.c.latest_result_id == bindparam("of_result")
)


class ReviewStore:
    """Reviews; none is ever changed, a later one counts."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, review: Review) -> Review:
        """Keeps a review.

        It becomes the scan's latest one only if it is of the scan's latest result: a verdict on
        a mask must not stand beside another mask.
        """
        of_latest = {"of_scan": review.scan_id, "of_result": review.result_id, "latest_review_id": review.id}
        with writing(self._engine) as connection:
            bump(connection, REVISION_OF_SCANS)
            connection.execute(_NEW, _values(review))
            if connection.execute(_TAKE_OVER, of_latest).rowcount:
                note_review(connection, review)
            else:
                note_old_review(connection, review.scan_id)
        return review

    def get(self, review_id: str) -> Review | None:
        """The review, or None."""
        with reading(self._engine) as connection:
            row = connection.execute(select(reviews).where(reviews.c.id == review_id)).one_or_none()
        return None if row is None else _review(row)

    def latest(self, scan_id: str) -> Review | None:
        """The latest review of the scan's latest result, or None."""
        latest = scans.join(reviews, scans.c.latest_review_id == reviews.c.id)
        query = select(reviews).select_from(latest).where(scans.c.id == scan_id)
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _review(row)

    def of_scan(self, scan_id: str) -> list[Review]:
        """All reviews of all of the scan's results, newest first."""
        query = select(reviews).where(reviews.c.scan_id == scan_id)
        with reading(self._engine) as connection:
            return [_review(row) for row in connection.execute(query.order_by(reviews.c.created_at.desc()))]

    def reasoned(self, first: datetime, end: datetime, limit: int) -> list[Review]:
        """The latest reviews of a time that say why, newest first."""
        given = reviews.c.reason.is_not(None) & (reviews.c.created_at >= first) & (reviews.c.created_at < end)
        query = select(reviews).where(given).order_by(reviews.c.created_at.desc(), reviews.c.id).limit(limit)
        with reading(self._engine) as connection:
            return [_review(row) for row in connection.execute(query)]


def _values(review: Review) -> dict[str, Any]:
    measurements = review.measurements
    return {
        "id": review.id,
        "scan_id": review.scan_id,
        "result_id": review.result_id,
        "verdict": review.verdict.value,
        "reason": review.reason,
        "reviewer_id": review.reviewer_id,
        "reviewer_name": review.reviewer_name,
        "volume_ml": None if measurements is None else measurements.volume_ml,
        "longest_diameter_mm": None if measurements is None else measurements.longest_diameter_mm,
        "measurements": None if measurements is None else to_json(measurements),
        "dice": None if review.dice is None else float(review.dice),
        "truth_positive": review.truth_positive,
        "created_at": review.created_at,
    }


def _review(row: Row[Any]) -> Review:
    return Review(
        id=row.id,
        scan_id=row.scan_id,
        result_id=row.result_id,
        verdict=Verdict(row.verdict),
        reason=row.reason,
        reviewer_id=row.reviewer_id,
        reviewer_name=row.reviewer_name,
        created_at=row.created_at,
        measurements=None if row.measurements is None else from_json(Measurements, row.measurements),
        dice=row.dice,
        truth_positive=row.truth_positive,
    )
