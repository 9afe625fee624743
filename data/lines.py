"""The ledger in memory: every scan as a row of columns, brought level with the database when asked.

A million scans are some 130 MB here. Filters, counts, medians and orders over them take
milliseconds, whatever they are made of, which no set of indexes could give.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine, Row, Select, select

from data import bands
from data.bands import NONE, UNKNOWN
from data.database import reading
from data.tables import (
    REVISION_OF_PATIENTS,
    REVISION_OF_SCANS,
    ledger,
    patients,
    revisions,
)

FloatArray = NDArray[np.float64]
AnyArray = NDArray[Any]
AT_ONCE = 50_000

_CODED = {  # dimension -> (column, what an empty one is called)
    "task": ("task", UNKNOWN),
    "status": ("status", UNKNOWN),
    "modality": ("modality", UNKNOWN),
    "sequence": ("sequence", UNKNOWN),
    "scanner": ("scanner", UNKNOWN),
    "site": ("site", UNKNOWN),
    "sex": ("sex", UNKNOWN),
    "review": ("verdict", NONE),
}
_NUMBERS = (
    "created_us", "acquired_us", "read_us", "reviewed_us", "age_years", "positive", "probability", "has_mask",
    "volume_ml", "longest_diameter_mm", "estimated_dice", "head_row", "head_column", "truth_positive", "dice",
)  # fmt: skip
_COLUMNS = (
    "line", "scan_id", "changed", "gone", "patient_id", "version", "synthetic",
    *(column for column, _ in _CODED.values()), *_NUMBERS,
)  # fmt: skip
_FIXED_NAMES = {
    "age": bands.AGES,
    "size": bands.SIZES,
    "chance": bands.CHANCES,
    "result": bands.RESULTS,
    "truth": bands.TRUTHS,
    "place": bands.PLACES,
    "synthetic": ("no", "yes"),
}
DIMENSIONS = (*_CODED, "version", *_FIXED_NAMES)
"""What scans can be filtered and grouped by."""


@dataclass(frozen=True)
class People:
    """Patients by code: what the worklist searches and orders by."""

    ids: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()  # folded name or label, and patient id
    pseudonyms: tuple[str, ...] = ()
    numbers: tuple[str | None, ...] = ()  # patient ids of the hospital

    _ranked: dict[str, FloatArray] = field(init=False, default_factory=dict, compare=False)

    def ranks(self, by: str) -> FloatArray:
        """The alphabetical place of each patient by "patient", "patient_id" or "pseudonym"."""
        if by not in self._ranked:
            texts = {"patient": self.keys, "patient_id": self.numbers, "pseudonym": self.pseudonyms}[by]
            self._ranked[by] = ranks(texts)
        return self._ranked[by]


@dataclass(frozen=True)
class Lines:
    """All scans as columns of equal length, in the order in which they came.

    `codes` are indices into `names`, for each of DIMENSIONS; `numbers` are NaN where unknown.
    """

    scan_ids: NDArray[np.bytes_]
    lines: NDArray[np.int64]
    patients: NDArray[np.int32]  # indices into the columns of `people`
    days: NDArray[np.int32]  # of arrival, in the server's time zone, since 1970
    numbers: dict[str, FloatArray]
    codes: dict[str, AnyArray]
    names: dict[str, tuple[str, ...]]
    people: People = field(default_factory=People)

    def __len__(self) -> int:
        return len(self.lines)


class Ledger:
    """The lines as they are now; shared by all threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._turn = threading.Lock()
        self._seen, self._seen_people = -1, -1
        self._names: dict[str, dict[str, int]] = {dimension: {} for dimension in (*_CODED, "version")}
        self._people: dict[str, int] = {}
        self._person_rows: list[tuple[str, str, str, str | None]] = []
        self._lines = _empty()

    def lines(self) -> Lines:
        """Every scan, with all changes that were committed before the call."""
        with self._turn:
            revision = self._revisions()
            if revision[REVISION_OF_PATIENTS] != self._seen_people:
                self._take_people(revision[REVISION_OF_PATIENTS])
            if revision[REVISION_OF_SCANS] != self._seen:
                self._take_lines(revision[REVISION_OF_SCANS])
            return self._lines

    @property
    def revision(self) -> int:
        """The revision of scans that `lines` gave last: an equal one means equal lines."""
        return self._seen

    def _revisions(self) -> dict[str, int]:
        with reading(self._engine) as connection:
            rows = connection.execute(select(revisions.c.name, revisions.c.value))
            return {row.name: int(row.value) for row in rows}

    def _take_people(self, revision: int) -> None:
        columns = (patients.c.id, patients.c.search_key, patients.c.pseudonym, patients.c.patient_id)
        for row in self._rows(select(*columns).where(patients.c.changed > self._seen_people)):
            code = self._people.setdefault(row[0], len(self._person_rows))
            if code == len(self._person_rows):
                self._person_rows.append(tuple(row))
            else:
                self._person_rows[code] = tuple(row)
        self._seen_people = revision
        people = People(*zip(*self._person_rows, strict=True)) if self._person_rows else People()
        self._lines = replace(self._lines, people=people)

    def _take_lines(self, revision: int) -> None:
        changed = [ledger.c[name] for name in _COLUMNS]
        query = select(*changed).where(ledger.c.changed > self._seen).order_by(ledger.c.line)
        parts: list[Lines] = []
        gone: list[int] = []
        batch: list[Any] = []
        early = sys.maxsize
        for row in self._rows(query):
            revision = max(revision, row.changed)
            if row.gone:
                gone.append(row.line)
            elif row.patient_id in self._people:
                batch.append(row)
            else:  # its patient was written after ours were read: both come the next time
                early = min(early, row.changed)
            if len(batch) == AT_ONCE:
                parts.append(self._columns(batch))
                batch = []
        parts.append(self._columns(batch))
        self._lines = _together([_without(self._lines, parts, gone), *parts], self._all_names())
        self._seen = min(revision, early - 1)

    def _rows(self, query: Select[Any]) -> Iterator[Row[Any]]:
        with reading(self._engine) as connection:
            yield from connection.execution_options(yield_per=AT_ONCE).execute(query)

    def _all_names(self) -> dict[str, tuple[str, ...]]:
        return {name: tuple(known) for name, known in self._names.items()} | _FIXED_NAMES

    def _columns(self, rows: Sequence[Any]) -> Lines:
        """Rows of the ledger as columns, new names added to those that are known."""
        column = dict(zip(_COLUMNS, zip(*rows, strict=True), strict=True)) if rows else {}
        number = {name: np.array(column.get(name, ()), dtype=np.float64) for name in _NUMBERS}
        codes: dict[str, AnyArray] = {
            name: self._coded(name, column.get(source, ()), empty) for name, (source, empty) in _CODED.items()
        }
        versions = [
            NONE if version is None else f"{task} {version}"
            for task, version in zip(column.get("task", ()), column.get("version", ()), strict=True)
        ]
        codes["version"] = self._coded("version", versions, NONE)
        codes |= _banded(number)
        codes["synthetic"] = np.array(column.get("synthetic", ()), dtype=np.uint8)
        return Lines(
            scan_ids=np.array(column.get("scan_id", ()), dtype="S32"),
            lines=np.array(column.get("line", ()), dtype=np.int64),
            patients=np.array([self._people[one] for one in column.get("patient_id", ())], dtype=np.int32),
            days=local_days(number["created_us"]),
            numbers=number,
            codes=codes,
            names={},
        )

    def _coded(self, dimension: str, values: Sequence[str | None], empty: str) -> AnyArray:
        known = self._names[dimension]
        return np.array([known.setdefault(one or empty, len(known)) for one in values], dtype=np.uint16)


def ranks(texts: Sequence[str | None]) -> FloatArray:
    """The place of each text in alphabetical order, NaN for none; one more NaN stands at the end."""
    known = sorted((text, code) for code, text in enumerate(texts) if text not in (None, UNKNOWN, NONE))
    places = np.full(len(texts) + 1, np.nan)
    for place, (_, code) in enumerate(known):
        places[code] = place
    return places


def local_days(moments_us: FloatArray) -> NDArray[np.int32]:
    """Microseconds since 1970 UTC -> the day in the server's own time zone, since 1970."""
    hours = (moments_us // 3_600_000_000).astype(np.int64)
    found, place = np.unique(hours, return_inverse=True)
    ahead = [datetime.fromtimestamp(int(hour) * 3600, UTC).astimezone().utcoffset() for hour in found]
    seconds = np.array([one.total_seconds() if one else 0 for one in ahead])
    shifted = moments_us / 1e6 + (seconds[place] if len(found) else 0)
    return (shifted // 86_400).astype(np.int32)


def _banded(number: dict[str, FloatArray]) -> dict[str, AnyArray]:
    return {
        "age": bands.ages(number["age_years"]),
        "size": bands.sizes(number["volume_ml"], number["positive"], number["has_mask"] == 1),
        "chance": bands.chances(number["probability"]),
        "result": bands.results(number["positive"]),
        "truth": bands.truths(number["positive"], number["truth_positive"]),
        "place": bands.places(number["head_row"], number["head_column"]),
    }


def _empty() -> Lines:
    none = np.zeros(0)
    codes: dict[str, AnyArray] = {name: none.astype(np.uint16) for name in DIMENSIONS}
    return Lines(
        none.astype("S32"), none.astype(np.int64), none.astype(np.int32), none.astype(np.int32),
        dict.fromkeys(_NUMBERS, none), codes, dict.fromkeys(DIMENSIONS, ()),
    )  # fmt: skip


def _without(lines: Lines, parts: list[Lines], gone: list[int]) -> Lines:
    """The lines that neither changed nor went."""
    touched = np.concatenate([*(part.lines for part in parts), np.array(gone, dtype=np.int64)])
    if not len(lines) or not np.isin(touched, lines.lines).any():
        return lines
    return _taken(lines, ~np.isin(lines.lines, touched))


def _taken(lines: Lines, kept: NDArray[Any]) -> Lines:
    return replace(
        lines,
        scan_ids=lines.scan_ids[kept],
        lines=lines.lines[kept],
        patients=lines.patients[kept],
        days=lines.days[kept],
        numbers={name: column[kept] for name, column in lines.numbers.items()},
        codes={name: column[kept] for name, column in lines.codes.items()},
    )


def _together(parts: list[Lines], names: dict[str, tuple[str, ...]]) -> Lines:
    """Parts one below the other, by their lines' numbers."""
    filled = [part for part in parts if len(part)] or parts[:1]
    joined = Lines(
        scan_ids=np.concatenate([part.scan_ids for part in filled]),
        lines=np.concatenate([part.lines for part in filled]),
        patients=np.concatenate([part.patients for part in filled]),
        days=np.concatenate([part.days for part in filled]),
        numbers={name: np.concatenate([part.numbers[name] for part in filled]) for name in _NUMBERS},
        codes={name: np.concatenate([part.codes[name] for part in filled]) for name in DIMENSIONS},
        names=names,
        people=parts[0].people,
    )
    if (np.diff(joined.lines) > 0).all():
        return joined
    return _taken(joined, np.argsort(joined.lines, kind="stable"))
