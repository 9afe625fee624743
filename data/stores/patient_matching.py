"""Which of the patients with one number a file is of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row

from data.columns import folded
from data.records import Identity

_TELLING_SEXES = frozenset({"F", "M"})  # "O" (other) says nothing


@dataclass(frozen=True)
class KnownPatient:
    """A patient as matching sees one: the row that stands, and what the rows merged into it say as well."""

    row: Row[Any]
    birth_dates: frozenset[date]
    sexes: frozenset[str]

    def contradicts(self, identity: Identity) -> bool:
        """Whether birth date or sex are known on both sides and differ from all that is known here."""
        birth_dates = self.birth_dates if identity.birth_date is not None else frozenset()
        sexes = self.sexes & _TELLING_SEXES if identity.sex in _TELLING_SEXES else frozenset()
        other_birth = bool(birth_dates) and identity.birth_date not in birth_dates
        return other_birth or (bool(sexes) and identity.sex not in sexes)

    def agreements(self, identity: Identity) -> int:
        """How many of birth date and sex are the same."""
        return (identity.birth_date in self.birth_dates) + (identity.sex in self.sexes)

    def says_just(self, identity: Identity) -> bool:
        """Whether it says the same as `identity`, and nothing that `identity` leaves open."""
        return bool((self.row.birth_date, self.row.sex) == (identity.birth_date, identity.sex))


def known_patients(rows: Iterable[Row[Any]]) -> list[KnownPatient]:
    """The patients behind rows of the table, in their order; merged rows count for whom they went into."""
    members: dict[str, list[Row[Any]]] = {}
    for row in rows:
        members.setdefault(row.merged_into or row.id, []).append(row)
    return [
        KnownPatient(
            next(row for row in own if row.id == patient_id),
            frozenset(row.birth_date for row in own if row.birth_date is not None),
            frozenset(row.sex for row in own if row.sex is not None),
        )
        for patient_id, own in members.items()
    ]


def patient_of(known: Sequence[KnownPatient], identity: Identity) -> KnownPatient | None:
    """Whom of the `known` ones with the same number a file is of; None for somebody new.

    Names must be equal, or one of them missing. A file that fits several as well as each other is of none
    of them: nobody's scan is given to one of two people by chance.
    """
    fitting = [patient for patient in known if not patient.contradicts(identity)]
    key = name_key(identity)
    for wanted in (key, None):
        named = [patient for patient in fitting if patient.row.name_key == wanted]
        if named:
            return _nearest(named, identity)
    # A file without a name fits anybody of this id, and so nobody in particular if they are several.
    return fitting[0] if key is None and len(fitting) == len(known) == 1 else None


def name_key(identity: Identity) -> str | None:
    """The name as it is compared; None where there is none."""
    return folded(identity.name) if identity.name else None


def _nearest(patients: Sequence[KnownPatient], identity: Identity) -> KnownPatient | None:
    most = max(patient.agreements(identity) for patient in patients)
    nearest = [patient for patient in patients if patient.agreements(identity) == most]
    if len(nearest) == 1:
        return nearest[0]
    return next((patient for patient in nearest if patient.says_just(identity)), None)
