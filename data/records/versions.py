"""Registered model versions."""

from __future__ import annotations

from dataclasses import dataclass
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
