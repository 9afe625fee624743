"""Patients: the only place where names, patient ids and birth dates are kept."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Engine, Row, ScalarSelect, bindparam, insert, select, update

from data.columns import folded
from data.database import bump, new_id, now, reading, writing
from data.records import Identity, Patient
from data.tables import REVISION_OF_PATIENTS, patients, revisions

# Without 0/O, 1/I/L, U/V and the like: pseudonyms are read out over the telephone.
_LETTERS = "23456789ABCDEFGHJKMNPQRSTWXYZ"
_PSEUDONYM_LENGTH = 5


class PatientStore:
    """Patients under pseudonyms."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def find_or_create(self, identity: Identity, fallback_label: str) -> Patient:
        """The patient with this id and name, or a new one; `identity` is filled in the answer.

        A patient is the same when the id is equal and the names are equal (whatever their case)
        or one of them is missing: two hospitals may give the same id to two people. Another birth
        date or sex makes another patient, and both know of the conflict (`in_conflict_with`).
        Without an id nobody is recognised. `fallback_label` is the name shown where the file has none.
        """
        identity = _tidy(identity)
        with writing(self._engine) as connection:
            # The lock comes before the look: two uploads of one new patient make one patient.
            bump(connection, REVISION_OF_PATIENTS)
            of_this_id = _of_id(connection, identity.patient_id)
            row = _find(of_this_id, identity)
            if row is None:
                patient = _create(connection, identity, fallback_label)
            else:
                patient = _complete(connection, row, identity)
            assert patient.identity is not None
            key = _name_key(patient.identity) if identity.name else None
            return replace(patient, in_conflict_with=_namesakes(of_this_id, patient.id, key))

    def get(self, patient_id: str, *, with_identity: bool) -> Patient | None:
        """The patient of this (our own) id; `identity` stays None unless asked for."""
        with reading(self._engine) as connection:
            row = connection.execute(select(patients).where(patients.c.id == patient_id)).one_or_none()
            if row is None:
                return None
            if not with_identity:
                return Patient(row.id, row.pseudonym)
            of_this_id = _of_id(connection, row.patient_id)
        return replace(_patient(row), in_conflict_with=_namesakes(of_this_id, row.id, row.name_key))


def _tidy(identity: Identity) -> Identity:
    name = " ".join((identity.name or "").replace("^", " ").replace("\x00", "").split())
    patient_id = (identity.patient_id or "").replace("\x00", "").strip()
    return replace(identity, name=name or None, patient_id=patient_id or None)


def _of_id(connection: Connection, patient_id: str | None) -> Sequence[Row[Any]]:
    """Everybody with this number, the oldest first; nobody without a number."""
    return [] if patient_id is None else connection.execute(_OF_ID, {"wanted": patient_id}).all()


def _find(of_this_id: Sequence[Row[Any]], identity: Identity) -> Row[Any] | None:
    same_id = [row for row in of_this_id if not _contradicts(row, identity)]
    key = _name_key(identity)
    same_name = [row for row in same_id if row.name_key == key]
    if same_name:
        return same_name[0]
    nameless = [row for row in same_id if row.name_key is None]
    if nameless:
        return nameless[0]
    # A file without a name fits anybody of this id, and so nobody in particular if they are several.
    return same_id[0] if key is None and len(same_id) == len(of_this_id) == 1 else None


def _contradicts(row: Row[Any], identity: Identity) -> bool:
    """Whether birth date or sex are known on both sides and differ; sex "O" (other) says nothing."""
    born = None not in (row.birth_date, identity.birth_date) and row.birth_date != identity.birth_date
    sexes = {row.sex, identity.sex}
    return born or sexes == {"F", "M"}


def _namesakes(of_this_id: Sequence[Row[Any]], own_id: str, key: str | None) -> tuple[str, ...]:
    """The pseudonyms of others with the same number and name."""
    if key is None:
        return ()
    return tuple(row.pseudonym for row in of_this_id if row.name_key == key and row.id != own_id)


def _create(connection: Connection, identity: Identity, label: str) -> Patient:
    patient_id = new_id()
    values = {
        "id": patient_id,
        "pseudonym": _pseudonym(connection),
        "patient_id": identity.patient_id,
        "name": identity.name,
        "name_key": _name_key(identity),
        "label": label,
        "search_key": _search_key(identity, label),
        "birth_date": identity.birth_date,
        "sex": identity.sex,
        "created_at": now(),
    }
    connection.execute(_NEW, values)
    return _patient(connection.execute(_ONE, {"wanted": patient_id}).one())


def _complete(connection: Connection, row: Row[Any], identity: Identity) -> Patient:
    known = Identity(row.name, row.patient_id, row.birth_date, row.sex)
    fuller = replace(
        known,
        name=known.name or identity.name,
        birth_date=known.birth_date or identity.birth_date,
        sex=known.sex or identity.sex,
    )
    if fuller != known:
        values = {
            "name": fuller.name,
            "name_key": _name_key(fuller),
            "search_key": _search_key(fuller, row.label),
            "birth_date": fuller.birth_date,
            "sex": fuller.sex,
            "changed": _now_at(),
        }
        connection.execute(update(patients).where(patients.c.id == row.id).values(values))
    return Patient(row.id, row.pseudonym, replace(fuller, name=fuller.name or row.label))


def _now_at() -> ScalarSelect[Any]:
    return select(revisions.c.value).where(revisions.c.name == REVISION_OF_PATIENTS).scalar_subquery()


# Statements are made once: making one takes longer than carrying it out.
_NEW = insert(patients).values(changed=_now_at())
_OF_ID = select(patients).where(patients.c.patient_id == bindparam("wanted"))
_OF_ID = _OF_ID.order_by(patients.c.created_at, patients.c.id)
_ONE = select(patients).where(patients.c.id == bindparam("wanted"))
_CALLED = select(patients.c.id).where(patients.c.pseudonym == bindparam("wanted"))


def _pseudonym(connection: Connection) -> str:
    length = _PSEUDONYM_LENGTH
    while True:
        pseudonym = "P-" + "".join(secrets.choice(_LETTERS) for _ in range(length))
        if connection.execute(_CALLED, {"wanted": pseudonym}).first() is None:
            return pseudonym
        length = min(length + 1, 12)  # the short ones are running out


def _name_key(identity: Identity) -> str | None:
    return folded(identity.name) if identity.name else None


def _search_key(identity: Identity, label: str) -> str:
    return folded(f"{identity.name or label} {identity.patient_id or ''}")


def _patient(row: Row[Any]) -> Patient:
    return Patient(
        row.id, row.pseudonym, Identity(row.name or row.label, row.patient_id, row.birth_date, row.sex)
    )
