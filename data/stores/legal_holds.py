"""Legal holds: patients of whom nothing may be erased, and scans that stay held wherever they are moved."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, Select, delete, insert, or_, select, update

from data.database import reading, statement_parts, writing
from data.errors import NO_PATIENT, InvalidInput, NotFound
from data.records import LegalHold
from data.revisions import bump
from data.tables import (
    REVISION_OF_PATIENTS,
    REVISION_OF_SCANS,
    held_scans,
    legal_holds,
    patients,
    scans,
)

_HOLDS = legal_holds.c.lifted_at.is_(None)
_COLUMNS = [legal_holds.c[name] for name in LegalHold.__dataclass_fields__]
ALREADY = "This patient is held already."


class LegalHoldStore:
    """Holds; the rows of lifted ones stay until the patient is erased."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def place(self, hold: LegalHold) -> None:
        """Hold a patient. Raises NotFound for none, InvalidInput where a hold is on them already."""
        with writing(self._engine) as connection:
            lock(connection)
            if not connection.execute(select(patients.c.id).where(patients.c.id == hold.patient_id)).first():
                raise NotFound(NO_PATIENT)
            same = or_(patients.c.id == hold.patient_id, patients.c.merged_into == hold.patient_id)
            group = select(patients.c.id).where(same)
            if connection.execute(select(legal_holds.c.id).where(_HOLDS, _of(group))).first():
                raise InvalidInput(ALREADY)
            connection.execute(insert(legal_holds).values(**vars(hold)))

    def lift(self, hold_id: str, by: str, name: str, at: datetime, reason: str) -> LegalHold:
        """End a hold. Raises NotFound for one that is none, or lifted.

        The scans that it held are free, unless another hold is on them.
        """
        with writing(self._engine) as connection:
            lock(connection)
            mine = legal_holds.c.id == hold_id
            row = connection.execute(select(*_COLUMNS).where(mine, _HOLDS)).one_or_none()
            if row is None:
                raise NotFound("There is no such hold, or somebody has lifted it.")
            lifted = {"lifted_by": by, "lifted_name": name, "lifted_at": at, "lift_reason": reason}
            connection.execute(update(legal_holds).where(mine).values(**lifted))
            connection.execute(delete(held_scans).where(held_scans.c.hold_id == hold_id))
        return LegalHold(**dict(row._mapping) | lifted)

    def all(self) -> list[LegalHold]:
        """Every hold, those that hold first, the newest first."""
        query = select(*_COLUMNS).order_by(
            legal_holds.c.lifted_at.is_not(None), legal_holds.c.placed_at.desc()
        )
        with reading(self._engine) as connection:
            return [_hold(row) for row in connection.execute(query)]

    def of_patients(self, patient_ids: Collection[str], scan_ids: Collection[str] = ()) -> list[LegalHold]:
        """The holds that are on any of these patients or scans."""
        with reading(self._engine) as connection:
            return holds_on(connection, patient_ids, scan_ids)


def holds_on(
    connection: Connection, patient_ids: Collection[str], scan_ids: Collection[str]
) -> list[LegalHold]:
    """The holds that are on any of these patients, on whoever was merged into them, or on these scans."""
    holds: dict[str, LegalHold] = {}
    for part in statement_parts(list(patient_ids)):
        group = select(patients.c.id).where(or_(patients.c.id.in_(part), patients.c.merged_into.in_(part)))
        whose = or_(_of(group), legal_holds.c.patient_id.in_(part))
        rows = connection.execute(select(*_COLUMNS).where(_HOLDS, whose))
        holds |= {row.id: _hold(row) for row in rows}
    for part in statement_parts(list(scan_ids)):
        by_scan = select(held_scans.c.hold_id).where(held_scans.c.scan_id.in_(part))
        rows = connection.execute(select(*_COLUMNS).where(_HOLDS, legal_holds.c.id.in_(by_scan)))
        holds |= {row.id: _hold(row) for row in rows}
    return list(holds.values())


def keep_held(connection: Connection, scan_ids: Collection[str], from_id: str) -> None:
    """Let scans that leave a held patient stay held; to be told before they are another one's."""
    same = select(patients.c.id).where(or_(patients.c.id == from_id, patients.c.merged_into == from_id))
    for hold_id in list(connection.execute(select(legal_holds.c.id).where(_HOLDS, _of(same))).scalars()):
        known = select(held_scans.c.scan_id).where(held_scans.c.hold_id == hold_id)
        held = set(connection.execute(known).scalars())
        rows = [{"hold_id": hold_id, "scan_id": scan_id} for scan_id in scan_ids if scan_id not in held]
        if rows:
            connection.execute(insert(held_scans), rows)


def held_patients() -> Select[Any]:
    """The ids of patients that a hold is on, as a part of a statement."""
    return select(legal_holds.c.patient_id).where(_HOLDS)


def is_held_scan() -> ColumnElement[bool]:
    """The condition that a scan of `scans` is held: by its patient, or because it was a held patient's."""
    into = select(patients.c.merged_into).where(
        patients.c.id.in_(held_patients()), patients.c.merged_into.is_not(None)
    )
    moved = select(held_scans.c.scan_id).join(legal_holds, legal_holds.c.id == held_scans.c.hold_id)
    return or_(
        scans.c.patient_id.in_(held_patients()),
        scans.c.patient_id.in_(into),
        scans.c.id.in_(moved.where(_HOLDS)),
    )


def lock(connection: Connection) -> None:
    """Let nobody move, merge, hold or erase patients until this transaction ends."""
    bump(connection, REVISION_OF_PATIENTS)
    bump(connection, REVISION_OF_SCANS)


def _of(patient_ids: Select[Any]) -> ColumnElement[bool]:
    return legal_holds.c.patient_id.in_(patient_ids)


def _hold(row: Row[Any]) -> LegalHold:
    return LegalHold(**row._mapping)
