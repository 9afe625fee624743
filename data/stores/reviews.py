"""What clinicians said of results."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, bindparam, insert, or_, select, update

from data.codec import from_json, to_json
from data.database import reading, statement_parts, writing
from data.errors import Outdated
from data.ledger.rows import not_withdrawn, note_old_review, note_review
from data.records import LesionVerdict, Measurements, RejectReason, Review, Verdict, current_review
from data.revisions import bump
from data.tables import REVISION_OF_SCANS, results, reviews, scans

NEW_RESULT = "This scan was read again meanwhile: look at the new result first."
OTHER_REVIEW = "Somebody reviewed this result meanwhile: look at that review first."
# Statements are made once: making one takes longer than carrying it out.
_NEW = insert(reviews)
_OF_RESULT = select(reviews).where(
    reviews.c.scan_id == bindparam("of_scan"), reviews.c.result_id == bindparam("of_result")
)
_OF_SCAN = (
    select(reviews)
    .where(reviews.c.scan_id == bindparam("wanted"))
    .order_by(reviews.c.created_at.desc(), reviews.c.id.desc())
)
_COUNTS = select(scans.c.latest_result_id, results.c.current_review_id).select_from(
    scans.outerjoin(results, scans.c.latest_result_id == results.c.id)
).where(scans.c.id == bindparam("of_scan"))  # fmt: skip
_SET_CURRENT = (
    update(results)
    .where(results.c.id == bindparam("of_result"), results.c.scan_id == bindparam("of_scan"))
    .values(current_review_id=bindparam("current"))
)


class ReviewStore:
    """Reviews; none is ever changed. Which one counts of a result is kept beside the result."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, review: Review, *, on_result: bool = False, on_parent: bool = False) -> Review:
        """Keeps a review, and what counts of its result from now on (`current_review`).

        With `on_result`, raises Outdated unless its result is the scan's latest one, with `on_parent` unless
        its parent is that result's current review: nobody overwrites silently what they have not seen.
        """
        with writing(self._engine) as connection:
            bump(connection, REVISION_OF_SCANS)
            counts = connection.execute(_COUNTS, {"of_scan": review.scan_id}).one()
            if on_result and counts.latest_result_id != review.result_id:
                raise Outdated(NEW_RESULT)
            if on_parent and counts.current_review_id != review.parent_id:
                raise Outdated(OTHER_REVIEW)
            connection.execute(_NEW, _values(review))
            _settle(connection, review, is_latest=counts.latest_result_id == review.result_id)
        return review

    def get(self, review_id: str) -> Review | None:
        """The review, or None."""
        with reading(self._engine) as connection:
            row = connection.execute(select(reviews).where(reviews.c.id == review_id)).one_or_none()
        return None if row is None else review_of(row)

    def current(self, scan_id: str) -> Review | None:
        """What counts of the scan's latest result, or None."""
        source = scans.join(results, scans.c.latest_result_id == results.c.id).join(
            reviews, results.c.current_review_id == reviews.c.id
        )
        query = select(reviews).select_from(source).where(scans.c.id == scan_id)
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else review_of(row)

    def of_scan(self, scan_id: str) -> list[Review]:
        """All reviews of all of the scan's results, newest first."""
        with reading(self._engine) as connection:
            return [review_of(row) for row in connection.execute(_OF_SCAN, {"wanted": scan_id})]

    def of_scans(self, scan_ids: Sequence[str]) -> dict[str, list[Review]]:
        """As `of_scan`, of each of these scans."""
        of_scans: dict[str, list[Review]] = {scan_id: [] for scan_id in scan_ids}
        query = select(reviews).order_by(reviews.c.created_at.desc(), reviews.c.id.desc())
        with reading(self._engine) as connection:
            for part in statement_parts(scan_ids):
                for row in connection.execute(query.where(reviews.c.scan_id.in_(part))):
                    of_scans[row.scan_id].append(review_of(row))
        return of_scans

    def deciding(self, scan_id: str) -> Review | None:
        """What counts of the newest of the scan's results that somebody reviewed, or None.

        What is true of a patient does not change with the version that reads the scan again.
        """
        source = results.join(reviews, results.c.current_review_id == reviews.c.id)
        query = select(reviews).select_from(source).where(results.c.scan_id == scan_id)
        newest = (results.c.created_at.desc(), results.c.id.desc())
        with reading(self._engine) as connection:
            row = connection.execute(query.order_by(*newest).limit(1)).one_or_none()
        return None if row is None else review_of(row)

    def truths_since(self, scan_ids: Sequence[str]) -> dict[str, datetime]:
        """When that was said which counts of each of these scans (`deciding`)."""
        source = results.join(reviews, results.c.current_review_id == reviews.c.id)
        columns = (results.c.scan_id, reviews.c.created_at)
        since: dict[str, datetime] = {}
        with reading(self._engine) as connection:
            for part in statement_parts(scan_ids):
                query = select(*columns).select_from(source).where(results.c.scan_id.in_(part))
                rows = connection.execute(query.order_by(results.c.created_at, results.c.id))
                since |= {row.scan_id: row.created_at for row in rows}  # the newest result comes last
        return since

    def reasoned(self, first: datetime, end: datetime, limit: int) -> list[Review]:
        """The latest reviews of a time that count and say why, newest first; none of a withdrawn scan."""
        source = results.join(reviews, results.c.current_review_id == reviews.c.id)
        said = or_(*(reviews.c[name].is_not(None) for name in ("reason", "comment", "reason_code")))
        given = said & (reviews.c.created_at >= first) & (reviews.c.created_at < end)
        query = select(reviews).select_from(source).where(given, not_withdrawn(reviews.c.scan_id))
        newest = (reviews.c.created_at.desc(), reviews.c.id)
        with reading(self._engine) as connection:
            return [review_of(row) for row in connection.execute(query.order_by(*newest).limit(limit))]


def _settle(connection: Connection, review: Review, *, is_latest: bool) -> None:
    """Write down what counts of a review's result, beside the result and in the ledger."""
    of_result = {"of_scan": review.scan_id, "of_result": review.result_id}
    of_same = [review_of(row) for row in connection.execute(_OF_RESULT, of_result)]
    current = current_review(of_same, review.result_id)
    connection.execute(_SET_CURRENT, of_result | {"current": None if current is None else current.id})
    if is_latest:
        note_review(connection, review.scan_id, review.result_id, current)
    else:
        note_old_review(connection, review.scan_id)


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
        "takes_back": review.takes_back,
        "parent_id": review.parent_id,
        "minutes": review.minutes,
        "comment": review.comment,
        "reason_code": review.reason_code,
        "lesions": to_json(review.lesions) if review.lesions else None,
        "created_at": review.created_at,
    }


def review_of(row: Row[Any]) -> Review:
    """A row of reviews as a record."""
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
        takes_back=row.takes_back,
        parent_id=row.parent_id,
        minutes=row.minutes,
        comment=row.comment,
        reason_code=None if row.reason_code is None else RejectReason(row.reason_code),
        lesions=() if row.lesions is None else from_json(tuple[LesionVerdict, ...], row.lesions),
    )
