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


@dataclass(frozen=True)
class Patient:
    """A patient under a pseudonym; `identity` is None for viewers who may not see it."""

    id: str
    pseudonym: str
    identity: Identity | None = None
