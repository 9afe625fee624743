"""The filters of a choice of scans: in one order, in an address, and in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from urllib.parse import parse_qs, urlencode

from data.errors import InvalidInput
from data.ledger.columns import LedgerColumns
from data.ledger.selection import among
from data.records import SYNTHETIC as MADE
from services.task_words import MEASURED_VOLUME

FILTERS = (
    "from", "to", "task", "site", "scanner", "modality", "sex", "age", "result", "outcome", "version",
    "review", "status", "size", "chance", "truth", "place", "synthetic", "prior", "sample",
)  # fmt: skip
"""What the page filters by, in the order in which it says so."""

SYNTHETIC = "synthetic"
_PLACES = {name: index for index, name in enumerate(FILTERS)}

_WORDS = {
    "from": "from", "to": "to", "task": "task", "site": "site", "scanner": "scanner", "modality": "modality",
    "sex": "sex", "age": "age", "result": "result", "outcome": "answer", "version": "model version",
    "review": "review", "status": "status", "size": MEASURED_VOLUME, "chance": "probability",
    "truth": "AI against the truth", "place": "place in the head", "synthetic": "synthetic",
    "prior": "fetched as a prior", "sample": "random sample",
}  # fmt: skip
Query = Mapping[str, Sequence[str]]


def tidy(filters: Query) -> dict[str, tuple[str, ...]]:
    """Filters in one order, without empty ones and doubles: equal choices are equal here."""
    kept = {name: _tidied(values) for name, values in filters.items() if any(values)}
    return {name: kept[name] for name in sorted(kept, key=_place)}


def _tidied(values: Sequence[str]) -> tuple[str, ...]:
    return (values[0],) if len(values) == 1 else tuple(sorted({value for value in values if value}))


def _place(name: str) -> tuple[int, str]:
    return _PLACES.get(name, len(_PLACES)), name


def of_one_kind(filters: Query, columns: LedgerColumns) -> dict[str, tuple[str, ...]]:
    """Filters that say whether they are of real or of synthetic scans: the two never share a number.

    Where nothing is said, real ones are meant, or synthetic ones in a house that has no others. Raises
    InvalidInput for both at once.
    """
    asked = tidy(filters)
    kinds = asked.get(SYNTHETIC, ())
    if len(kinds) > 1:
        raise InvalidInput("Real and synthetic scans never share a number: choose one of them.")
    if kinds:
        return asked
    only_made = occurs(columns, SYNTHETIC, "yes") and not occurs(columns, SYNTHETIC, "no")
    return tidy(asked | {SYNTHETIC: ("yes" if only_made else "no",)})


def of_made_scans(filters: Query) -> bool:
    """Whether filters choose scans that were made for a demonstration, and these alone."""
    return tuple(filters.get(SYNTHETIC, ())) == ("yes",)


def of_real_scans(filters: Query) -> bool:
    """Whether filters choose real scans alone."""
    return tuple(filters.get(SYNTHETIC, ())) == ("no",)


def of_kind(filters: Query, made: bool) -> dict[str, tuple[str, ...]]:
    """The same filters of made scans, or of real ones."""
    return tidy({**filters, SYNTHETIC: ("yes" if made else "no",)})


def occurs(columns: LedgerColumns, name: str, value: str) -> bool:
    """Whether a scan that counts has this value of a filter."""
    return bool(value) and not columns.index.alive.isdisjoint(among(columns, name, [value]))


def query_of(filters: Query) -> str:
    """Filters as they stand in an address, always in the same order."""
    return "&".join(_said(name, value) for name, values in tidy(filters).items() for value in values)


@lru_cache(maxsize=4096)
def _said(name: str, value: str) -> str:
    return urlencode([(name, value)])


def filters_of(query: str) -> dict[str, tuple[str, ...]]:
    """The filters of an address; the inverse of `query_of`."""
    return tidy({name: tuple(values) for name, values in parse_qs(query.lstrip("?")).items()})


def in_words(filters: Query) -> str:
    """Filters as a person reads them."""
    return "; ".join(_part(name, values) for name, values in filters.items()) or "all scans"


def name_of(name: str) -> str:
    """What people call one of the filters."""
    return _WORDS.get(name, name)


def _part(name: str, values: Sequence[str]) -> str:
    if name == SYNTHETIC and len(values) == 1:
        return f"{MADE} scans" if values[0] == "yes" else "real scans"
    return f"{name_of(name)} {' or '.join(values)}"
