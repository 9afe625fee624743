"""Which lines a person means: filters by name, a period, and words to search for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from data.columns import folded
from data.errors import InvalidInput
from data.ledger.bitmaps import Rows, union
from data.ledger.coding import DIMENSIONS
from data.ledger.in_memory import Lines

Mask = NDArray[np.bool_]
Filters = Mapping[str, Sequence[str]]
FROM, TO = "from", "to"
MOST_TERMS = 8
_EPOCH = date(1970, 1, 1)
_LAST_DAY = date.max.toordinal()
_HEX = frozenset("0123456789abcdef")
_LEAST_ID = 4  # letters of a scan's id that are worth looking for


def selected(lines: Lines, filters: Filters, *, but: str | None = None) -> Rows:
    """The rows that fit every filter: for each dimension one of its values, and the period.

    `from` and `to` are ISO days, both included. A value that no scan has selects nothing. `but`
    leaves one dimension's own filter out, as a chart does that shows what else could be chosen.
    Raises InvalidInput for a dimension that does not exist or a day that is none.
    """
    rows = lines.index.alive
    if filters.get(FROM) or filters.get(TO):
        rows = rows & _in_period(lines, filters.get(FROM), filters.get(TO))
    for name, values in filters.items():
        if name in (but, FROM, TO) or not values:
            continue
        if name not in DIMENSIONS:
            raise InvalidInput(f"Scans have nothing called {name} to filter by.")
        rows = rows & among(lines, name, values)
    return rows


def among(lines: Lines, name: str, values: Sequence[str]) -> Rows:
    """All rows, alive or not, with one of these values in one of DIMENSIONS."""
    names = lines.names[name]
    wanted = [names.index(value) for value in values if value in names]
    return union(lines.index.of(name, code) for code in wanted)


def searched(lines: Lines, search: str, *, with_identity: bool) -> Mask | None:
    """The rows in which every word of `search` is found; None where nothing is searched for.

    Words are looked for in sequence, pseudonym and the beginning of the scan's id, and in name and
    patient id only `with_identity`.
    """
    terms = folded(search).split()[:MOST_TERMS]
    if not terms:
        return None
    mask = np.ones(len(lines.lines), dtype=bool)
    for term in terms:
        mask &= _holds(lines, term, with_identity)
    return mask


def day_number(text: str) -> int:
    """An ISO day as days since 1970; raises InvalidInput."""
    try:
        return (date.fromisoformat(text) - _EPOCH).days
    except ValueError:
        raise InvalidInput(f"“{text}” is not a day like 2026-11-20.") from None


def _in_period(lines: Lines, start: Sequence[str] | None, end: Sequence[str] | None) -> Rows:
    first = day_number(start[0]) if start else 0
    last = day_number(end[0]) if end else _LAST_DAY
    return union(rows for day, rows in lines.index.classes["day"].items() if first <= day <= last)


def _holds(lines: Lines, term: str, with_identity: bool) -> Mask:
    sequences = [term in folded(name) for name in lines.names["sequence"]]
    mask = np.array([*sequences, False], dtype=bool)[lines.codes["sequence"]]
    people = lines.people
    owners = people.holding("pseudonym", term)
    if with_identity:
        owners |= people.holding("patient", term)
    if owners.any():
        mask |= owners[lines.patients]
    if len(term) >= _LEAST_ID and _HEX.issuperset(term):
        mask |= lines.scan_ids.astype(f"S{min(len(term), 32)}") == term.encode()
    return mask
