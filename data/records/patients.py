"""Who was scanned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

SEXES: Mapping[str, str] = {"F": "female", "M": "male", "O": "other"}
"""What may be said of a patient's sex, as DICOM says it, and its word."""


@dataclass(frozen=True)
class Identity:
    """Who a patient is. Only clinicians may read it; everybody else sees a pseudonym."""

    name: str | None = None
    patient_id: str | None = None
    birth_date: date | None = None
    sex: str | None = None  # "F", "M" or "O"


@dataclass(frozen=True)
class Patient:
    """A patient under a pseudonym; `identity` is None for viewers who may not see it.

    `in_conflict_with` are the pseudonyms of patients with the same number and name but another birth
    date or sex: one person written down wrongly, or two, as long as nobody has said which.
    """

    id: str
    pseudonym: str
    identity: Identity | None = None
    in_conflict_with: tuple[str, ...] = ()


class ConflictState(StrEnum):
    """What a person said of two patients with the same number and name."""

    OPEN = "open"  # nothing yet
    SAME = "same"  # one person, written down in two ways: merged
    DIFFERENT = "different"  # two people


@dataclass(frozen=True)
class PatientConflict:
    """Two patients with the same number and name; `patients` have their identity, the older one is first."""

    id: str
    patients: tuple[Patient, Patient]
    state: ConflictState
