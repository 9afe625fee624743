"""Drift: what is compared with what, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from data.records.alerts import Severity


class ReferenceKind(StrEnum):
    """Where a reference comes from."""

    TRAINING = "training"
    PERIOD = "period"
    ROLLING = "rolling"  # what a rule came to for one window; kept with the runs, not offered in menus


class Against(StrEnum):
    """The rule by which a run takes its reference, where none is named."""

    HOUSE = "house"  # the first month that reviews confirmed; until there is one, the training data
    TRAINING = "training"  # of the version in force
    LAST_QUARTER = "last-quarter"  # the calendar quarter before the one in which the window begins
    LAST_YEAR = "last-year"  # the month in which the window ends, a year earlier
    OTHER_SCANNERS = "other-scanners"  # what the scanners of the filter did not make, of the same time

    @classmethod
    def parsed(cls, reference: str | None) -> tuple[Against, str | None]:
        """A reference as people and programs name it: the rule, and a frozen one's name where it is none."""
        for rule in cls:
            if reference == rule.value:
                return rule, None
        return cls.HOUSE, reference or None


@dataclass(frozen=True)
class DriftReference:
    """A frozen set under a name; its rows lie in a file that never changes."""

    id: str
    name: str
    task: str
    version: str | None  # whose training data it is, or who read all of it
    kind: ReferenceKind
    query: str  # which readings, where it is a period
    n: int
    sha256: str  # of the file
    made_by: str
    created_at: datetime


@dataclass(frozen=True)
class DriftAsk:
    """What a run compares: a window of a task's readings with a reference.

    The window is the newest `last` readings, or those of the last `days` times 24 hours, or those from day
    `first` to day `to` (by the house's clock, both included), or those that fit `query`, the filters of the
    cohort page; what is given is combined.
    """

    task: str
    reference_id: str | None = None  # None: what `against` says
    last: int | None = None
    first: str | None = None
    to: str | None = None
    query: str = ""
    days: int | None = None
    against: Against = Against.HOUSE


@dataclass(frozen=True)
class DriftLimit:
    """How a feature of a task is judged, where somebody has set another limit than the usual one."""

    task: str
    feature: str
    method: str  # Evidently's name of the distance
    effect: float  # from this distance on
    p: float  # and with a corrected p below this
    set_by: str
    set_name: str
    set_at: datetime


class RunState(StrEnum):
    """Where a run is on its way."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class DriftRun:
    """One comparison, as it is listed; its numbers are in its snapshot."""

    id: str
    ask: DriftAsk
    state: RunState
    created_at: datetime
    version: str | None = None  # None: more than one in the window, or not known yet
    reference_id: str | None = None
    reference_name: str = ""
    severity: Severity | None = None
    reference_n: int | None = None
    current_n: int | None = None
    drifted: int | None = None
    watched: int | None = None
    snapshot_sha256: str | None = None
    failure: str | None = None
    schedule_id: str | None = None
    asked_by: str | None = None
    finished_at: datetime | None = None

    @property
    def task(self) -> str:
        """The task whose readings are compared."""
        return self.ask.task


@dataclass(frozen=True)
class ReviewRequest:
    """Somebody asks the reviewers to look at a scan; it is open until the scan is reviewed after it."""

    id: str
    scan_id: str
    task: str
    why: str
    asked_by: str
    asked_name: str
    created_at: datetime
    synthetic: bool = False  # of a scan that was made for a demonstration
