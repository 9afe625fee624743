"""Results that two people are asked to read."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, Select, bindparam, delete, insert, select

from data.database import reading, statement_parts, writing
from data.lookups import once_in_moment
from data.records import Review, SecondReading
from data.revisions import bump
from data.stores.reviews import review_of
from data.tables import REVISION_OF_SCANS, reviews, scans, second_readings

_COLUMNS = [second_readings.c[name] for name in SecondReading.__dataclass_fields__]
_LATEST = select(*_COLUMNS).join(scans, scans.c.latest_result_id == second_readings.c.result_id)
_LATEST_OF = _LATEST.where(scans.c.id.in_(bindparam("wanted", expanding=True)))  # made once: that takes long
Read = tuple[SecondReading, list[Review]]


class SecondReadingStore:
    """Who was asked to read what a second time; a result has one asking at most."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, asked: Sequence[SecondReading]) -> int:
        """Keeps askings; a result that has one keeps that one. Returns how many are new."""
        new = 0
        with writing(self._engine) as connection:
            bump(connection, REVISION_OF_SCANS)  # first: who asks at the same time waits here
            for second in asked:
                same = select(second_readings.c.id).where(second_readings.c.result_id == second.result_id)
                if connection.execute(same).first() is None:
                    connection.execute(insert(second_readings).values(**vars(second)))
                    new += 1
        return new

    def withdraw(self, second_id: str) -> None:
        """Takes an asking back; nothing happens where there is none."""
        with writing(self._engine) as connection:
            bump(connection, REVISION_OF_SCANS)
            connection.execute(delete(second_readings).where(second_readings.c.id == second_id))

    def of_all_latest(self) -> list[Read]:
        """Those of every scan's latest result, with all reviews of the result."""
        with reading(self._engine) as connection:
            return _with_reviews(connection, _LATEST)

    def of_latest(self, scan_ids: Collection[str]) -> list[Read]:
        """Those of these scans' latest results, with all reviews of the result."""
        return list(once_in_moment(self._engine, self._of_latest, tuple(scan_ids)))

    def _of_latest(self, scan_ids: tuple[str, ...]) -> list[Read]:
        read: list[Read] = []
        with reading(self._engine) as connection:
            for part in statement_parts(scan_ids):
                read += _with_reviews(connection, _LATEST_OF, {"wanted": part})
        return read

    def of_task(self, task: str, limit: int = 2000) -> list[Read]:
        """Those of scans that are still here, the newest first, with all reviews of the result."""
        here = select(*_COLUMNS).join(scans, scans.c.id == second_readings.c.scan_id)
        newest = (second_readings.c.created_at.desc(), second_readings.c.id)
        query = here.where(second_readings.c.task == task).order_by(*newest).limit(limit)
        with reading(self._engine) as connection:
            return _with_reviews(connection, query)


def _with_reviews(
    connection: Connection, query: Select[Any], values: Mapping[str, Any] | None = None
) -> list[Read]:
    asked = [SecondReading(*row) for row in connection.execute(query, values)]
    of_result: dict[str, list[Review]] = {second.result_id: [] for second in asked}
    for part in statement_parts(list(of_result)):
        for row in connection.execute(select(reviews).where(reviews.c.result_id.in_(part))):
            of_result[row.result_id].append(review_of(row))
    return [(second, of_result[second.result_id]) for second in asked]
