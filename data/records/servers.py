"""The servers of a house that has several."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class HouseServer:
    """One of several servers on one database. `beat` grows while it lives."""

    id: str
    name: str
    version: str
    started_at: datetime
    beat: int = 0


@dataclass(frozen=True)
class Lease:
    """Who alone does a kind of work, None where it was given back. `beat` grows with each renewal."""

    holder: str | None
    beat: int
