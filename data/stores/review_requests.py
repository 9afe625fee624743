"""Scans that somebody asks the reviewers to look at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Engine, delete, exists, func, insert, select

from data.database import reading, writing
from data.ledger.rows import not_withdrawn
from data.records import KindCount, ReviewRequest
from data.revisions import bump
from data.stores.kinds import by_kind
from data.stores.seen_rows import seen_of
from data.tables import REVISION_OF_SCANS, results, review_requests, reviews, scans, triage

_OWN = [name for name in ReviewRequest.__dataclass_fields__ if name != "synthetic"]
_COLUMNS = [*(review_requests.c[name] for name in _OWN), scans.c.synthetic]
_WITH_SCANS = review_requests.join(scans, scans.c.id == review_requests.c.scan_id)


class ReviewRequestStore:
    """Requests; one is open until a review that counts came after it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, requests: Sequence[ReviewRequest]) -> None:
        """Keeps requests; a scan that has an open one keeps that one."""
        with writing(self._engine) as connection:
            bump(connection, REVISION_OF_SCANS)  # a worklist that is open shows them
            for request in requests:
                is_open = select(review_requests.c.id).where(
                    review_requests.c.scan_id == request.scan_id, ~_answered()
                )
                if connection.execute(is_open).first() is None:
                    connection.execute(
                        insert(review_requests).values({name: getattr(request, name) for name in _OWN})
                    )

    def open(self, task: str | None = None, limit: int = 200) -> list[ReviewRequest]:
        """Requests that wait, of scans that are still here, newest first."""
        query = select(*_COLUMNS).select_from(_WITH_SCANS).where(~_answered())
        query = query.where(not_withdrawn(scans.c.id))
        if task is not None:
            query = query.where(review_requests.c.task == task)
        query = query.order_by(review_requests.c.created_at.desc(), review_requests.c.id).limit(limit)
        with reading(self._engine) as connection:
            return [ReviewRequest(*row) for row in connection.execute(query)]

    def count(
        self, after: datetime, until: datetime, *, not_by: str, assigned_to: str | None = None
    ) -> KindCount:
        """How many requests that wait were made after one moment and by another, of others than `not_by`.

        With `assigned_to` only those of scans that are given to this account. Synthetic scans are apart.
        """
        when = (review_requests.c.created_at > after) & (review_requests.c.created_at <= until)
        query = (
            select(scans.c.synthetic, func.count())
            .select_from(_WITH_SCANS)
            .where(when, review_requests.c.asked_by != not_by, ~_answered(), not_withdrawn(scans.c.id))
        )
        if assigned_to is not None:
            given = exists().where(
                triage.c.scan_id == review_requests.c.scan_id, triage.c.assigned_to == assigned_to
            )
            query = query.where(given)
        with reading(self._engine) as connection:
            return by_kind(connection.execute(query.group_by(scans.c.synthetic))).get((), KindCount())

    def of_scan(self, scan_id: str) -> ReviewRequest | None:
        """The scan's open request, or None."""
        query = select(*_COLUMNS).select_from(_WITH_SCANS)
        query = query.where(review_requests.c.scan_id == scan_id, ~_answered())
        with reading(self._engine) as connection:
            row = connection.execute(query.order_by(review_requests.c.created_at)).first()
        return None if row is None else ReviewRequest(*row)

    def withdraw(self, request_id: str) -> None:
        """Takes a request back; nothing happens where there is none."""
        if not seen_of(self._engine, review_requests.c.id, [request_id]):
            return
        with writing(self._engine) as connection:
            bump(connection, REVISION_OF_SCANS)
            connection.execute(delete(review_requests).where(review_requests.c.id == request_id))


def _answered() -> ColumnElement[bool]:
    """Whether a review that counts was given after the request."""
    return exists().where(
        results.c.scan_id == review_requests.c.scan_id,
        reviews.c.id == results.c.current_review_id,
        reviews.c.created_at >= review_requests.c.created_at,
    )
