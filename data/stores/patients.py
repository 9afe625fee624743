"""Patients: the only place where names, patient ids and birth dates are kept."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Engine, Row, Text, bindparam, insert, or_, select, type_coerce, update

from data.columns import folded
from data.database import new_id, now, reading, statement_parts, writing
from data.encryption import keyring_of
from data.lookups import once_in_moment
from data.records import Identity, Patient
from data.revisions import bump
from data.stores.patient_conflicts import (
    note_conflicts,
    patient_from,
    pseudonyms_in_conflict,
    revision_of_patients,
)
from data.stores.patient_matching import KnownPatient, known_patients, name_key, patient_of
from data.tables import REVISION_OF_PATIENTS, patients

# Without 0/O, 1/I/L, U/V and the like: pseudonyms are read out over the telephone.
_LETTERS = "23456789ABCDEFGHJKMNPQRSTWXYZ"
_PSEUDONYM_LENGTH = 5
_LONGEST_ID = 255


class PatientStore:
    """Patients under pseudonyms."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def find_or_create(self, identity: Identity, fallback_label: str) -> Patient:
        """The patient with this id and name, or a new one; `identity` is filled in the answer.

        A patient is the same when the id is equal and the names are equal (whatever their case)
        or one of them is missing: two hospitals may give the same id to two people. Another birth
        date or sex makes another patient, and both know of the conflict (`in_conflict_with`), until
        somebody settles it; what is said then decides here (`patient_of`).
        Without an id nobody is recognised. `fallback_label` is the name shown where the file has none.
        """
        identity = _tidy(identity)
        with writing(self._engine) as connection:
            # The lock comes before the look: two uploads of one new patient make one patient.
            bump(connection, REVISION_OF_PATIENTS)
            known = self._of_id(connection, identity.patient_id)
            match = patient_of(known, identity)
            if match is None:
                patient = _create(connection, identity, fallback_label)
            else:
                patient = _complete(connection, match.row, identity)
            if identity.name:
                note_conflicts(connection, patient.id, _namesakes(known, identity, patient.id))
            return replace(patient, in_conflict_with=pseudonyms_in_conflict(connection, patient.id))

    def get(self, patient_id: str, *, with_identity: bool) -> Patient | None:
        """The patient of this (our own) id; `identity` stays None unless asked for."""
        return once_in_moment(self._engine, self._get, patient_id, with_identity)

    def _get(self, patient_id: str, with_identity: bool) -> Patient | None:
        with reading(self._engine) as connection:
            row = connection.execute(_ONE, {"wanted": patient_id}).one_or_none()
            if row is None:
                return None
            patient = patient_from(row) if with_identity else Patient(row.id, row.pseudonym)
            return replace(patient, in_conflict_with=pseudonyms_in_conflict(connection, row.id))

    def find(self, reference: str, *, with_identity: bool) -> Patient | None:
        """The patient of a pseudonym, in either case, or of our own id.

        One who was merged into another is the other. `identity` stays None unless asked for.
        """
        with reading(self._engine) as connection:
            row = connection.execute(_REFERRED, {"id": reference, "pseudonym": reference.upper()}).first()
        return None if row is None else self.get(row.merged_into or row.id, with_identity=with_identity)

    def pseudonyms(self, ids: Collection[str]) -> dict[str, str]:
        """The pseudonyms of these patients, by our own id; unknown ones are left out."""
        known: dict[str, str] = {}
        with reading(self._engine) as connection:
            for part in statement_parts(sorted(ids)):
                query = select(patients.c.id, patients.c.pseudonym).where(patients.c.id.in_(part))
                known |= {row.id: row.pseudonym for row in connection.execute(query)}
        return known

    def unmerged(self, ids: Sequence[str], limit: int) -> list[Patient]:
        """The first of these patients with identity, in this order, without those merged into another one."""
        kept: list[Patient] = []
        with reading(self._engine) as connection:
            for part in statement_parts(ids):
                query = select(patients).where(patients.c.id.in_(part), patients.c.merged_into.is_(None))
                rows = {row.id: row for row in connection.execute(query)}
                kept += [patient_from(rows[patient_id]) for patient_id in part if patient_id in rows]
                if len(kept) >= limit:
                    break
        return kept[:limit]

    def lock(self) -> None:
        """Let no other transaction make or settle patients until this one ends.

        For transactions of several stores that may change scans before they come to patients: whoever
        settles locks patients first.
        """
        with writing(self._engine) as connection:
            bump(connection, REVISION_OF_PATIENTS)

    def _of_id(self, connection: Connection, patient_id: str | None) -> list[KnownPatient]:
        """Everybody with this number, the oldest first; nobody without a number."""
        if patient_id is None:
            return []
        forms = keyring_of(self._engine).forms(patient_id[:_LONGEST_ID], "patients.patient_id")
        return known_patients(connection.execute(_OF_ID, {"forms": forms}))


def _tidy(identity: Identity) -> Identity:
    name = " ".join((identity.name or "").replace("^", " ").replace("\x00", "").split())
    patient_id = (identity.patient_id or "").replace("\x00", "").strip()
    return replace(identity, name=name or None, patient_id=patient_id or None)


def _namesakes(known: Sequence[KnownPatient], identity: Identity, patient_id: str) -> list[str]:
    """Our own ids of all with this name, the oldest first; `patient_id` is one of them."""
    key = name_key(identity)
    older = [other.row.id for other in known if other.row.name_key == key or other.row.id == patient_id]
    return older if patient_id in older else [*older, patient_id]


def _create(connection: Connection, identity: Identity, label: str) -> Patient:
    patient_id = new_id()
    values = {
        "id": patient_id,
        "pseudonym": _pseudonym(connection),
        "patient_id": identity.patient_id,
        "name": identity.name,
        "name_key": name_key(identity),
        "label": label,
        "search_key": _search_key(identity, label),
        "birth_date": identity.birth_date,
        "sex": identity.sex,
        "created_at": now(),
    }
    connection.execute(_NEW, values)
    return patient_from(connection.execute(_ONE, {"wanted": patient_id}).one())


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
            "name_key": name_key(fuller),
            "search_key": _search_key(fuller, row.label),
            "birth_date": fuller.birth_date,
            "sex": fuller.sex,
            "changed": revision_of_patients(),
        }
        connection.execute(update(patients).where(patients.c.id == row.id).values(values))
    return Patient(row.id, row.pseudonym, replace(fuller, name=fuller.name or row.label))


# Statements are made once: making one takes longer than carrying it out.
_NEW = insert(patients).values(changed=revision_of_patients())
# As text: each form in which the number may be kept, not one that it would be kept in.
_OF_ID = select(patients).where(
    type_coerce(patients.c.patient_id, Text).in_(bindparam("forms", expanding=True))
)
_OF_ID = _OF_ID.order_by(patients.c.created_at, patients.c.id)
_ONE = select(patients).where(patients.c.id == bindparam("wanted"))
_REFERRED = select(patients.c.id, patients.c.merged_into).where(
    or_(patients.c.id == bindparam("id"), patients.c.pseudonym == bindparam("pseudonym"))
)
_CALLED = select(patients.c.id).where(patients.c.pseudonym == bindparam("wanted"))


def _pseudonym(connection: Connection) -> str:
    length = _PSEUDONYM_LENGTH
    while True:
        pseudonym = "P-" + "".join(secrets.choice(_LETTERS) for _ in range(length))
        if connection.execute(_CALLED, {"wanted": pseudonym}).first() is None:
            return pseudonym
        length = min(length + 1, 12)  # the short ones are running out


def _search_key(identity: Identity, label: str) -> str:
    return folded(f"{identity.name or label} {identity.patient_id or ''}")
