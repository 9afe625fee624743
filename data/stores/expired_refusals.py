"""What was refused and is old: refusals, and uploads that nothing but these came of."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Engine, delete, func, select

from data.database import reading, statement_parts, writing
from data.records import SYNTHETIC_REFUSALS, UploadState
from data.tables import jobs, received_series, refusals, uploads

_NONE = "[]"
_ENDED = (UploadState.DONE.value, UploadState.FAILED.value)


class ExpiredRefusalStore:
    """Refusals from before a moment; `synthetic` for the demonstration's own, which had no upload."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def count(self, before: datetime, *, synthetic: bool) -> int:
        """How many there are."""
        query = select(func.count()).select_from(refusals).where(*_old(before, synthetic))
        with reading(self._engine) as connection:
            return int(connection.execute(query).scalar_one())

    def take_out(self, before: datetime, *, synthetic: bool) -> tuple[int, tuple[str, ...]]:
        """Delete them; how many there were, and the uploads that went with them, whose bytes may be left."""
        with writing(self._engine) as connection:
            gone = connection.execute(delete(refusals).where(*_old(before, synthetic))).rowcount
            if synthetic:
                return gone, ()
            nothing = (uploads.c.scan_ids == _NONE) & (uploads.c.known_scan_ids == _NONE)
            ended = uploads.c.state.in_(_ENDED) & (uploads.c.created_at < before)
            upload_ids = tuple(connection.execute(select(uploads.c.id).where(nothing, ended)).scalars())
            for part in statement_parts(upload_ids):
                connection.execute(delete(received_series).where(received_series.c.upload_id.in_(part)))
                connection.execute(delete(jobs).where(jobs.c.subject.in_(part)))
                connection.execute(delete(uploads).where(uploads.c.id.in_(part)))
            return gone, upload_ids


def _old(before: datetime, synthetic: bool) -> tuple[ColumnElement[bool], ...]:
    made = refusals.c.id.startswith(SYNTHETIC_REFUSALS, autoescape=True)
    return refusals.c.created_at < before, made if synthetic else ~made
