"""Which scans a person means: filters by name, a period, and words to search for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from data.columns import folded
from data.errors import InvalidInput
from data.ledger.bitmaps import Rows, bitmap, union
from data.ledger.coding import DIMENSIONS
from data.ledger.columns import LedgerColumns, People

Mask = NDArray[np.bool_]
Filters = Mapping[str, Sequence[str]]
FROM, TO = "from", "to"  # days of arrival
ACQUIRED_FROM, ACQUIRED_TO = "acquired-from", "acquired-to"
_PERIODS = (FROM, TO, ACQUIRED_FROM, ACQUIRED_TO)
MOST_TERMS = 8
_EPOCH = date(1970, 1, 1)
_LAST_DAY = date.max.toordinal()
_HEX = frozenset("0123456789abcdef")
_LEAST_ID = 4  # letters of a scan's id that are worth looking for


def selected(columns: LedgerColumns, filters: Filters, *, but: str | None = None) -> Rows:
    """The rows that fit every filter: for each dimension one of its values, and the period.

    `from` and `to` are ISO days of arrival, `acquired-from` and `acquired-to` of acquisition, all included.
    A value that no scan has selects nothing. `but` leaves one dimension's own filter out, as a chart does
    that shows what else could be chosen.
    Raises InvalidInput for a dimension that does not exist or a day that is none.
    """
    rows = columns.index.alive
    if filters.get(FROM) or filters.get(TO):
        rows = rows & _in_period(columns, filters.get(FROM), filters.get(TO))
    if filters.get(ACQUIRED_FROM) or filters.get(ACQUIRED_TO):
        rows = rows & _acquired(columns, filters.get(ACQUIRED_FROM), filters.get(ACQUIRED_TO))
    for name, values in filters.items():
        if name == but or name in _PERIODS or not values:
            continue
        if name not in DIMENSIONS:
            raise InvalidInput(f"Scans have nothing called {name} to filter by.")
        rows = rows & among(columns, name, values)
    return rows


def among(columns: LedgerColumns, name: str, values: Sequence[str]) -> Rows:
    """All rows, alive or not, with one of these values in one of DIMENSIONS."""
    names = columns.names[name]
    wanted = [names.index(value) for value in values if value in names]
    return union(columns.index.of(name, code) for code in wanted)


def searched(columns: LedgerColumns, search: str, *, with_identity: bool) -> Mask | None:
    """The rows in which every word of `search` is found; None where nothing is searched for.

    Words are looked for in sequence, pseudonym and the beginning of the scan's id, and in name and
    patient id only `with_identity`.
    """
    terms = _terms(search)
    if not terms:
        return None
    mask = np.ones(len(columns.keys), dtype=bool)
    for term in terms:
        mask &= _holds(columns, term, with_identity)
    return mask


def patients_with(people: People, words: str) -> list[str]:
    """Our own ids of the patients in whose name, patient id or pseudonym every word stands, by name.

    Nobody without a word.
    """
    terms = _terms(words)
    if not terms:
        return []
    held = np.ones(len(people.ids) + 1, dtype=bool)
    for term in terms:
        held &= _owners(people, term, with_identity=True)
    return [
        people.ids[code] for code in sorted(np.flatnonzero(held[:-1]), key=lambda code: people.keys[code])
    ]


def day_number(text: str) -> int:
    """An ISO day as days since 1970; raises InvalidInput."""
    try:
        return (date.fromisoformat(text) - _EPOCH).days
    except ValueError:
        raise InvalidInput(f"“{text}” is not a day like 2026-11-20.") from None


def _terms(words: str) -> list[str]:
    return folded(words).split()[:MOST_TERMS]


def _owners(people: People, term: str, *, with_identity: bool) -> Mask:
    """The patients in whose pseudonym a term stands, and in name and patient id only `with_identity`."""
    owners = people.holding("pseudonym", term)
    if with_identity:
        owners |= people.holding("patient", term)
    return owners


def _in_period(columns: LedgerColumns, start: Sequence[str] | None, end: Sequence[str] | None) -> Rows:
    first, last = _days(start, end)
    return union(rows for day, rows in columns.index.classes["day"].items() if first <= day <= last)


def _acquired(columns: LedgerColumns, start: Sequence[str] | None, end: Sequence[str] | None) -> Rows:
    first, last = _days(start, end)
    known, days = columns.acquired
    return bitmap(known[(days >= first) & (days <= last)])


def _days(start: Sequence[str] | None, end: Sequence[str] | None) -> tuple[int, int]:
    return day_number(start[0]) if start else -_LAST_DAY, day_number(end[0]) if end else _LAST_DAY


def _holds(columns: LedgerColumns, term: str, with_identity: bool) -> Mask:
    sequences = [term in folded(name) for name in columns.names["sequence"]]
    mask = np.array([*sequences, False], dtype=bool)[columns.codes["sequence"]]
    owners = _owners(columns.people, term, with_identity=with_identity)
    if owners.any():
        mask |= owners[columns.patients]
    if len(term) >= _LEAST_ID and _HEX.issuperset(term):
        mask |= columns.scan_ids.astype(f"S{min(len(term), 32)}") == term.encode()
    return mask
