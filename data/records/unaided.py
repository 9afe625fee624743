"""Readings without the AI: what a reader says of a scan before the AI's result is shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from data.records.results import Measurements


class UnaidedFinding(StrEnum):
    """What a reader says without the AI."""

    PRESENT = "present"
    ABSENT = "absent"
    UNSURE = "unsure"

    @property
    def truth_positive(self) -> bool | None:
        """As a review says it; None for what was left open."""
        return {UnaidedFinding.PRESENT: True, UnaidedFinding.ABSENT: False}.get(self)


class EscapeReason(StrEnum):
    """Why the AI's result was shown before anything was said without it."""

    URGENT = "urgent"
    KNOWN = "known"  # the reader knew what the AI says
    UNREADABLE = "unreadable"
    MISTAKE = "mistake"  # it was asked for by mistake


@dataclass(frozen=True)
class UnaidedRule:
    """Which share of a task's new scans is read without the AI first, from a moment on."""

    id: str
    task: str
    percent: int  # 0 to 100; 100 is every scan
    set_by: str
    set_name: str
    created_at: datetime


@dataclass(frozen=True)
class UnaidedReading:
    """A reading without the AI that is to be given, was given, or was ended before.

    By a rule it belongs to nobody until the first reviewer opens the scan.
    """

    id: str
    scan_id: str
    task: str
    created_at: datetime
    rule_id: str | None = None  # None where the reader asked for it
    reader_id: str | None = None
    reader_name: str | None = None
    opened_at: datetime | None = None
    ended_at: datetime | None = None
    result_id: str | None = None  # the AI's result that was hidden
    finding: UnaidedFinding | None = None
    escape_reason: EscapeReason | None = None
    seconds: float | None = None  # that the reader spent
    comment: str | None = None
    mask_id: str | None = None  # of the mask that the reader drew
    measurements: Measurements | None = None  # of that mask

    @property
    def is_open(self) -> bool:
        """Whether it is still to be given: until then the AI's result is hidden."""
        return self.ended_at is None

    @property
    def is_given(self) -> bool:
        """Whether it counts as a reading without the AI."""
        return self.finding is not None
