"""Patients with the same number and name: one person, or two? What a person said of it, and merging.

Who is in conflict is written down when a patient is made or named, under the lock of patients.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from sqlalchemy import (
    BindParameter,
    Connection,
    Engine,
    Row,
    ScalarSelect,
    bindparam,
    delete,
    insert,
    or_,
    select,
    update,
)

from data.database import new_id, now, reading, writing
from data.errors import InvalidInput, NotFound
from data.ledger.rows import note_owner
from data.records import ConflictState, Identity, Patient, PatientConflict
from data.revisions import bump
from data.tables import (
    REVISION_OF_PATIENTS,
    REVISION_OF_SCANS,
    patient_conflicts,
    patients,
    revisions,
    scans,
)

SETTLED = "Somebody has said of these two already whether they are one person. Load the page anew."
_NONE = "There is no such conflict."


class PatientConflictStore:
    """Conflicts of patients, and how they are settled."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def open(self, limit: int) -> list[PatientConflict]:
        """Those that nobody has settled, the oldest first."""
        query = select(patient_conflicts).where(_IS_OPEN)
        query = query.order_by(patient_conflicts.c.created_at, patient_conflicts.c.id).limit(limit)
        return self._conflicts(query)

    def of_patient(self, patient_id: str) -> list[PatientConflict]:
        """The open ones that a patient (our own id) is part of."""
        return self._conflicts(select(patient_conflicts).where(_IS_OPEN, _concerns([patient_id])))

    def get(self, conflict_id: str) -> PatientConflict:
        """One of them, in whatever state; raises NotFound."""
        matching = self._conflicts(select(patient_conflicts).where(patient_conflicts.c.id == conflict_id))
        if not matching:
            raise NotFound(_NONE)
        return matching[0]

    def merge(self, conflict_id: str, birth_date: date | None, sex: str | None) -> bool:
        """Let all scans of both be the older one's, who has this birth date and sex from now on.

        The younger one's row stays, merged and without scans, with what turned out to be wrong: later
        files that say so are recognised by it. False where the two are merged in this way already.
        Raises NotFound, and InvalidInput where somebody has settled it in another way.
        """
        with writing(self._engine) as connection:
            row = _locked(connection, conflict_id)
            if row.state == ConflictState.SAME:
                kept = connection.execute(select(patients).where(patients.c.id == row.first_id)).one()
                if (kept.birth_date, kept.sex) == (birth_date, sex):
                    return False
            if row.state != ConflictState.OPEN:
                raise InvalidInput(SETTLED)
            _swap(connection, row, birth_date, sex)
            _move_scans(connection, row.second_id, row.first_id)
            _set_state(connection, conflict_id, ConflictState.SAME)
            _inherit_conflicts(connection, row.second_id, row.first_id)
            return True

    def keep_apart(self, conflict_id: str) -> bool:
        """Let the two be two people; False where somebody has said so already.

        Raises NotFound, and InvalidInput where they are merged.
        """
        with writing(self._engine) as connection:
            row = _locked(connection, conflict_id)
            if row.state == ConflictState.SAME:
                raise InvalidInput(SETTLED)
            _set_state(connection, conflict_id, ConflictState.DIFFERENT)
            return bool(row.state == ConflictState.OPEN)

    def _conflicts(self, query: Any) -> list[PatientConflict]:
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
            if not rows:
                return []
            wanted = {row.first_id for row in rows} | {row.second_id for row in rows}
            owners = connection.execute(select(patients).where(patients.c.id.in_(wanted)))
            known = {row.id: patient_from(row) for row in owners}
        return [
            PatientConflict(row.id, (known[row.first_id], known[row.second_id]), ConflictState(row.state))
            for row in rows
        ]


def patient_from(row: Row[Any]) -> Patient:
    """A row of the table with its identity."""
    identity = Identity(row.name or row.label, row.patient_id, row.birth_date, row.sex)
    return Patient(row.id, row.pseudonym, identity)


def note_conflicts(connection: Connection, patient_id: str, namesakes: Sequence[str]) -> None:
    """Write down that a patient has the number and name of others, unless that is known.

    `namesakes` are all with this number and name, the patient too, the oldest first.
    """
    if len(namesakes) == 1:
        return
    pairs = connection.execute(select(patient_conflicts).where(_concerns([patient_id]))).all()
    known = {patient_id} | {_other(row, patient_id) for row in pairs}
    for other in [other for other in namesakes if other not in known]:
        first, second = sorted([other, patient_id], key=namesakes.index)
        values = {"id": new_id(), "first_id": first, "second_id": second, "created_at": now()}
        connection.execute(insert(patient_conflicts).values(state=ConflictState.OPEN.value, **values))


def pseudonyms_in_conflict(connection: Connection, patient_id: str) -> tuple[str, ...]:
    """The pseudonyms of those whom nobody has told apart from a patient, or taken for the same one."""
    return tuple(connection.execute(_IN_CONFLICT, {"wanted": patient_id}).scalars())


def forget_patients(connection: Connection, patient_ids: Collection[str]) -> None:
    """Delete patients who have no scan, with whoever was merged into them and their conflicts."""
    merged = select(patients.c.id).where(patients.c.merged_into.in_(patient_ids))
    gone = [*patient_ids, *connection.execute(merged).scalars()]
    connection.execute(delete(patient_conflicts).where(_concerns(gone)))
    connection.execute(delete(patients).where(patients.c.id.in_(gone)))


_IS_OPEN = patient_conflicts.c.state == ConflictState.OPEN.value
_WANTED: BindParameter[str] = bindparam("wanted")
_OTHER = or_(
    (patient_conflicts.c.first_id == _WANTED) & (patient_conflicts.c.second_id == patients.c.id),
    (patient_conflicts.c.second_id == _WANTED) & (patient_conflicts.c.first_id == patients.c.id),
)
_IN_CONFLICT = (  # made once: making a statement takes longer than carrying it out
    select(patients.c.pseudonym)
    .join(patient_conflicts, _OTHER)
    .where(_IS_OPEN)
    .order_by(patients.c.created_at, patients.c.id)
)


def _concerns(patient_ids: Collection[str]) -> Any:
    return or_(patient_conflicts.c.first_id.in_(patient_ids), patient_conflicts.c.second_id.in_(patient_ids))


def _locked(connection: Connection, conflict_id: str) -> Row[Any]:
    """The conflict as it is now that nobody else can settle it or bring scans; raises NotFound."""
    bump(connection, REVISION_OF_PATIENTS)
    bump(connection, REVISION_OF_SCANS)
    query = select(patient_conflicts).where(patient_conflicts.c.id == conflict_id)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound(_NONE)
    return row


def _set_state(connection: Connection, conflict_id: str, state: ConflictState) -> None:
    statement = update(patient_conflicts).where(patient_conflicts.c.id == conflict_id)
    connection.execute(statement.values(state=state.value))


def _swap(connection: Connection, pair: Row[Any], birth_date: date | None, sex: str | None) -> None:
    """Give the one who stays what is right, and the other one what is left of the two."""
    query = select(patients).where(patients.c.id.in_([pair.first_id, pair.second_id]))
    rows = {row.id: row for row in connection.execute(query)}
    first, second = rows[pair.first_id], rows[pair.second_id]
    right = {"birth_date": birth_date, "sex": sex}
    left = {
        name: getattr(second if getattr(first, name) == value else first, name)
        for name, value in right.items()
    }
    for row, values in ((first, right), (second, left)):
        statement = update(patients).where(patients.c.id == row.id)
        connection.execute(statement.values(changed=revision_of_patients(), **values))
    merged = (patients.c.id == second.id) | (patients.c.merged_into == second.id)
    connection.execute(update(patients).where(merged).values(merged_into=first.id))


def _move_scans(connection: Connection, from_id: str, to_id: str) -> None:
    note_owner(connection, from_id, to_id)
    connection.execute(update(scans).where(scans.c.patient_id == from_id).values(patient_id=to_id))


def _inherit_conflicts(connection: Connection, from_id: str, to_id: str) -> None:
    """Let whoever is told apart from the merged one be so from the one who stays.

    All with one number and name are pairs, so that nothing but this is lost with the pairs of the merged one.
    """
    query = select(patient_conflicts).where(_concerns([from_id, to_id]))
    pairs = [row for row in connection.execute(query) if row.state != ConflictState.SAME]
    of_kept = {_other(row, to_id): row.id for row in pairs if to_id in (row.first_id, row.second_id)}
    of_merged = [row for row in pairs if from_id in (row.first_id, row.second_id)]
    for row in of_merged:
        connection.execute(delete(patient_conflicts).where(patient_conflicts.c.id == row.id))
        if row.state == ConflictState.DIFFERENT and _other(row, from_id) in of_kept:
            _set_state(connection, of_kept[_other(row, from_id)], ConflictState.DIFFERENT)


def _other(row: Row[Any], patient_id: str) -> str:
    return str(row.second_id if row.first_id == patient_id else row.first_id)


def revision_of_patients() -> ScalarSelect[Any]:
    """The revision of the change at hand, as SQL."""
    return select(revisions.c.value).where(revisions.c.name == REVISION_OF_PATIENTS).scalar_subquery()
