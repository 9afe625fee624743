"""Uploads: bytes that somebody sent, and what became of them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Row, delete, insert, select, update

from data.codec import from_json, to_json
from data.database import reading, writing
from data.errors import NotFound
from data.records import Refusal, Upload, UploadState
from data.stores.refusals import keep
from data.tables import uploads

T = TypeVar("T")


class UploadStore:
    """Uploads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, upload: Upload) -> Upload:
        """Keeps a new upload."""
        values = {
            "id": upload.id,
            "user_id": upload.user_id,
            "name": upload.name,
            "size": upload.size,
            "received": upload.offset,
            "state": upload.state.value,
            "as_volume": upload.as_volume,
            "sha256": upload.sha256,
            "scan_ids": to_json(upload.scan_ids),
            "known_scan_ids": to_json(upload.known_scan_ids),
            "refusals": to_json(upload.refusals),
            "failure": upload.failure,
            "created_at": upload.created_at,
            "server_id": upload.server_id,
        }
        with writing(self._engine) as connection:
            connection.execute(insert(uploads).values(values))
        return upload

    def get(self, upload_id: str) -> Upload | None:
        """The upload, or None."""
        with reading(self._engine) as connection:
            row = connection.execute(select(uploads).where(uploads.c.id == upload_id)).one_or_none()
        return None if row is None else _upload(row)

    def of_user(self, user_id: str, limit: int) -> list[Upload]:
        """A person's latest uploads, newest first."""
        query = select(uploads).where(uploads.c.user_id == user_id)
        return self._all(query.order_by(uploads.c.created_at.desc(), uploads.c.id).limit(limit))

    def with_state(self, states: Collection[UploadState], before: datetime | None = None) -> list[Upload]:
        """Uploads in any of these states, oldest first; only those begun before a time if given."""
        query = select(uploads).where(uploads.c.state.in_([state.value for state in states]))
        if before is not None:
            query = query.where(uploads.c.created_at < before)
        return self._all(query.order_by(uploads.c.created_at, uploads.c.id))

    def advance(self, upload_id: str, offset: int, server_id: str | None = None) -> Upload:
        """So many bytes are here now; the count never goes back.

        Of another server than `server_id`, which has taken it over meanwhile, nothing changes.
        """
        behind = (uploads.c.id == upload_id) & (uploads.c.received < offset)
        behind &= uploads.c.server_id.is_(None) if server_id is None else uploads.c.server_id == server_id
        with writing(self._engine) as connection:
            connection.execute(update(uploads).where(behind).values(received=offset))
            return _require(connection, upload_id)

    def begin_at(self, upload_id: str, server_id: str) -> Upload:
        """Another server takes an arriving upload over, from its first byte: it has none of those before."""
        arriving = (uploads.c.id == upload_id) & (uploads.c.state == UploadState.ARRIVING.value)
        with writing(self._engine) as connection:
            connection.execute(update(uploads).where(arriving).values(server_id=server_id, received=0))
            return _require(connection, upload_id)

    def set_state(
        self, upload_id: str, state: UploadState, *, failure: str | None = None, sha256: str | None = None
    ) -> Upload:
        """Where the upload is on its way. `failure` is kept as given, `sha256` only where given."""
        values: dict[str, Any] = {"state": state.value, "failure": failure}
        if sha256 is not None:
            values["sha256"] = sha256
        with writing(self._engine) as connection:
            connection.execute(update(uploads).where(uploads.c.id == upload_id).values(values))
            return _require(connection, upload_id)

    def add_outcomes(
        self,
        upload_id: str,
        *,
        scan_ids: Collection[str] = (),
        known_scan_ids: Collection[str] = (),
        refusals: Collection[Refusal] = (),
    ) -> Upload:
        """Adds to what became of the upload; what is noted already is not noted twice."""
        with writing(self._engine) as connection:
            before = _require(connection, upload_id)
            values = {
                "scan_ids": to_json(_together(before.scan_ids, scan_ids)),
                # A repeated run finds its own first scans again: those stay new ones.
                "known_scan_ids": to_json(
                    _together(before.known_scan_ids, [i for i in known_scan_ids if i not in before.scan_ids])
                ),
                "refusals": to_json(_together(before.refusals, refusals)),
            }
            connection.execute(update(uploads).where(uploads.c.id == upload_id).values(values))
            keep(connection, [refusal for refusal in refusals if refusal not in before.refusals], upload_id)
            return _require(connection, upload_id)

    def delete(self, upload_id: str) -> None:
        """Forgets an upload; nothing happens where there is none."""
        with writing(self._engine) as connection:
            connection.execute(delete(uploads).where(uploads.c.id == upload_id))

    def _all(self, query: Any) -> list[Upload]:
        with reading(self._engine) as connection:
            return [_upload(row) for row in connection.execute(query)]


def _together(before: Collection[T], more: Collection[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys([*before, *more]))


def _require(connection: Connection, upload_id: str) -> Upload:
    query = select(uploads).where(uploads.c.id == upload_id).with_for_update()
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound("There is no such upload.")
    return _upload(row)


def _upload(row: Row[Any]) -> Upload:
    return Upload(
        id=row.id,
        user_id=row.user_id,
        name=row.name,
        size=row.size,
        offset=row.received,
        state=UploadState(row.state),
        created_at=row.created_at,
        sha256=row.sha256,
        scan_ids=from_json(tuple[str, ...], row.scan_ids),
        known_scan_ids=from_json(tuple[str, ...], row.known_scan_ids),
        refusals=from_json(tuple[Refusal, ...], row.refusals),
        failure=row.failure,
        as_volume=row.as_volume,
        server_id=row.server_id,
    )
