"""Registered model versions, and the runs behind them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class ModelVersion:
    """A registered version of a task's model."""

    name: str
    version: str
    aliases: tuple[str, ...]
    created_at: datetime
    weights_sha256: str
    metrics: dict[str, float]
    run_id: str | None = None
    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TrackedRun:
    """A run as MLflow keeps it: what it was set to do, and the last value of each of its numbers.

    `experiment` is the experiment's name. `metrics` holds finite numbers only; `steps` says at
    which step (an epoch) each was last logged.
    """

    run_id: str
    experiment: str
    name: str
    status: str
    started_at: datetime | None
    ended_at: datetime | None
    tags: dict[str, str]
    parameters: dict[str, str]
    metrics: dict[str, float]
    steps: dict[str, int] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        """Whether nothing more is expected of it."""
        return self.status in {"FINISHED", "FAILED", "KILLED"}
