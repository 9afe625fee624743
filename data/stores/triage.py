"""Who reads which scan, and how urgent it is."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, insert, select, update

from data.database import new_id, reading, writing
from data.ledger.rows import note_triage
from data.records import TriageEntry, Urgency
from data.revisions import bump
from data.stores.seen_rows import seen_of
from data.tables import REVISION_OF_SCANS, scans, triage


class TriageStore:
    """What people said of scans, one entry a scan; scans that are not here are passed over."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, scan_id: str) -> TriageEntry | None:
        """What was said of a scan, or None."""
        with reading(self._engine) as connection:
            row = connection.execute(select(triage).where(triage.c.scan_id == scan_id)).one_or_none()
        return None if row is None else _entry(row)

    def assign(
        self, scan_ids: Collection[str], to: str | None, by: str, at: datetime, *, take: bool = False
    ) -> dict[str, str | None]:
        """Gives scans to an account, or to nobody; returns who has each scan now, by its id.

        With `take`, what somebody else has stays theirs.
        """
        seen = self.known(scan_ids)
        with writing(self._engine) as connection:
            bump(connection, REVISION_OF_SCANS)
            owners = self._owners(connection, seen)
            for scan_id, owner in owners.items():
                if owner != to and not (take and owner):
                    _keep(connection, scan_id, {"assigned_to": to}, by, at)
                    owners[scan_id] = to
        return owners

    def set_urgency(
        self, scan_ids: Collection[str], urgency: Urgency | None, by: str, at: datetime
    ) -> list[str]:
        """How urgent scans are, None takes back what was said; returns those that are here."""
        seen = self.known(scan_ids)
        with writing(self._engine) as connection:
            bump(connection, REVISION_OF_SCANS)
            known = list(self._owners(connection, seen))
            for scan_id in known:
                _keep(connection, scan_id, {"urgency": None if urgency is None else urgency.value}, by, at)
        return known

    def known(self, scan_ids: Collection[str]) -> list[str]:
        """Those of these scans that are here for who asks."""
        return seen_of(self._engine, scans.c.id, scan_ids)

    def _owners(self, connection: Connection, scan_ids: Collection[str]) -> dict[str, str | None]:
        joined = scans.outerjoin(triage, triage.c.scan_id == scans.c.id)
        query = select(scans.c.id, triage.c.assigned_to).select_from(joined).where(scans.c.id.in_(scan_ids))
        return {row.id: row.assigned_to for row in connection.execute(query)}


def _keep(connection: Connection, scan_id: str, change: dict[str, Any], by: str, at: datetime) -> None:
    values = {**change, "changed_by": by, "changed_at": at}
    changed = connection.execute(update(triage).where(triage.c.scan_id == scan_id).values(values))
    if changed.rowcount == 0:
        connection.execute(insert(triage).values(id=new_id(), scan_id=scan_id, **values))
    note_triage(connection, scan_id, change)


def _entry(row: Row[Any]) -> TriageEntry:
    urgency = None if row.urgency is None else Urgency(row.urgency)
    return TriageEntry(row.scan_id, row.assigned_to, urgency, row.changed_by, row.changed_at)
