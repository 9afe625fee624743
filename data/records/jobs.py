"""Long work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum


class JobState(StrEnum):
    """Where a job is on its way."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Precedence(IntEnum):
    """Who goes first where several wait; a lower number is before a higher one."""

    URGENT = 0  # somebody said that it is urgent or critical
    CLINICAL = 1  # somebody waits for it: uploads, and what scanners send
    LATER = 2  # priors, and readings by another version to compare with
    BULK = 3  # imports
    BACKGROUND = 4  # run only while nothing else waits


SHORT_INPUTS = 8
"""Work on so many network inputs is short: a film, a slice, a handful of them."""


@dataclass(frozen=True)
class Effort:
    """How much a job is: alike ones (`work`) take as long as they are large."""

    work: str = ""  # a task, or a kind of file
    inputs: int | None = None  # of the network; None where that is not known
    size: int = 0  # voxels of a scan, bytes of an upload
    precedence: Precedence = Precedence.CLINICAL

    @property
    def short(self) -> bool:
        """Whether it does not wait behind what is long."""
        return self.inputs is not None and self.inputs <= SHORT_INPUTS


@dataclass(frozen=True)
class Job:
    """A piece of long work, kept so that it survives a restart."""

    id: str
    kind: str
    subject: str
    state: JobState
    progress: float
    attempts: int
    created_at: datetime
    user_id: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    failure: str | None = None
    effort: Effort = Effort()
    worked_s: float | None = None  # of a reading that is done: without its waiting for others
    server_id: str | None = None  # of several servers the one whose run it is, or was


@dataclass(frozen=True)
class QueuePlace:
    """Where a reading stands among those that wait or run."""

    place: int  # 1 is the first
    of: int
    expected_s: float | None  # until its result is there; None where too few readings tell
    running: bool = False
