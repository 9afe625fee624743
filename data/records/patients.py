"""Who was scanned."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


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
    date or sex: one person written down wrongly, or two. A person has to say which.
    """

    id: str
    pseudonym: str
    identity: Identity | None = None
    in_conflict_with: tuple[str, ...] = ()
