"""What was erased, what may not be erased, and what expires."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class ErasureKind(StrEnum):
    """Why something was erased."""

    PATIENT = "patient"  # somebody asked for it
    EXPIRY = "expiry"  # by a rule


class ErasureState(StrEnum):
    """How far it is: rows go first, in one transaction with the erasure itself, files after them."""

    FILES = "files"
    DONE = "done"


@dataclass(frozen=True)
class ErasurePlan:
    """What belonged to the rows that are gone: by it their files are found, however often one begins."""

    result_ids: tuple[str, ...] = ()
    review_ids: tuple[str, ...] = ()
    unaided_ids: tuple[str, ...] = ()
    upload_ids: tuple[str, ...] = ()
    series: tuple[tuple[str, str], ...] = ()  # StudyInstanceUID and SeriesInstanceUID
    words: tuple[str, ...] = ()  # pseudonyms that packs and training files know the patient by


@dataclass(frozen=True)
class Erasure:
    """Scans that were erased, and whose; `pseudonym` is "" and `asked_by` None for what a rule erased."""

    id: str
    kind: ErasureKind
    pseudonym: str
    state: ErasureState
    reason: str
    asked_by: str | None
    asked_name: str
    asked_at: datetime
    patient_ids: tuple[str, ...]
    scan_ids: tuple[str, ...]
    plan: ErasurePlan = ErasurePlan()
    counts: Mapping[str, int] = field(default_factory=dict)
    note: str = ""
    finished_at: datetime | None = None

    @property
    def patient_id(self) -> str:
        """Our own id of the patient who was erased; "" for what expired."""
        return self.patient_ids[0] if self.kind is ErasureKind.PATIENT and self.patient_ids else ""


@dataclass(frozen=True)
class LegalHold:
    """Nothing of this patient is erased until somebody lifts the hold; `patient_id` is our own id."""

    id: str
    patient_id: str
    pseudonym: str
    reason: str
    placed_by: str
    placed_name: str
    placed_at: datetime
    lifted_by: str | None = None
    lifted_name: str | None = None
    lifted_at: datetime | None = None
    lift_reason: str | None = None

    @property
    def holds(self) -> bool:
        """Whether nobody has lifted it."""
        return self.lifted_at is None


class ExpiringSubject(StrEnum):
    """What a rule is about."""

    SCANS = "scans"
    REFUSALS = "refusals"  # what was not read, with the uploads that hold nothing else


class CountedFrom(StrEnum):
    """Since when the days of a rule run."""

    ACQUIRED = "acquired"  # where the file does not say when: since it arrived
    ARRIVED = "arrived"
    READ = "read"  # the latest result


class Origin(StrEnum):
    """By which way scans came."""

    ANY = ""
    PERSON = "person"  # uploads, imports, the API
    DICOM = "dicom"
    PRIOR = "prior"


@dataclass(frozen=True)
class RetentionRule:
    """What is erased by itself, once it is so many days old."""

    id: str
    subject: ExpiringSubject
    days: int
    counted_from: CountedFrom
    task: str  # "" for any
    origin: Origin
    synthetic: bool
    active: bool
    made_by: str
    made_name: str
    made_at: datetime
    switched_name: str | None = None
    switched_at: datetime | None = None
