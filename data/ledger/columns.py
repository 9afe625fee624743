"""Scans as rows of columns, with the patients that they are of and the index of their classes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data import house_clock
from data.ledger import bands, quantiles
from data.ledger.bands import NONE, UNKNOWN
from data.ledger.bitmaps import Index, Rows, row_numbers, union
from data.ledger.coding import DIMENSIONS, NAMED_BY_SCANS, NUMBERS, Columns

FloatArray = NDArray[np.float64]
AnyArray = NDArray[Any]

MEASURED_BY = {"site": "size by site", "scanner": "size by scanner"}
"""Dimensions that measured lesions are also told apart by together with their size, one code for both."""


@dataclass(frozen=True)
class People:
    """Patients by code: what the worklist searches and orders by."""

    ids: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()  # folded name or label, and patient id
    pseudonyms: tuple[str, ...] = ()
    numbers: tuple[str | None, ...] = ()  # patient ids of the hospital

    _ranked: dict[str, FloatArray] = field(init=False, default_factory=dict, compare=False)
    _joined: dict[str, tuple[str, NDArray[np.int64]]] = field(init=False, default_factory=dict, compare=False)

    def holding(self, by: str, term: str) -> NDArray[np.bool_]:
        """The patients in whose "patient" or "pseudonym" a folded term without blanks stands."""
        if by not in self._joined:
            texts = self.keys if by == "patient" else [pseudonym.lower() for pseudonym in self.pseudonyms]
            starts = np.cumsum([0, *(len(text) + 1 for text in texts)])
            self._joined[by] = "\n".join(texts), starts
        text, starts = self._joined[by]
        matches = [match.start() for match in re.finditer(re.escape(term), text)]
        held = np.zeros(len(self.ids) + 1, dtype=bool)
        held[np.searchsorted(starts, matches, side="right") - 1] = True
        return held

    def ranks(self, by: str) -> FloatArray:
        """The alphabetical place of each patient by "patient", "patient_id" or "pseudonym"."""
        if by not in self._ranked:
            texts = {"patient": self.keys, "patient_id": self.numbers, "pseudonym": self.pseudonyms}[by]
            self._ranked[by] = ranks(texts)
        return self._ranked[by]


@dataclass(frozen=True)
class LedgerColumns:
    """All scans as columns of equal length; only the rows `index.alive` count, one for each scan.

    `codes` are indices into `names`, for each of DIMENSIONS; `numbers` are NaN where unknown.
    `keys` are those of the table, in the order in which the scans came; rows need not be in it.
    """

    scan_ids: NDArray[np.bytes_]
    keys: NDArray[np.int64]
    patients: NDArray[np.int32]  # indices into the columns of `people`
    days: NDArray[np.int32]  # of arrival, in the server's time zone, since 1970
    numbers: Mapping[str, FloatArray]
    codes: Mapping[str, AnyArray]
    index: Index
    names: Mapping[str, tuple[str, ...]]
    people: People = field(default_factory=People)
    revision: int = -1  # of the database that they are level with: an equal one means equal columns
    departments: frozenset[str] | None = None  # whose scans alone count; None: the whole house's

    def __len__(self) -> int:
        return len(self.index.alive)

    @cached_property
    def acquired(self) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """The rows whose day of acquisition is known, and that day, in the server's time zone, since 1970."""
        known = np.flatnonzero(~np.isnan(self.numbers["acquired_us"]))
        return known, house_clock.days(self.numbers["acquired_us"][known])

    def of_departments(self, departments: frozenset[str]) -> LedgerColumns:
        """The same of the scans of some departments alone; what no such scan has is called nothing here."""
        names, index = self.names["department"], self.index
        own = union(index.of("department", names.index(each)) for each in departments if each in names)
        alive = index.alive & own
        return replace(
            self,
            index=replace(index, alive=alive),
            names={name: self._named(name, known, alive) for name, known in self.names.items()},
            departments=departments,
        )

    def _named(self, dimension: str, known: tuple[str, ...], alive: Rows) -> tuple[str, ...]:
        """The names of a dimension in the order of their codes, empty where none of these rows has one."""
        if dimension not in NAMED_BY_SCANS:
            return known
        classes = self.index.classes.get(dimension, {})
        return tuple(
            name if code in classes and alive.intersection_cardinality(classes[code]) else ""
            for code, name in enumerate(known)
        )

    @property
    def rows(self) -> NDArray[np.int64]:
        """The rows that count."""
        return row_numbers(self.index.alive)


def ledger_columns(
    columns: Columns,
    index: Index,
    names: Mapping[str, tuple[str, ...]],
    people: People,
    revision: int = -1,
) -> LedgerColumns:
    """Columns by their names as one record."""
    own: dict[str, Any] = {name: columns[name] for name in ("scan_ids", "keys", "patients", "days")}
    numbers, codes = ({name: columns[name] for name in part} for part in (NUMBERS, DIMENSIONS))
    return LedgerColumns(
        **own, numbers=numbers, codes=codes, index=index, names=names, people=people, revision=revision
    )


def classes_of(columns: Columns, cut_at: quantiles.Edges) -> Columns:
    """What the index tells rows apart by: DIMENSIONS, `day`, MEASURED_BY, and the steps of each quantity."""
    by_name = {name: columns[name] for name in DIMENSIONS}
    size = columns["size"].astype(np.int32)
    for name, joint in MEASURED_BY.items():
        both = columns[name].astype(np.int32) * len(bands.SIZES) + size
        by_name[joint] = np.where(size < len(bands.SIZE_EDGES_ML) + 1, both, -1)
    return by_name | {"day": columns["days"]} | quantiles.steps(columns, cut_at)


def ranks(texts: Sequence[str | None]) -> FloatArray:
    """The place of each text in alphabetical order, NaN for none; one more NaN stands at the end."""
    known = sorted((text, code) for code, text in enumerate(texts) if text not in (None, UNKNOWN, NONE))
    places = np.full(len(texts) + 1, np.nan)
    for place, (_, code) in enumerate(known):
        places[code] = place
    return places
