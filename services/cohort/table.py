"""The cohort as one long table: every number of the page as a row, in the page's order.

Beside each row stand the counts that can be read off it, by the query that selects their cases,
and beside the table the sums that hold between counts: what `services.cohort.small_numbers` needs to know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from data.ledger.bands import NONE, SIZES, UNKNOWN
from data.records import ExportRow
from models.statistics.estimate import Estimate
from services.cohort.counting import Bar, Cohort, KeyFigure, Spread
from services.cohort.filters import query_of
from services.task_words import DRAWN_DICE, MEASURED_VOLUME

TITLES = {
    "summary": "At a glance",
    "time": "Scans over time",
    "task": "Scans by task",
    "site": "Scans by site",
    "scanner": "Scans by scanner",
    "age": "Positive by age",
    "sex": "Positive by sex",
    "version": "Positive by model version",
    "size": MEASURED_VOLUME.capitalize(),
    "size_by_site": f"{MEASURED_VOLUME.capitalize()} by site",
    "size_by_scanner": f"{MEASURED_VOLUME.capitalize()} by scanner",
    "place": "Where the largest lesions lie",
    "result": "Results",
    "chance": "Probability",
    "review": "Reviews",
    "truth": "AI against the truth",
    "refusals": "Refusals by reason",
    "refusals_by_scanner": "Refusals by scanner",
    "agreement": "Agreement of masks",
}
"""The sections in the page's order, with what stands above them."""

NOTES = {
    "time": "Days, weeks or months by their first day.",
    "place": "Rows from the front of the head, columns from the patient's right, 16 of each from 0. "
    "Places whose number is withheld are not listed.",
}
"""What a section needs said besides its title."""

BARS = (
    "task", "site", "scanner", "age", "sex", "version", "size", "place", "result", "chance", "review",
    "truth",
)  # fmt: skip
"""The sections that count scans by a class of their own."""

SCANS, SHARE, REFUSALS, MEAN = "scans", "share", "refusals", "mean"
_PATIENTS, _REFUSED, _READ, _REVIEWED, _DICE = "patients", "refused", "read", "reviewed", "dice"
_NOT_CORRECTED, _NOT_WAITING = "reviewed but not corrected", "unread but not waiting"
_CERTAIN = "read and certain"
_WAITED_FOR, _READ_BEFORE = "read after its upload", "read before it was kept"
_RESULTS = ("positive", "negative", NONE)


@dataclass(frozen=True)
class CountedRow:
    """A row, and the names of the counts that can be read off it."""

    row: ExportRow
    discloses: tuple[str, ...]


@dataclass
class CohortTable:
    """Rows, the counts behind them, and which counts are the sum of which others.

    `public` are counts that everybody may be taken to know although no row discloses them; `states` are
    those that say how far the work is (read, reviewed) and nothing of any patient; `apart` are those that
    the table of a wider choice exceeds by few; `last` are withheld for others only where nothing else helps;
    `answers` are no secret however few they are.
    """

    rows: list[CountedRow] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    sums: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    public: set[str] = field(default_factory=set)
    states: set[str] = field(default_factory=set)
    apart: set[str] = field(default_factory=set)
    last: set[str] = field(default_factory=set)
    answers: set[str] = field(default_factory=set)


RowKey = tuple[str, str, str, str]
"""Section, group, name and quantity of a row."""


def row_key(row: ExportRow) -> RowKey:
    """What tells a row from all others of its table."""
    return row.section, row.group, row.name, row.quantity


def cohort_table(cohort: Cohort) -> CohortTable:
    """All rows of a cohort, nothing withheld."""
    building = _Building(cohort)
    building.summary()
    building.bars("time", cohort.over_time)
    for section in ("task", "site", "scanner", "age", "sex", "version"):
        building.bars(section, getattr(cohort, f"by_{section}"), section)
    building.bars("size", cohort.by_size, "size")
    building.sizes("size_by_site", cohort.sizes_by_site)
    building.sizes("size_by_scanner", cohort.sizes_by_scanner)
    for section in ("place", "result", "chance", "review", "truth"):
        building.bars(section, getattr(cohort, f"by_{section}"), section)
    if not cohort.of_departments:
        building.refusals("refusals", cohort.refusals_by_reason)
        building.refusals("refusals_by_scanner", cohort.refusals_by_scanner)
    building.dice("agreement")
    return building.whole()


class _Building:
    """A table while it grows."""

    def __init__(self, cohort: Cohort) -> None:
        self._cohort = cohort
        self._filters = cohort.filters
        self._table = CohortTable()

    def summary(self) -> None:
        """The tiles."""
        cohort = self._cohort
        self._tile("all", cohort.scans)
        self._count("summary", "all", "patients", _PATIENTS, cohort.patients)
        self._tile("positive", cohort.positive)
        self._share("positive", cohort.positive, self._with("result", "negative", "result"))
        self._tile("uncertain", cohort.uncertain)
        self._share("uncertain", cohort.uncertain, _CERTAIN)
        self._tile(MEASURED_VOLUME, cohort.volume_ml)
        if cohort.volume_ml.spread is not None:
            tile = cohort.volume_ml
            self.spread("summary", MEASURED_VOLUME, cohort.volume_ml.spread, query_of(tile.filters), "_ml")
        self._tile("corrected", cohort.corrected)
        self._share("corrected", cohort.corrected, _NOT_CORRECTED)
        self._tile("waiting", cohort.waiting)
        if not cohort.of_departments:
            self._count("summary", "refused", REFUSALS, _REFUSED, cohort.refused)
        self.spread("summary", "upload to result", cohort.upload_to_read_s, _WAITED_FOR, "_s")
        self.spread("summary", "result to review", cohort.read_to_review_s, _REVIEWED, "_s")

    def bars(self, section: str, bars: Sequence[Bar], dimension: str | None = None) -> None:
        """One class a bar; with a share of positive ones where the bar has one."""
        for bar in bars:
            self._count(section, bar.name, SCANS, query_of(bar.filters), bar.n)
            if bar.positive is not None:
                self._positive(section, bar, bar.positive)
        others = {name: values for name, values in self._filters.items() if name != dimension}
        total = query_of(others)
        if dimension is not None and dimension in self._filters:
            # Counted by no row, but to be had from a page without this filter.
            self._public(total, sum(bar.n for bar in bars))
            wanted = self._filters[dimension]  # those make up the cohort itself
            chosen = tuple(query_of(bar.filters) for bar in bars if bar.name in wanted)
            self._table.sums.append((query_of(self._filters), chosen))
        self._table.sums.append((total, tuple(query_of(bar.filters) for bar in bars)))
        if dimension not in self._filters and bars and bars[0].positive is not None:
            self._positives(bars)

    def sizes(self, section: str, groups: Mapping[str, Sequence[Bar]]) -> None:
        """Of each site or scanner the classes of volume; over all of them they make up the whole class."""
        columns: dict[str, list[str]] = {}
        for group, bars in groups.items():
            for bar in bars:
                key = query_of(bar.filters)
                self._count(section, bar.name, SCANS, key, bar.n, group)
                columns.setdefault(bar.name, []).append(key)
        for size, keys in columns.items():
            self._table.sums.append((self._key("size", size), tuple(keys)))

    def refusals(self, section: str, counts: Sequence[tuple[str, int]]) -> None:
        """Refusals by reason or scanner."""
        for name, n in counts:
            self._count(section, name, REFUSALS, f"{section} {name}", n)
        self._table.sums.append((_REFUSED, tuple(f"{section} {name}" for name, _ in counts)))

    def spread(self, section: str, name: str, values: Spread, key: str, unit: str = "") -> None:
        """Median and 90th percentile, with n."""
        self._table.counts[key] = values.n
        for quantity, value in ((f"median{unit}", values.median), (f"p90{unit}", values.p90)):
            self._table.rows.append(CountedRow(ExportRow(section, name, quantity, values.n, value), (key,)))

    def dice(self, section: str) -> None:
        """Mean with its interval and median, with n."""
        mean, median = self._cohort.dice, self._cohort.dice_median
        self._table.counts[_DICE] = mean.n
        told = ExportRow(section, DRAWN_DICE, MEAN, 0, None)
        if mean.n:
            told = ExportRow(section, DRAWN_DICE, MEAN, mean.n, mean.value, mean.low, mean.high)
        for row in (told, ExportRow(section, DRAWN_DICE, "median", mean.n, median)):
            self._table.rows.append(CountedRow(row, (_DICE,)))

    def whole(self) -> CohortTable:
        """The table with what holds between the sections; sums that do not hold are left out."""
        table, total = self._table, query_of(self._filters)
        unread, waiting = self._key("result", NONE), query_of(self._cohort.waiting.filters)
        others = table.counts.get(unread, 0) - table.counts[waiting]
        if others >= 0:  # fewer where scans with a result wait for another reading
            table.counts[_NOT_WAITING] = others
            table.sums.append((unread, (waiting, _NOT_WAITING)))
        read = 0 if self._cohort.positive.share is None else self._cohort.positive.share.n
        table.counts[_READ] = read
        table.counts[_READ_BEFORE] = read - table.counts[_WAITED_FOR]
        table.sums += [
            (_READ, (_WAITED_FOR, _READ_BEFORE)),
            (total, (_READ, *self._present("result", (NONE,)))),
            (_READ, self._present("result", ("positive", "negative"))),
            (_READ, (query_of(self._cohort.uncertain.filters), _CERTAIN)),
            (total, (_REVIEWED, *self._present("review", (NONE,)))),
            (query_of(self._cohort.volume_ml.filters), self._present("size", SIZES, (UNKNOWN, NONE))),
            (_NOT_CORRECTED, self._present("review", ("accepted", "rejected", "unsure"))),
        ]
        table.sums = [equation for equation in table.sums if self._holds(*equation)]
        unfinished = (self._key(name, NONE) for name in ("result", "chance", "version", "review"))
        table.states |= {*unfinished, waiting, _NOT_WAITING, _READ, _WAITED_FOR, _READ_BEFORE, _REVIEWED}
        return table

    def _tile(self, name: str, tile: KeyFigure) -> None:
        self._count("summary", name, SCANS, query_of(tile.filters), tile.n)

    def _share(self, name: str, tile: KeyFigure, others: str) -> None:
        """The tile's share; `others` are those that it is compared with."""
        if tile.share is not None:
            self._table.counts[others] = tile.share.n - tile.n
            row = _share_row("summary", name, tile.share)
            self._table.rows.append(CountedRow(row, (query_of(tile.filters), others)))

    def _positive(self, section: str, bar: Bar, share: Estimate) -> None:
        hits = round(share.value * share.n) if share.n else 0
        keys = [self._part(bar, result) for result in _RESULTS]
        self._table.counts |= dict(zip(keys, (hits, share.n - hits, bar.n - share.n), strict=True))
        self._table.sums.append((query_of(bar.filters), tuple(keys)))
        self._table.states.add(keys[2])
        self._table.rows.append(CountedRow(_share_row(section, bar.name, share), (keys[0], keys[1])))

    def _positives(self, bars: Sequence[Bar]) -> None:
        """Over all classes, positive, negative and unread scans make up those of the cohort."""
        for result in _RESULTS:
            total = self._key("result", result)
            if "result" not in self._filters and all(bar.name != result for bar in self._cohort.by_result):
                self._public(total, 0)
            self._table.sums.append((total, tuple(self._part(bar, result) for bar in bars)))

    def _part(self, bar: Bar, result: str) -> str:
        if "result" in self._filters:  # the same query would select cases outside of the cohort
            return f"{query_of(bar.filters)} of which {result}"
        return query_of({**bar.filters, "result": (result,)})

    def _with(self, name: str, value: str, words: str) -> str:
        return f"{words} {value}" if name in self._filters else self._key(name, value)

    def _key(self, name: str, value: str) -> str:
        return query_of({**self._filters, name: (value,)})

    def _present(self, name: str, values: Sequence[str], but: Sequence[str] = ()) -> tuple[str, ...]:
        """The counts of these classes, as far as there are scans in them."""
        keys = (self._key(name, value) for value in values if value not in but)
        return tuple(key for key in keys if key in self._table.counts)

    def _public(self, key: str, n: int) -> None:
        self._table.counts.setdefault(key, n)
        self._table.public.add(key)

    def _holds(self, total: str, parts: Sequence[str]) -> bool:
        counts = self._table.counts
        known = total in counts and all(part in counts for part in parts)
        return known and counts[total] == sum(counts[part] for part in parts)

    def _count(self, section: str, name: str, quantity: str, key: str, n: int, group: str = "") -> None:
        self._table.counts[key] = n
        self._table.rows.append(CountedRow(ExportRow(section, name, quantity, n, n, group=group), (key,)))


def _share_row(section: str, name: str, share: Estimate) -> ExportRow:
    if share.n == 0:
        return ExportRow(section, name, SHARE, 0, None)
    return ExportRow(section, name, SHARE, share.n, share.value, share.low, share.high)
