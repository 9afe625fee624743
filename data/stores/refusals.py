"""What was not read, and why: counted by the statistics, listed for those who ask."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, func, insert, select

from data.database import new_id, now, reading, writing
from data.records import SYNTHETIC_REFUSALS, KeptRefusal, Refusal
from data.tables import refusals


class RefusalStore:
    """Refusals of files and series, by whatever way they came."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, new: Collection[Refusal], at: datetime | None = None) -> None:
        """Keeps refusals that came by no upload."""
        with writing(self._engine) as connection:
            keep(connection, new, None, at)

    def put(self, kept: KeptRefusal) -> None:
        """Keeps a refusal under its own id; where that one is here already, nothing happens."""
        with writing(self._engine) as connection:
            same = select(refusals.c.id).where(refusals.c.id == kept.id)
            if connection.execute(same).first() is None:
                keep(connection, [kept.refusal], None, kept.created_at, kept.id)

    def ids_from(self, prefix: str) -> list[str]:
        """The ids that begin with `prefix`."""
        query = select(refusals.c.id).where(refusals.c.id.startswith(prefix, autoescape=True))
        with reading(self._engine) as connection:
            return list(connection.execute(query).scalars())

    def forget_from(self, prefix: str) -> None:
        """Removes every refusal whose id begins with `prefix`."""
        with writing(self._engine) as connection:
            connection.execute(delete(refusals).where(refusals.c.id.startswith(prefix, autoescape=True)))

    def count(self) -> int:
        """How many there are."""
        with reading(self._engine) as connection:
            return int(connection.execute(select(func.count()).select_from(refusals)).scalar_one())

    def by_reason(self) -> dict[str, int]:
        """How many there are by their code, without those of synthetic patients."""
        real = refusals.c.id.not_like(f"{SYNTHETIC_REFUSALS}%")
        query = select(refusals.c.code, func.count()).where(real).group_by(refusals.c.code)
        with reading(self._engine) as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def moments(self) -> list[tuple[datetime, str | None, bool]]:
        """When each was refused, its modality where the file says one, and whether it is synthetic."""
        columns = (refusals.c.created_at, refusals.c.modality, refusals.c.id)
        with reading(self._engine) as connection:
            return [
                (row.created_at, row.modality, row.id.startswith(SYNTHETIC_REFUSALS))
                for row in connection.execute(select(*columns))
            ]

    def between(self, first: datetime | None = None, end: datetime | None = None) -> list[KeptRefusal]:
        """Refusals from `first` on and before `end`, newest first."""
        query = select(refusals).order_by(refusals.c.created_at.desc(), refusals.c.id)
        if first is not None:
            query = query.where(refusals.c.created_at >= first)
        if end is not None:
            query = query.where(refusals.c.created_at < end)
        with reading(self._engine) as connection:
            return [_refusal(row) for row in connection.execute(query)]


def keep(
    connection: Connection,
    new: Collection[Refusal],
    upload_id: str | None,
    at: datetime | None = None,
    refusal_id: str | None = None,
) -> None:
    """Write refusals within a transaction; `refusal_id` is for a single one that has its own id."""
    rows = [
        {
            "id": refusal_id or new_id(),
            "upload_id": upload_id,
            "name": refusal.name,
            "code": refusal.code,
            "sentence": refusal.sentence,
            "modality": refusal.modality,
            "scanner": refusal.scanner,
            "site": refusal.site,
            "created_at": at or now(),
        }
        for refusal in new
    ]
    if rows:
        connection.execute(insert(refusals), rows)


def _refusal(row: Row[Any]) -> KeptRefusal:
    refusal = Refusal(row.name, row.code, row.sentence, row.modality, row.scanner, row.site)
    return KeptRefusal(row.id, refusal, row.created_at)
