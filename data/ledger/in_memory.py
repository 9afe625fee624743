"""The ledger in memory: every scan as a row of columns, brought level with the database when asked.

A million scans are some 210 MB here, bitmaps included. A row never changes: a scan that changed gets
a new row, and its old one no longer counts. So a change costs what it is, not a copy of everything,
and whoever is counting goes on with what was true when the counting began.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Boolean, Engine, Integer, Select, select, type_coerce

from data.database import as_of_now, reading
from data.department_wall import bound, whole_house
from data.ledger import quantiles
from data.ledger.bitmaps import Index, row_numbers
from data.ledger.blinding import NOTHING_HIDDEN, Hidden, known_rows, raw_rows, replaced
from data.ledger.coding import (
    COLUMNS,
    NOTHING,
    Coder,
    Columns,
    turned,
)
from data.ledger.columns import LedgerColumns, People, classes_of, ledger_columns
from data.ledger.rows import RECOUNTS
from data.ledger.sample import SHARE
from data.revisions import revisions_now
from data.tables import REVISION_OF_PATIENTS, REVISION_OF_SCANS, ledger, patients

AnyArray = NDArray[Any]
AT_ONCE = 1000  # rows; more at a time do not stay in the processor's cache until they are columns
SPARE_ROWS = 1000  # that may be dead, or come after the sorted ones, however small the house is
BLINDED_KEPT = 4
"""Of the columns without what is hidden, those that are kept; each is as large as the others."""

_CHANGED, _GONE, _PATIENT = (COLUMNS.index(name) for name in ("changed", "gone", "patient_id"))


class _Table:
    """Columns that only grow; what was handed out before stays as it was."""

    def __init__(self, columns: Columns) -> None:
        self._kept = columns
        self._n = len(columns["keys"])

    def __len__(self) -> int:
        return self._n

    def add(self, more: Columns) -> None:
        """Put rows behind the others."""
        end = self._n + len(more["keys"])
        if end > len(self._kept["keys"]):
            self._kept = {name: self._with_room(column, end) for name, column in self._kept.items()}
        for name, column in more.items():
            self._kept[name][self._n : end] = column
        self._n = end

    def _with_room(self, column: AnyArray, end: int) -> AnyArray:
        grown = np.empty(end + end // 4, column.dtype)
        grown[: self._n] = column[: self._n]
        return grown

    def columns(self, first: int = 0) -> Columns:
        """The rows from `first` on."""
        return {name: column[first : self._n] for name, column in self._kept.items()}


class Ledger:
    """The columns as they are now; shared by all threads."""

    def __init__(self, engine: Engine, share: float = SHARE) -> None:
        """`share` is the random sample's, 0 to 1."""
        self._engine = engine
        self._turn = threading.Lock()
        self._seen_people = -1
        self._people: dict[str, int] = {}
        self._person_rows: list[Sequence[Any]] = []
        self._recounts = 0
        self._blinded: dict[tuple[int, int, Hidden], LedgerColumns] = {}
        self._coder = Coder(share)
        self._begin(People())

    def columns(self, hidden: Hidden = NOTHING_HIDDEN) -> LedgerColumns:
        """Every scan, with all changes that were committed before the call, or this thread's `one_moment`.

        What is `hidden` is as if nobody had said it. Of somebody bound to departments these are their scans
        alone, whoever asks. Columns of one revision, `hidden` and `departments` are equal.
        """
        seen = revisions_now(self._engine)
        with self._turn, whole_house(), as_of_now(self._engine):  # what is kept here is everybody's
            now = self._now if self._is_level(seen) else self._level()
            now = self._without(hidden, now) if hidden else now
        departments = bound()
        return now if departments is None else now.of_departments(departments)

    def _is_level(self, seen: Mapping[str, int]) -> bool:
        """Whether the columns have all changes up to these revisions."""
        return (
            seen.get(RECOUNTS, 0) == self._recounts
            and seen[REVISION_OF_PATIENTS] <= self._seen_people
            and seen[REVISION_OF_SCANS] <= self._now.revision
        )

    def _level(self) -> LedgerColumns:
        """Bring the columns level with the database."""
        revision = revisions_now(self._engine)
        if revision.get(RECOUNTS, 0) != self._recounts:
            self._recounts = revision[RECOUNTS]
            self._begin(self._now.people)
        if revision[REVISION_OF_PATIENTS] != self._seen_people:
            self._take_people(revision[REVISION_OF_PATIENTS])
        if revision[REVISION_OF_SCANS] != self._now.revision:
            self._take_rows(revision[REVISION_OF_SCANS])
        return self._now

    def _without(self, hidden: Hidden, now: LedgerColumns) -> LedgerColumns:
        """The columns without what is hidden; those asked for last are kept, as a page asks often."""
        key = (now.revision, self._seen_people, hidden)
        if key not in self._blinded:
            current = [kept for kept in self._blinded if kept[:2] == key[:2]]
            # Of another revision nothing is asked again, and each is as large as the whole ledger.
            self._blinded = {kept: self._blinded[kept] for kept in current[1 - BLINDED_KEPT :]}
            self._blinded[key] = self._replaced(hidden, now)
        return self._blinded[key]

    def _replaced(self, hidden: Hidden, now: LedgerColumns) -> LedgerColumns:
        coded = self._coder.columns(known_rows(raw_rows(self._engine, hidden), self._people), self._people)
        gone, columns = replaced(self._table.columns(), now.rows, coded)
        index = now.index.changed(gone, len(now.keys), classes_of(coded, self._edges))
        return ledger_columns(columns, index, self._coder.names(), now.people, now.revision)

    def _begin(self, people: People) -> None:
        """Know no scan."""
        self._settle(_Table(self._coder.columns(NOTHING, {})))
        self._now = ledger_columns(self._table.columns(), self._index, self._coder.names(), people)

    def _settle(self, table: _Table) -> None:
        """Take rows that are in the order of their keys, all of which count."""
        self._table = table
        self._sorted = len(table)
        self._moved: dict[int, int] = {}  # key -> row, of the rows behind the sorted ones
        columns = table.columns()
        self._edges = quantiles.edges(columns)
        self._index = Index().changed(np.zeros(0, np.int64), 0, classes_of(columns, self._edges))

    def _take_people(self, revision: int) -> None:
        columns = (patients.c.id, patients.c.search_key, patients.c.pseudonym, patients.c.patient_id)
        query = select(*columns).where(patients.c.changed > self._seen_people)
        for row in (tuple(row) for part in self._parts(query) for row in part):
            code = self._people.setdefault(row[0], len(self._person_rows))
            if code == len(self._person_rows):
                self._person_rows.append(row)
            else:
                self._person_rows[code] = row
        self._seen_people = revision
        people = People(*zip(*self._person_rows, strict=True)) if self._person_rows else People()
        self._now = replace(self._now, people=people)

    def _take_rows(self, revision: int) -> None:
        read = [_plain(name) for name in COLUMNS]
        query = select(*read).where(ledger.c.changed > self._now.revision)
        first, touched, early = len(self._table), [np.zeros(0, np.int64)], sys.maxsize
        if not first:  # later, to ask for this order would make SQLite look through the whole table for it
            query = query.order_by(ledger.c.line)
        for part in self._parts(query):
            column = turned(part)
            touched.append(np.array(column["line"]))
            revision = max(revision, *column["changed"])
            strangers = set(column["patient_id"]) - self._people.keys()
            if strangers or any(column["gone"]):
                # Whose patient was written after ours were read comes the next time, with its patient.
                here = [row for row in part if not row[_GONE]]
                early = min([early, *(row[_CHANGED] for row in here if row[_PATIENT] in strangers)])
                column = turned([row for row in here if row[_PATIENT] not in strangers])
            self._table.add(self._coder.columns(column, self._people))
        self._take(first, np.concatenate(touched))
        columns, people = self._table.columns(), self._now.people
        revision = min(revision, early - 1)
        self._now = ledger_columns(columns, self._index, self._coder.names(), people, revision)

    def _take(self, first: int, touched: NDArray[np.int64]) -> None:
        """Let the rows from `first` on count, in place of those of the touched keys."""
        if not first:
            self._settle(self._table)
            return
        gone, columns = self._rows_of(touched), self._table.columns(first)
        self._index = self._index.changed(gone, first, classes_of(columns, self._edges))
        self._moved |= zip(columns["keys"].tolist(), range(first, len(self._table)), strict=True)
        alive, rows = len(self._index.alive), len(self._table)
        if rows > 4 * alive / 3 + SPARE_ROWS or rows > 2 * self._sorted + SPARE_ROWS:
            self._tidy()

    def _rows_of(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """The rows that these keys have had so far, as far as they have."""
        known = self._table.columns()["keys"][: self._sorted]
        places = np.searchsorted(known, keys)
        there = places < len(known)
        there[there] = known[places[there]] == keys[there]
        moved = [self._moved[key] for key in keys.tolist() if key in self._moved]
        return np.concatenate([places[there], np.array(moved, dtype=np.int64)])

    def _tidy(self) -> None:
        """Leave out the rows that no longer count, and bring the others back into order."""
        columns, alive = self._table.columns(), row_numbers(self._index.alive)
        rows = alive[np.argsort(columns["keys"][alive], kind="stable")]
        self._settle(_Table({name: column[rows] for name, column in columns.items()}))

    def _parts(self, query: Select[Any]) -> Iterator[Sequence[Any]]:
        with reading(self._engine) as connection:
            yield from connection.execution_options(yield_per=AT_ONCE).execute(query).partitions()


def _plain(name: str) -> Any:
    """A column as it is kept: a million times four truth values need not be made and taken apart."""
    column = ledger.c[name]
    return type_coerce(column, Integer) if isinstance(column.type, Boolean) else column
