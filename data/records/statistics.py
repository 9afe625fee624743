"""Statistics that are kept or leave the house."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class SavedView:
    """Filters of the cohort page under a name, for everybody who reads statistics."""

    id: str
    name: str
    query: str  # as in the page's address
    made_by: str
    created_at: datetime


@dataclass(frozen=True)
class ExportRow:
    """One number of the cohort statistics as it leaves: nothing rounded, `None` where there is none.

    `value` is a count, a share from 0 to 1, or what `quantity` says with its unit at the end
    (`median_ml`). `n` is how many cases stand behind it, `low` and `high` the 95 % interval.
    """

    section: str
    name: str  # the class that is counted
    quantity: str
    n: int | None
    value: float | None
    low: float | None = None
    high: float | None = None
    group: str = ""  # the site or scanner, where each has its own classes
    note: str = ""  # why a number is not told
