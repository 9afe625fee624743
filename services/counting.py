"""One count through the ledger: every number of the cohort page, with what selects its cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from data import bands
from data.lines import Lines
from data.records import KeptRefusal, ScanStatus, Verdict
from data.selection import FROM, TO, selected
from models.metrics import Figure, rate

FILTERS = (
    "from", "to", "task", "site", "scanner", "modality", "sex", "age", "result", "version", "review",
    "status", "size", "chance", "truth", "place", "synthetic",
)  # fmt: skip
"""What the page filters by, in the order in which it says so."""

REFUSAL_FILTERS = (FROM, TO, "site", "scanner", "modality")
"""The filters that a refusal can be asked by: its file told no more."""

_EPOCH = date(1970, 1, 1)
_WAITING = (ScanStatus.WAITING.value, ScanStatus.READING.value)
_REVIEWED = (Verdict.ACCEPTED.value, Verdict.REJECTED.value, Verdict.CORRECTED.value)
_MEASURED = tuple(one for one in bands.SIZES if one not in (bands.UNKNOWN, bands.NONE))
Mask = NDArray[np.bool_]
Query = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Bar:
    """How many scans fall into one class, and what selects them."""

    name: str
    n: int
    filters: Query
    positive: Figure | None = None  # the share of positive ones among those that were read


@dataclass(frozen=True)
class Spread:
    """Median and 90th percentile of n values; None where there are none."""

    n: int
    median: float | None
    p90: float | None


@dataclass(frozen=True)
class Tile:
    """One number of the page's head, and what selects the cases behind it."""

    n: int
    filters: Query
    share: Figure | None = None
    spread: Spread | None = None


@dataclass(frozen=True)
class Cohort:
    """Everything that the page shows of one choice of filters."""

    filters: Query
    scans: Tile
    patients: int
    positive: Tile
    volume_ml: Tile
    corrected: Tile
    waiting: Tile
    refused: int
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
    dice: Spread
    refusals_by_reason: list[tuple[str, int]]
    refusals_by_scanner: list[tuple[str, int]]


def tidy(filters: Query) -> dict[str, tuple[str, ...]]:
    """Filters in one order, without empty ones and doubles: equal choices are equal here."""
    kept = {name: tuple(sorted({value for value in values if value})) for name, values in filters.items()}
    order = {name: index for index, name in enumerate(FILTERS)}
    names = sorted(kept, key=lambda one: (order.get(one, len(order)), one))
    return {name: kept[name] for name in names if kept[name]}


class Counting:
    """One count through the lines."""

    def __init__(self, lines: Lines, filters: dict[str, tuple[str, ...]]) -> None:
        self._lines = lines
        self._filters = filters
        self._mask = selected(lines, filters)
        self._masks: dict[str, Mask] = {}

    def cohort(self, refused: list[KeptRefusal]) -> Cohort:
        """All numbers of the page; `refused` are the refusals that fit."""
        number, mask = self._lines.numbers, self._mask
        return Cohort(
            filters=self._filters,
            scans=Tile(int(mask.sum()), self._filters),
            patients=self._patients(),
            positive=self._positive(),
            volume_ml=self._volumes(),
            corrected=self._corrected(),
            waiting=self._tile("status", _WAITING),
            refused=len(refused),
            refused_filtered_by=tuple(name for name in self._filters if name in REFUSAL_FILTERS),
            upload_to_read_s=self._seconds("created_us", "read_us"),
            read_to_review_s=self._seconds("read_us", "reviewed_us", self._by_people()),
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
            dice=_spread(number["dice"][mask & ~np.isnan(number["dice"])]),
            refusals_by_reason=_counted([one.refusal.code for one in refused]),
            refusals_by_scanner=_counted([one.refusal.scanner or bands.UNKNOWN for one in refused]),
        )

    def _with(self, name: str, values: Sequence[str]) -> Query:
        """The filters and one more; where there is one of this name already, both must hold."""
        before = self._filters.get(name)
        both = tuple(value for value in values if before is None or value in before)
        return tidy(self._filters | {name: both or ("nothing",)})

    def _tile(self, name: str, values: Sequence[str]) -> Tile:
        filters = self._with(name, values)
        return Tile(int(selected(self._lines, filters).sum()), filters)

    def _patients(self) -> int:
        seen = np.zeros(len(self._lines.people.ids) + 1, dtype=bool)
        seen[self._lines.patients[self._mask]] = True
        return int(seen.sum())

    def _positive(self) -> Tile:
        counts = self._joint("result", self._mask)
        negative, positive = int(counts[1]), int(counts[2])
        return Tile(positive, self._with("result", ("positive",)), share=rate(positive, negative + positive))

    def _volumes(self) -> Tile:
        filters = self._with("size", _MEASURED)
        measured = selected(self._lines, filters)
        return Tile(int(measured.sum()), filters, spread=_spread(self._lines.numbers["volume_ml"][measured]))

    def _corrected(self) -> Tile:
        tile = self._tile("review", (Verdict.CORRECTED.value,))
        reviewed = self._tile("review", _REVIEWED)
        return Tile(tile.n, tile.filters, share=rate(tile.n, reviewed.n))

    def _by_people(self) -> Mask:
        """Scans that somebody reviewed; an imported label is nobody's review."""
        return selected(self._lines, {"review": _REVIEWED})

    def _seconds(self, first: str, last: str, among: Mask | None = None) -> Spread:
        number = self._lines.numbers
        known = self._mask & ~np.isnan(number[last])
        if among is not None:
            known &= among
        return _spread((number[last][known] - number[first][known]) / 1e6)

    def _but(self, name: str) -> Mask:
        """The scans that fit all filters but this one: a chart goes on showing what else there is."""
        if name not in self._filters:
            return self._mask
        if name not in self._masks:
            self._masks[name] = selected(self._lines, self._filters, but=name)
        return self._masks[name]

    def _joint(self, name: str, mask: Mask, other: str | None = None) -> NDArray[np.int64]:
        """Counts by code of one dimension, or of two as one code after the other."""
        codes, size = self._lines.codes[name], len(self._lines.names.get(name, ()))
        if other is not None:
            width = len(self._lines.names[other])
            codes = codes.astype(np.int64) * width + self._lines.codes[other]
            size *= width
        return np.bincount(codes if mask.all() else codes[mask], minlength=size)

    def _bars(self, name: str, rates: bool = False) -> list[Bar]:
        mask, names = self._but(name), self._lines.names.get(name, ())
        if rates:
            by_result = self._joint(name, mask, "result").reshape(-1, len(bands.RESULTS))
            counts = by_result.sum(axis=1)
        else:
            by_result, counts = np.zeros((0, 3), dtype=np.int64), self._joint(name, mask)
        return [
            Bar(
                value,
                int(counts[code]),
                tidy(self._filters | {name: (value,)}),
                rate(int(by_result[code, 2]), int(by_result[code, 1:].sum())) if rates else None,
            )
            for value, code in _coded_in_order(name, names)
            if counts[code]
        ]

    def _sizes_by(self, name: str) -> dict[str, list[Bar]]:
        """Of each site or scanner the lesions by class of volume."""
        names, width = self._lines.names.get(name, ()), len(bands.SIZES)
        others = {one: values for one, values in self._filters.items() if one not in (name, "size")}
        mask = self._mask if len(others) == len(self._filters) else selected(self._lines, others)
        table = self._joint(name, mask, "size").reshape(-1, width) if names else np.zeros((0, width))
        measured = [bands.SIZES.index(one) for one in _MEASURED]
        return {
            value: [
                Bar(
                    bands.SIZES[size],
                    int(table[code, size]),
                    tidy(self._filters | {name: (value,), "size": (bands.SIZES[size],)}),
                )
                for size in measured
            ]
            for value, code in _coded_in_order(name, names)
            if table[code, measured].sum()
        }

    def _over_time(self) -> list[Bar]:
        """Scans a day, week or month, as the length of the period asks for."""
        days = self._lines.days[self._mask]
        if not len(days):
            return []
        counts = np.bincount(days - days.min())
        first = int(days.min())
        bars: list[Bar] = []
        for start, end in periods(_day(first), _day(first + len(counts) - 1)):
            low, high = (start - _EPOCH).days - first, (end - _EPOCH).days - first
            n = int(counts[max(0, low) : high + 1].sum())
            shown = self._clipped(start, end)
            bars.append(Bar(start.isoformat(), n, tidy(self._filters | shown)))
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


def _spread(values: NDArray[np.float64]) -> Spread:
    if not len(values):
        return Spread(0, None, None)
    median, p90 = np.percentile(values, [50, 90])
    return Spread(len(values), float(median), float(p90))


def _coded_in_order(name: str, names: Sequence[str]) -> list[tuple[str, int]]:
    codes = {value: code for code, value in enumerate(names)}
    return [(value, codes[value]) for value in in_order(name, list(names))]


def in_order(name: str, values: list[str]) -> list[str]:
    """Classes in their own order, names by the alphabet, what is unknown at the end."""
    if name in ("age", "size", "chance", "place"):
        return values
    return sorted(values, key=lambda one: (one in (bands.UNKNOWN, bands.NONE), one.casefold()))


def _counted(values: list[str]) -> list[tuple[str, int]]:
    found, counts = np.unique(np.array(values, dtype=object), return_counts=True) if values else ((), ())
    pairs = [(str(value), int(count)) for value, count in zip(found, counts, strict=True)]
    return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))


def _day(number: int) -> date:
    return _EPOCH + timedelta(number)
