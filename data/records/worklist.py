"""The worklist: what is asked for and what is shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from data.records.jobs import QueuePlace
from data.records.results import Doubt, Outcome, outcome_of
from data.records.reviews import Verdict
from data.records.scans import ScanStatus
from data.records.synthetic import KindCount
from data.records.triage import DoubtKind, Urgency


@dataclass(frozen=True)
class WorklistQuery:
    """Which rows of the worklist are asked for. `sort` holds (column, descending) pairs."""

    start: int = 0
    count: int = 50
    search: str = ""
    filters: dict[str, tuple[str, ...]] = field(default_factory=dict)
    sort: tuple[tuple[str, bool], ...] = (("created_at", True),)


@dataclass(frozen=True)
class WorklistRow:
    """One line of the worklist. `patient` is a name for clinicians, a pseudonym for others."""

    scan_id: str
    patient: str
    patient_id: str | None
    modality: str | None
    sequence: str | None
    acquired_at: datetime | None
    created_at: datetime
    task: str
    status: ScanStatus
    positive: bool | None
    probability: float | None
    volume_ml: float | None
    longest_diameter_mm: float | None
    estimated_dice: float | None
    has_mask: bool
    verdict: Verdict | None
    synthetic: bool = False
    second_reading: bool = False  # is asked for, and not given yet
    unaided: bool = False  # is to be read without the AI first by who looks
    suspended: bool = False  # its result is no answer: the version is suspended
    not_accepted: bool = False  # its version was not accepted on its scanner
    doubts: tuple[Doubt, ...] = ()
    pseudonym: str = ""  # of the patient, whoever looks
    assigned_to: str | None = None  # an account
    sent_by: str = ""  # an account, or where it was received from
    urgency: Urgency = Urgency.ROUTINE
    doubt: DoubtKind = DoubtKind.NONE
    queue: QueuePlace | None = None  # while it waits to be read or is read
    may_cancel: bool = False  # who looks, its reading

    @property
    def outcome(self) -> Outcome | None:
        """Found, not found or uncertain; None where the scan was not read."""
        return None if self.positive is None else outcome_of(self.positive, bool(self.doubts))


@dataclass(frozen=True)
class WorklistPage:
    """Some rows, how many there are in all, and how many of these were made for a demonstration."""

    rows: tuple[WorklistRow, ...]
    total: int
    synthetic: int = 0

    @property
    def kinds(self) -> KindCount:
        """How many of each kind there are."""
        return KindCount(self.total - self.synthetic, self.synthetic)
