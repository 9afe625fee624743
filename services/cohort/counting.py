"""One count through the ledger: every number of the cohort page, with what selects its cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from data.ledger import bands
from data.ledger.bitmaps import Rows, row_numbers
from data.ledger.columns import MEASURED_BY, LedgerColumns
from data.ledger.quantiles import known_values, percentiles
from data.ledger.selection import FROM, TO, among, selected
from data.records import BY_PEOPLE, KeptRefusal, Outcome, ScanStatus, Verdict
from models.statistics.estimate import Estimate
from models.statistics.means import mean
from models.statistics.proportions import proportion
from services.cohort.filters import SYNTHETIC, Query, tidy

REFUSAL_FILTERS = (FROM, TO, "site", "scanner", "modality", SYNTHETIC)
"""The filters that a refusal can be asked by: its file told no more."""

_EPOCH = date(1970, 1, 1)
_WAITING = tuple(status.value for status in ScanStatus if status.in_queue)
_REVIEWED = tuple(verdict.value for verdict in BY_PEOPLE)
_READ = ("negative", "positive")
_MEASURED = tuple(size for size in bands.SIZES if size not in (bands.UNKNOWN, bands.NONE))


@dataclass(frozen=True)
class Bar:
    """How many scans fall into one class, and what selects them."""

    name: str
    n: int
    filters: Query
    positive: Estimate | None = None  # the share of positive ones among those that were read


@dataclass(frozen=True)
class Spread:
    """Median and 90th percentile of n values; None where there are none."""

    n: int
    median: float | None
    p90: float | None


@dataclass(frozen=True)
class KeyFigure:
    """One number of the page's head, and what selects the cases behind it."""

    n: int
    filters: Query
    share: Estimate | None = None
    spread: Spread | None = None


@dataclass(frozen=True)
class Cohort:
    """Everything that the page shows of one choice of filters."""

    filters: Query
    scans: KeyFigure
    patients: int
    positive: KeyFigure
    uncertain: KeyFigure
    volume_ml: KeyFigure
    corrected: KeyFigure
    waiting: KeyFigure
    refused: int
    refused_share: Estimate | None  # of scans and refusals; None where a filter fits scans alone
    refused_filtered_by: tuple[str, ...]  # the filters that refusals could be asked by
    upload_to_read_s: Spread
    read_to_review_s: Spread
    over_time: list[Bar]
    by_age: list[Bar]
    by_sex: list[Bar]
    by_task: list[Bar]
    by_result: list[Bar]
    by_review: list[Bar]
    by_truth: list[Bar]
    by_version: list[Bar]
    by_site: list[Bar]
    by_scanner: list[Bar]
    by_size: list[Bar]
    sizes_by_site: dict[str, list[Bar]]
    sizes_by_scanner: dict[str, list[Bar]]
    by_chance: list[Bar]
    by_place: list[Bar]
    dice: Estimate  # its mean
    dice_median: float | None
    refusals_by_reason: list[tuple[str, int]]
    refusals_by_scanner: list[tuple[str, int]]
    of_departments: bool = False  # their scans alone: what was refused is of none, and counted by the house


class Counting:
    """One count through the index."""

    def __init__(self, columns: LedgerColumns, filters: dict[str, tuple[str, ...]]) -> None:
        self._columns = columns
        self._filters = filters
        self._rows = selected(columns, filters)
        self._others: dict[frozenset[str], Rows] = {frozenset(): self._rows}
        self._read: dict[str, tuple[Rows, Rows]] = {}

    def cohort(self, refused: list[KeptRefusal]) -> Cohort:
        """All numbers of the page; `refused` are the refusals that fit."""
        dice = known_values(self._columns.index, self._columns.numbers, self._rows, "dice")
        return Cohort(
            filters=self._filters,
            scans=KeyFigure(len(self._rows), self._filters),
            patients=self._patients(),
            positive=self._among_read("result", "positive"),
            uncertain=self._among_read("outcome", Outcome.UNCERTAIN.value),
            volume_ml=self._volumes(),
            corrected=self._corrected(),
            waiting=self._tile("status", _WAITING),
            refused=len(refused),
            refused_share=self._refused_share(len(refused)),
            refused_filtered_by=tuple(name for name in self._filters if name in REFUSAL_FILTERS),
            upload_to_read_s=self._spread(self._rows, "read_s"),
            # An imported label is nobody's review.
            read_to_review_s=self._spread(self._both("review", _REVIEWED), "review_s"),
            over_time=self._over_time(),
            by_age=self._bars("age", rates=True),
            by_sex=self._bars("sex", rates=True),
            by_task=self._bars("task", rates=True),
            by_result=self._bars("result"),
            by_review=self._bars("review"),
            by_truth=self._bars("truth"),
            by_version=self._bars("version", rates=True),
            by_site=self._bars("site", rates=True),
            by_scanner=self._bars("scanner", rates=True),
            by_size=self._bars("size"),
            sizes_by_site=self._sizes_by("site"),
            sizes_by_scanner=self._sizes_by("scanner"),
            by_chance=self._bars("chance"),
            by_place=self._bars("place"),
            dice=mean(dice),
            dice_median=float(np.median(dice)) if len(dice) else None,
            refusals_by_reason=_counted([kept.refusal.code for kept in refused]),
            refusals_by_scanner=_counted([kept.refusal.scanner or bands.UNKNOWN for kept in refused]),
            of_departments=self._columns.departments is not None,
        )

    def _refused_share(self, refused: int) -> Estimate | None:
        if self._columns.departments is not None or any(
            name not in REFUSAL_FILTERS for name in self._filters
        ):
            return None
        return proportion(refused, refused + len(self._rows))

    def _with(self, name: str, values: Sequence[str]) -> Query:
        """The filters and one more; where there is one of this name already, both must hold."""
        before = self._filters.get(name)
        both = tuple(value for value in values if before is None or value in before)
        return tidy(self._filters | {name: both or ("nothing",)})

    def _both(self, name: str, values: Sequence[str]) -> Rows:
        """The scans that fit the filters and one more."""
        return self._rows & among(self._columns, name, values)

    def _tile(self, name: str, values: Sequence[str]) -> KeyFigure:
        return KeyFigure(len(self._both(name, values)), self._with(name, values))

    def _patients(self) -> int:
        seen = np.zeros(len(self._columns.people.ids) + 1, dtype=bool)
        seen[self._columns.patients[row_numbers(self._rows)]] = True
        return int(np.count_nonzero(seen))

    def _among_read(self, name: str, value: str) -> KeyFigure:
        tile, read = self._tile(name, (value,)), self._tile("result", _READ)
        return KeyFigure(tile.n, tile.filters, share=proportion(tile.n, read.n))

    def _volumes(self) -> KeyFigure:
        measured = self._both("size", _MEASURED)
        filters = self._with("size", _MEASURED)
        return KeyFigure(len(measured), filters, spread=self._spread(measured, "volume_ml"))

    def _corrected(self) -> KeyFigure:
        tile = self._tile("review", (Verdict.CORRECTED.value,))
        reviewed = self._tile("review", _REVIEWED)
        return KeyFigure(tile.n, tile.filters, share=proportion(tile.n, reviewed.n))

    def _spread(self, rows: Rows, quantity: str) -> Spread:
        n, values = percentiles(self._columns.index, self._columns.numbers, rows, quantity, (50, 90))
        return Spread(n, *values) if n else Spread(0, None, None)

    def _but(self, *names: str) -> Rows:
        """The scans that fit all filters but these: a chart goes on showing what else there is."""
        left_out = frozenset(names).intersection(self._filters)
        if left_out not in self._others:
            others = {name: values for name, values in self._filters.items() if name not in left_out}
            self._others[left_out] = selected(self._columns, others)
        return self._others[left_out]

    def _bars(self, name: str, rates: bool = False) -> list[Bar]:
        rows, bars = self._but(name), []
        read, positive = self._read_and_positive(name) if rates else (rows, rows)
        for value, of_class in self._classes(name):
            n = rows.intersection_cardinality(of_class)
            if n:
                share = None
                if rates:
                    hits = positive.intersection_cardinality(of_class)
                    share = proportion(hits, read.intersection_cardinality(of_class))
                bars.append(Bar(value, n, tidy(self._filters | {name: (value,)}), share))
        return bars

    def _read_and_positive(self, name: str) -> tuple[Rows, Rows]:
        """Of the scans that a chart of this dimension shows those that were read, and the positive ones."""
        left_out = name if name in self._filters else ""
        if left_out not in self._read:
            negative, positive = (
                self._but(name) & among(self._columns, "result", (result,)) for result in _READ
            )
            self._read[left_out] = negative | positive, positive
        return self._read[left_out]

    def _classes(self, name: str) -> list[tuple[str, Rows]]:
        """Of each class of a dimension all rows, in the order of the classes."""
        names = self._columns.names.get(name, ())
        return [(value, self._columns.index.of(name, code)) for value, code in _coded_in_order(name, names)]

    def _sizes_by(self, name: str) -> dict[str, list[Bar]]:
        """Of each site or scanner the lesions by class of volume."""
        names, rows, index = self._columns.names.get(name, ()), self._but(name, "size"), self._columns.index
        sizes: dict[str, list[Bar]] = {}
        for value, code in _coded_in_order(name, names):
            both = [
                index.of(MEASURED_BY[name], code * len(bands.SIZES) + size) for size in range(len(_MEASURED))
            ]
            counts = [rows.intersection_cardinality(of_both) for of_both in both]
            if any(counts):
                sizes[value] = [
                    Bar(size, n, tidy(self._filters | {name: (value,), "size": (size,)}))
                    for size, n in zip(_MEASURED, counts, strict=True)
                ]
        return sizes

    def _over_time(self) -> list[Bar]:
        """Scans a day, week or month, as the length of the period asks for."""
        days = self._columns.index.classes["day"]
        counts = {day: self._rows.intersection_cardinality(rows) for day, rows in days.items()}
        filled = [day for day, n in counts.items() if n]
        if not filled:
            return []
        bars: list[Bar] = []
        for start, end in periods(_day(min(filled)), _day(max(filled))):
            within = range((start - _EPOCH).days, (end - _EPOCH).days + 1)
            n = sum(counts.get(day, 0) for day in within)
            bars.append(Bar(start.isoformat(), n, tidy(self._filters | self._clipped(start, end))))
        return bars

    def _clipped(self, start: date, end: date) -> dict[str, tuple[str, ...]]:
        first, last = self._filters.get(FROM), self._filters.get(TO)
        begins = max(start.isoformat(), first[0]) if first else start.isoformat()
        ends = min(end.isoformat(), last[0]) if last else end.isoformat()
        return {FROM: (begins,), TO: (ends,)}


def periods(first: date, last: date) -> list[tuple[date, date]]:
    """Days, weeks from Monday, or months that cover first to last; some sixty at most for years."""
    length = (last - first).days + 1
    if length <= 62:
        return [(first + timedelta(day), first + timedelta(day)) for day in range(length)]
    if length <= 400:
        monday = first - timedelta(first.weekday())
        weeks = range(0, (last - monday).days + 1, 7)
        return [(monday + timedelta(day), monday + timedelta(day + 6)) for day in weeks]
    months: list[tuple[date, date]] = []
    start = first.replace(day=1)
    while start <= last:
        following = (start.replace(day=28) + timedelta(4)).replace(day=1)
        months.append((start, following - timedelta(1)))
        start = following
    return months


def _coded_in_order(name: str, names: Sequence[str]) -> list[tuple[str, int]]:
    codes = {value: code for code, value in enumerate(names)}
    return [(value, codes[value]) for value in in_order(name, list(names))]


def in_order(name: str, values: list[str]) -> list[str]:
    """Classes in their own order, names by the alphabet, what is unknown at the end."""
    if name in ("age", "size", "chance", "place"):
        return values
    return sorted(values, key=lambda value: (value in (bands.UNKNOWN, bands.NONE), value.casefold()))


def _counted(values: list[str]) -> list[tuple[str, int]]:
    different, counts = np.unique(np.array(values, dtype=object), return_counts=True) if values else ((), ())
    pairs = [(str(value), int(count)) for value, count in zip(different, counts, strict=True)]
    return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))


def _day(number: int) -> date:
    return _EPOCH + timedelta(number)
