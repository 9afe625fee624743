"""What a department wants of its models."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Goal:
    """The value of a metric that is aimed at, and the one beyond which somebody must look."""

    task: str
    metric: str
    goal: float | None
    alert_limit: float | None
    set_by: str  # the person's shown name
    set_at: datetime
