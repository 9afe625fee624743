"""Boards: several numbers over time, chosen by a person and kept under a title."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class BoardPanel:
    """One question of a board; what a measure does not need is empty."""

    id: str
    measure: str  # as `services.boards.measures` names them
    task: str = ""
    version: str = ""  # "" for all of them
    feature: str = ""  # whose drift
    reference: str = ""  # against which frozen set, or by which rule; "" for all


@dataclass(frozen=True)
class BoardChoice:
    """Which part of all numbers a board shows."""

    months: int = 12  # the last so many; 0 for all
    site: str = ""
    scanner: str = ""
    sex: str = ""
    age: str = ""  # an age group, such as 60-69

    @property
    def of(self) -> dict[str, str]:
        """What is chosen of whom: site, scanner, sex and age group, those that are."""
        return {
            name: getattr(self, name) for name in ("site", "scanner", "sex", "age") if getattr(self, name)
        }


@dataclass(frozen=True)
class Board:
    """A board as it is kept; `shared` with everybody who may see a number of it."""

    id: str
    title: str
    panels: tuple[BoardPanel, ...]
    choice: BoardChoice
    shared: bool
    owner_id: str
    owner_name: str
    created_at: datetime
    changed_at: datetime
