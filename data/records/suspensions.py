"""Stop rules: whether they act, and which versions they have taken out of use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class StopReason(StrEnum):
    """What a stop rule counts as bad."""

    MISSES = "misses"  # of the reviewed ill
    FALSE_ALARMS = "false-alarms"  # of the reviewed healthy
    REFUSALS = "refusals"  # of the scans that came


@dataclass(frozen=True)
class StopSwitch:
    """Somebody's word that the stop rules of a task act from now on, or no longer."""

    id: str
    task: str
    acting: bool
    set_by: str
    set_name: str
    set_at: datetime
    why: str


@dataclass(frozen=True)
class StopEvidence:
    """What a stop rests on: the cases since the statistic last stood at nothing, and the test."""

    accepted: float
    rejected: float
    added: int  # points of a bad case
    taken: int  # points that a good case takes away
    limit: int
    points: int
    n: int
    bad: int
    scan_ids: tuple[str, ...] = ()
    """Of the bad cases; of refusals none, as what was refused is no scan here."""


@dataclass(frozen=True)
class Suspension:
    """A version that is not for use, on one scanner or, where `scanner` is "", on all.

    `began_at` is when the first case of the evidence was read: what was read from then on is withheld.
    Whoever asked for the end of it, and whoever confirmed that, are two people.
    """

    id: str
    task: str
    version: str
    scanner: str
    reason: StopReason
    began_at: datetime
    since: datetime
    because: str
    evidence: StopEvidence
    asked_by: str | None = None
    asked_name: str | None = None
    asked_at: datetime | None = None
    why: str | None = None
    lifted_by: str | None = None
    lifted_name: str | None = None
    lifted_at: datetime | None = None

    @property
    def is_active(self) -> bool:
        """Whether nobody has lifted it."""
        return self.lifted_at is None

    def covers(self, task: str, version: str, scanner: str | None) -> bool:
        """Whether it is of this version on this scanner."""
        return (task, version) == (self.task, self.version) and self.scanner in ("", scanner)
