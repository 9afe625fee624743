"""Retrainings: from new truths or drift to a version that a person may let go live."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class RetrainingCause(StrEnum):
    """What it was proposed for."""

    TRUTHS = "truths"  # so many scans with a known truth are new
    DRIFT = "drift"
    PERSON = "person"


class RetrainingState(StrEnum):
    """How far it came. PROPOSED and READY wait for a person."""

    PROPOSED = "proposed"
    PACKING = "packing"
    TRAINING = "training"
    REHEARSING = "rehearsing"
    READY = "ready"
    PROMOTED = "promoted"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    FAILED = "failed"

    @property
    def works(self) -> bool:
        """Whether the server is at it."""
        return self in (RetrainingState.PACKING, RetrainingState.TRAINING, RetrainingState.REHEARSING)

    @property
    def open(self) -> bool:
        """Whether something of it is still to come: no other one of its task is proposed meanwhile."""
        return self.works or self in (RetrainingState.PROPOSED, RetrainingState.READY)


@dataclass(frozen=True)
class Retraining:
    """A retraining of a task on this house's reviewed scans."""

    id: str
    task: str
    cause: RetrainingCause
    why: str  # a sentence
    state: RetrainingState
    truths: int  # scans with a known truth when it was proposed
    synthetic: bool  # of scans made for a demonstration, as there were no real ones
    opened_at: datetime
    opened_by: str | None = None  # None: a schedule
    opened_name: str = ""
    drift_run_id: str | None = None
    from_version: str | None = None  # in force when it was proposed
    decided_by: str | None = None  # who started or declined it
    decided_name: str = ""
    decided_at: datetime | None = None
    decision: str = ""  # the reason of who declined or cancelled it
    pack_id: str | None = None
    packed: int | None = None  # scans that it was trained on, those of the validation fold among them
    kept_apart: int | None = None  # scans of patients who are kept for testing
    version: str | None = None
    failure: str = ""
    changed_at: datetime | None = None


@dataclass(frozen=True)
class JudgedScan:
    """A scan whose truth somebody has said."""

    scan_id: str
    patient_id: str
    positive: bool
    judged_at: datetime
