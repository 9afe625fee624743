"""Scans that somebody took back: kept, and as if they were not here."""

from __future__ import annotations

from sqlalchemy import Engine, delete, insert, select

from data.database import reading, writing
from data.errors import NO_SCAN, NotFound
from data.ledger.rows import note_withdrawn
from data.records import Withdrawal
from data.revisions import bump
from data.stores.seen_rows import seen_of
from data.tables import REVISION_OF_SCANS, scans, withdrawn_scans

_COLUMNS = [withdrawn_scans.c[name] for name in Withdrawal.__dataclass_fields__]


class WithdrawalStore:
    """Which scans were withdrawn, by whom and why."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, withdrawal: Withdrawal) -> bool:
        """Take a scan back; False where it is withdrawn already. Raises NotFound for none."""
        if not seen_of(self._engine, scans.c.id, [withdrawal.scan_id]):
            raise NotFound(NO_SCAN)
        with writing(self._engine) as connection:
            bump(connection, REVISION_OF_SCANS)
            here = select(scans.c.id).where(scans.c.id == withdrawal.scan_id)
            if connection.execute(here).first() is None:
                raise NotFound(NO_SCAN)
            known = select(withdrawn_scans.c.scan_id).where(withdrawn_scans.c.scan_id == withdrawal.scan_id)
            if connection.execute(known).first() is not None:
                return False
            connection.execute(insert(withdrawn_scans).values(**vars(withdrawal)))
            note_withdrawn(connection, withdrawal.scan_id, withdrawn=True)
            return True

    def remove(self, scan_id: str) -> bool:
        """Let a scan be here again; False where it is not withdrawn."""
        if not seen_of(self._engine, scans.c.id, [scan_id]):
            return False
        with writing(self._engine) as connection:
            bump(connection, REVISION_OF_SCANS)
            gone = delete(withdrawn_scans).where(withdrawn_scans.c.scan_id == scan_id)
            if not connection.execute(gone).rowcount:
                return False
            note_withdrawn(connection, scan_id, withdrawn=False)
            return True

    def get(self, scan_id: str) -> tuple[Withdrawal, str] | None:
        """Who withdrew a scan and why, with its patient (our own id); None where it was not withdrawn."""
        query = select(*_COLUMNS, scans.c.patient_id).join(scans, scans.c.id == withdrawn_scans.c.scan_id)
        with reading(self._engine) as connection:
            row = connection.execute(query.where(withdrawn_scans.c.scan_id == scan_id)).one_or_none()
        return None if row is None else (Withdrawal(*row[:-1]), row.patient_id)
