"""Whether what an address filters by is here at all.

A choice that no scan fits is no mistake: a page of a quiet week is empty and says so. A site that no scan
came from, an age group that there is not, a week that has not come yet: who opens that has a bad link.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from data.errors import NotFound
from data.ledger import bands
from data.ledger.columns import LedgerColumns
from data.ledger.selection import FROM, day_number
from data.records import ScanStatus, Verdict
from services.cohort.filters import Query, name_of, occurs

_OF_THIS_HOUSE = ("site", "scanner", "modality", "sequence", "version")
"""What other houses have others of: one of these is here where a scan has it."""
_ALWAYS_HERE: Mapping[str, frozenset[str]] = {
    "status": frozenset(ScanStatus),
    "review": frozenset(Verdict) | {bands.NONE},
    "sex": frozenset({"F", "M", "O", bands.UNKNOWN}),
}
_NOT_FIXED = ("task", "assigned")  # a task is asked of the registry; an account may have no scan today
_EPOCH = date(1970, 1, 1)


def require_here(filters: Query, columns: LedgerColumns, today: date) -> None:
    """Raises NotFound for a value that no scan can have here, InvalidInput for a day that is none."""
    for value in filters.get(FROM, ()):
        if day_number(value) > (today - _EPOCH).days:
            raise NotFound(f"{value} has not come yet.")
    for name, values in filters.items():
        for value in filter(None, values):
            _require(name, value, columns)


def _require(name: str, value: str, columns: LedgerColumns) -> None:
    if name in _OF_THIS_HOUSE:
        if value not in (bands.UNKNOWN, bands.NONE) and not occurs(columns, name, value):
            raise NotFound(f"There are no scans of {name_of(name)} “{value[:60]}” here.")
        return
    fixed = name in columns.names and name not in _NOT_FIXED
    if fixed and value not in _ALWAYS_HERE.get(name, columns.names[name]):
        raise NotFound(f"There is no {name_of(name)} called “{value[:60]}”.")
