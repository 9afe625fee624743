"""What readers said of results, reader by reader: read for figures, never written here."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, exists, false, func, select

from data.database import reading
from data.ledger.rows import not_withdrawn
from data.records import BY_PEOPLE, ReaderVerdict, Verdict
from data.tables import ledger, results, reviews, unaided_readings

_TAKING_BACK = reviews.alias("taking_back")
_TAKEN_BACK = exists().where(
    _TAKING_BACK.c.scan_id == reviews.c.scan_id, _TAKING_BACK.c.takes_back == reviews.c.id
)
_READ_BEFORE = exists().where(
    unaided_readings.c.scan_id == reviews.c.scan_id,
    unaided_readings.c.reader_id == reviews.c.reviewer_id,
    unaided_readings.c.finding.is_not(None),
    unaided_readings.c.ended_at <= reviews.c.created_at,
)
_OF_REAL_SCANS = (
    select(
        reviews.c.reviewer_id,
        reviews.c.result_id,
        reviews.c.scan_id,
        results.c.task,
        reviews.c.verdict,
        reviews.c.created_at,
        results.c.positive,
        reviews.c.minutes,
        _READ_BEFORE.label("read_before"),
    )
    .join(results, results.c.id == reviews.c.result_id)
    .join(ledger, ledger.c.scan_id == reviews.c.scan_id)
    .where(ledger.c.gone == false(), ledger.c.synthetic == false(), not_withdrawn(reviews.c.scan_id))
    .where(reviews.c.verdict.in_([verdict.value for verdict in BY_PEOPLE]), ~_TAKEN_BACK)
    .order_by(reviews.c.created_at, reviews.c.id)
)


class ReaderVerdictStore:
    """Verdicts of people on results of real scans."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def since(self, first: datetime, reader_id: str | None = None) -> list[ReaderVerdict]:
        """Each reader's last standing verdict on each result from that moment on, oldest first.

        With `reader_id` those of one reader. Withdrawn scans and those of demonstrations do not count.
        """
        query = _OF_REAL_SCANS.where(reviews.c.created_at >= first)
        if reader_id is not None:
            query = query.where(reviews.c.reviewer_id == reader_id)
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        last = {(row.reviewer_id, row.result_id): _verdict(row) for row in rows}
        return sorted(last.values(), key=lambda said: (said.at, said.result_id))

    def token(self) -> tuple[int, datetime | None]:
        """Another one after every review, of any kind: none is ever changed."""
        query = select(func.count(), func.max(reviews.c.created_at)).select_from(reviews)
        with reading(self._engine) as connection:
            count, latest = connection.execute(query).one()
        return count, latest


def _verdict(row: Row[Any]) -> ReaderVerdict:
    return ReaderVerdict(
        reader_id=row.reviewer_id,
        result_id=row.result_id,
        scan_id=row.scan_id,
        task=row.task,
        verdict=Verdict(row.verdict),
        at=row.created_at,
        positive=row.positive,
        seconds=None if row.minutes is None else 60 * row.minutes,
        read_before=row.read_before,
    )
