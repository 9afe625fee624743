"""Long work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class JobState(StrEnum):
    """Where a job is on its way."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


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
