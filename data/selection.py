"""Which lines a person means: filters by name, a period, and words to search for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.columns import folded
from data.errors import InvalidInput
from data.lines import DIMENSIONS, Lines

Mask = NDArray[np.bool_]
Filters = Mapping[str, Sequence[str]]
FROM, TO = "from", "to"
MOST_TERMS = 8
_EPOCH = date(1970, 1, 1)
_HEX = frozenset("0123456789abcdef")
_LEAST_ID = 4  # letters of a scan's id that are worth looking for


def selected(lines: Lines, filters: Filters, *, but: str | None = None) -> Mask:
    """The lines that fit every filter: for each dimension one of its values, and the period.

    `from` and `to` are ISO days, both included. A value that no scan has selects nothing. `but`
    leaves one dimension's own filter out, as a chart does that shows what else could be chosen.
    Raises InvalidInput for a dimension that does not exist or a day that is none.
    """
    mask = np.ones(len(lines), dtype=bool)
    for name, values in filters.items():
        if name == but or not values:
            continue
        if name == FROM:
            mask &= lines.days >= day_number(values[0])
        elif name == TO:
            mask &= lines.days <= day_number(values[0])
        elif name in DIMENSIONS:
            mask &= _among(lines, name, values)
        else:
            raise InvalidInput(f"Scans have nothing called {name} to filter by.")
    return mask


def searched(lines: Lines, search: str, *, with_identity: bool) -> Mask | None:
    """The lines in which every word of `search` is found; None where nothing is searched for.

    Words are looked for in sequence, pseudonym and the beginning of the scan's id, and in name and
    patient id only `with_identity`.
    """
    terms = folded(search).split()[:MOST_TERMS]
    if not terms:
        return None
    mask = np.ones(len(lines), dtype=bool)
    for term in terms:
        mask &= _holds(lines, term, with_identity)
    return mask


def day_number(text: str) -> int:
    """An ISO day as days since 1970; raises InvalidInput."""
    try:
        return (date.fromisoformat(text) - _EPOCH).days
    except ValueError:
        raise InvalidInput(f"“{text}” is not a day like 2026-11-20.") from None


def _among(lines: Lines, name: str, values: Sequence[str]) -> Mask:
    codes, names = lines.codes[name], lines.names[name]
    wanted = [names.index(value) for value in values if value in names]
    if len(wanted) == 1:
        return np.asarray(codes == wanted[0])
    chosen = np.zeros(len(names) + 1, dtype=bool)
    chosen[wanted] = True
    return np.asarray(chosen[codes])


def _holds(lines: Lines, term: str, with_identity: bool) -> Mask:
    sequences = [term in folded(name) for name in lines.names["sequence"]]
    mask = np.array([*sequences, False], dtype=bool)[lines.codes["sequence"]]
    people = lines.people
    owners = _where(people.pseudonyms, lambda one: term in one.lower())
    if with_identity:
        owners |= _where(people.keys, lambda one: term in one)
    if owners.any():
        mask |= owners[lines.patients]
    if len(term) >= _LEAST_ID and _HEX.issuperset(term):
        mask |= lines.scan_ids.astype(f"S{min(len(term), 32)}") == term.encode()
    return mask


def _where(texts: Sequence[str], fits: Callable[[str], Any]) -> Mask:
    return np.fromiter((bool(fits(one)) for one in texts), dtype=bool, count=len(texts))
