"""The cases behind a number of real use: which they are, and the address that opens exactly those."""

from __future__ import annotations

import calendar
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

import numpy as np
from numpy.typing import NDArray

from data.errors import InvalidInput
from data.ledger import bands
from data.ledger.bitmaps import row_numbers
from data.ledger.blinding import NOTHING_HIDDEN, Hidden
from data.ledger.in_memory import Ledger
from data.ledger.judgements import JudgementStore
from data.ledger.selection import selected
from data.records import Judgement, Judgements, Outcome
from reports.performance_figures import REVIEWED, SAMPLE
from services import addresses
from services.cohort.filters import query_of
from services.statistics.scoring import wrongness
from services.statistics.subgroups import SUBGROUPS

Mask = NDArray[np.bool_]
WHAT = {  # which of the judged cases, and how the list of them is called
    "all": "Judged cases",
    "ill": "The ill",
    "healthy": "The healthy",
    "called-ill": "Called ill",
    "hit": "Ill and called ill",
    "miss": "Misses: ill and called healthy",
    "false-alarm": "False alarms: healthy and called ill",
    "clear": "Healthy and called healthy",
    "dice": "Cases with a mask that a person drew",
    "outlined": "Findings whose outline a person judged",
}
OF_METRIC = {
    "recall": "ill", "frr": "ill", "specificity": "healthy", "far": "healthy", "precision": "called-ill",
    "dice": "dice", "accepted_outlines": "outlined",
}  # fmt: skip
"""What a metric is a share or mean of, where that is not all judged cases."""

_TRUTHS = ("right", "false alarm", "miss")
_AS_FILTERS: Mapping[str, dict[str, tuple[str, ...]]] = {  # those that the worklist can say too
    "all": {"truth": _TRUTHS},
    "called-ill": {"truth": ("right", "false alarm"), "result": ("positive",)},
    "hit": {"truth": ("right",), "result": ("positive",)},
    "miss": {"truth": ("miss",)},
    "false-alarm": {"truth": ("false alarm",)},
    "clear": {"truth": ("right",), "result": ("negative",)},
}
_IN_ADDRESS = ("task", "version", "month", "part", "group")
CHOICES = ("site", "scanner", "sex", "age")
"""Of which scans real use can be told alone, each by a group of `services.statistics.subgroups`."""
NOT_BY_CHOICE = "Not counted by site, scanner, sex or age group: take that choice away to see it."
_KEPT = 2048
PAGE = 100


@dataclass(frozen=True)
class Which:
    """Judged cases of a version: of a month or of all, of everything reviewed or of the random sample."""

    task: str
    version: str
    month: str = ""
    part: str = REVIEWED
    synthetic: bool = False
    what: str = "all"
    group: str = ""  # such as "sex:F"
    hidden: Hidden = NOTHING_HIDDEN  # from whoever asks: these are left out
    chosen: tuple[tuple[str, str], ...] = ()  # of these groups alone, such as ("scanner", "Skyra")


@dataclass(frozen=True)
class CasePage:
    """Some of many cases, the most wrong first."""

    rows: tuple[Judgement, ...]
    total: int
    number: int
    last: int


class Cases:
    """Finds the cases of numbers; changes nothing."""

    def __init__(self, judgements: JudgementStore, ledger: Ledger) -> None:
        self._judgements = judgements
        self._ledger = ledger
        self._turn = threading.Lock()
        self._grouped: dict[str, tuple[int, dict[tuple[str, bool], Judgements]]] = {}
        self._addresses: OrderedDict[tuple[int, Which], str] = OrderedDict()

    def revision(self, task: str) -> int:
        """A number that differs whenever a judgement of a task has changed."""
        self.versions(task)  # the store's own number is of what was asked last
        return self._judgements.revision

    def versions(self, task: str) -> dict[tuple[str, bool], Judgements]:
        """All judgements of a task by version, and by whether they were made for a demonstration."""
        judgements = self._judgements.of(task)
        revision = self._judgements.revision
        with self._turn:
            kept = self._grouped.get(task)
            if kept is None or kept[0] != revision:
                kept = revision, _grouped(judgements)
                self._grouped[task] = kept
            return kept[1]

    def months(self, task: str, version: str | None = None) -> tuple[str, ...]:
        """The months in which a version (None: any) read anything, oldest first."""
        counts = self._judgements.read_counts(task)
        return tuple(sorted({month for of, month, _ in counts if version in (None, of)}))

    def of(self, which: Which) -> Judgements:
        """The cases; raises InvalidInput for a kind of cases or a month that does not exist."""
        if which.what not in WHAT or which.part not in (REVIEWED, SAMPLE):
            raise InvalidInput(f"There are no cases called {which.what} of {which.part}.")
        judgements = self.versions(which.task).get((which.version, which.synthetic))
        if judgements is None:
            return Judgements.from_columns({})
        rows = np.ones(len(judgements), dtype=bool)
        if which.month:
            rows &= judgements.months() == month_of(which.month)
        if which.part == SAMPLE:
            rows &= judgements.sampled
        rows &= in_groups(which.chosen, judgements)
        if which.group:
            rows &= in_group(which.group, judgements)
        return known(judgements.where(rows & rows_of(which.what, judgements)), which.hidden)

    def page(self, which: Which, number: int = 1) -> CasePage:
        """One page of the cases: those that were answered most wrongly first."""
        judgements = self.of(which)
        order = np.argsort(-wrongness(judgements), kind="stable")
        last = max(1, -(-len(judgements) // PAGE))
        shown = min(max(1, number), last)
        rows = order[(shown - 1) * PAGE : shown * PAGE]
        return CasePage(tuple(judgements[int(row)] for row in rows), len(judgements), shown, last)

    def address(self, which: Which) -> str:
        """What opens exactly these cases: the worklist where its filters can say it, else our own list."""
        key = (self._judgements.revision, which)
        with self._turn:
            if key in self._addresses:
                self._addresses.move_to_end(key)
                return self._addresses[key]
        address = self._worklist(which) or self.listed(which)
        with self._turn:
            self._addresses[key] = address
            while len(self._addresses) > _KEPT:
                self._addresses.popitem(last=False)
        return address

    def listed(self, which: Which) -> str:
        """The address of the list of these cases on the performance page."""
        return addresses.performance(urlencode(parameters(which) | {"cases": which.what}))

    def readings(self, which: Which, n: int) -> str:
        """What opens all readings of a version and month, judged or not; "" where they are not exactly n."""
        filters = filters_of(which)
        shown = len(selected(self._ledger.columns(which.hidden), filters))
        return addresses.worklist(query_of(filters)) if shown == n else ""

    def answered(self, which: Which, outcome: Outcome) -> tuple[str, int]:
        """What opens a version's scans with an answer, and how many these are.

        It shows what stands now, by day of arrival: a scan that another version read again is not among them.
        """
        filters = filters_of(which, {"outcome": (outcome.value,)})
        return addresses.worklist(query_of(filters)), len(
            selected(self._ledger.columns(which.hidden), filters)
        )

    def _worklist(self, which: Which) -> str:
        """The worklist's address where it shows these cases and no other, else nothing."""
        if which.what not in _AS_FILTERS:
            return ""
        filters = filters_of(which, _AS_FILTERS[which.what] | _group_filter(which.group))
        columns, wanted = self._ledger.columns(which.hidden), self.of(which).scan_id
        rows = selected(columns, filters)
        if len(rows) != len(wanted):
            return ""
        shown = {scan_id.decode() for scan_id in columns.scan_ids[row_numbers(rows)].tolist()}
        return addresses.worklist(query_of(filters)) if shown == set(wanted) else ""


def parameters(which: Which) -> dict[str, str]:
    """A choice of cases as parameters of the page's address, without `what`."""
    parts = {name: str(getattr(which, name)) for name in _IN_ADDRESS if getattr(which, name)}
    return parts | dict(which.chosen) | {"synthetic": "yes" if which.synthetic else "no"}


def rows_of(what: str, judgements: Judgements) -> Mask:
    """Which of the judgements are of a kind of WHAT."""
    ill, called = judgements.truth_positive, judgements.positive
    kinds: dict[str, Mask] = {
        "all": np.ones(len(judgements), dtype=bool),
        "ill": ill,
        "healthy": ~ill,
        "called-ill": called,
        "hit": ill & called,
        "miss": ill & ~called,
        "false-alarm": ~ill & called,
        "clear": ~ill & ~called,
        "dice": ~np.isnan(judgements.dice),
        "outlined": judgements.outlined,
    }
    return kinds[what]


def in_group(group: str, judgements: Judgements) -> Mask:
    """Which of the judgements are of a group like "sex:F", as `services.statistics.subgroups` forms them."""
    dimension, _, name = group.partition(":")
    if dimension not in SUBGROUPS:
        raise InvalidInput(f"Cases are not grouped by {dimension}.")
    if dimension == "age":
        return np.asarray(np.array(bands.AGES)[bands.ages(judgements.age_years)] == name)
    if dimension == "size":
        every = np.ones(len(judgements), dtype=bool)
        codes = bands.sizes(judgements.truth_volume_ml, every.astype(np.float64), every)
        return np.asarray(judgements.truth_positive & (np.array(bands.SIZES)[codes] == name))
    column = getattr(judgements, dimension)
    return np.array([(bands.UNKNOWN if value is None else value) == name for value in column], dtype=bool)


def in_groups(chosen: Sequence[tuple[str, str]], judgements: Judgements) -> Mask:
    """Which of the judgements are in all of these groups, each a dimension and a name."""
    rows = np.ones(len(judgements), dtype=bool)
    for dimension, name in chosen:
        rows &= in_group(f"{dimension}:{name}", judgements)
    return rows


def known(judgements: Judgements, hidden: Hidden) -> Judgements:
    """The judgements without those of scans that are hidden."""
    unknown = hidden.readings | hidden.reviews
    if not unknown:
        return judgements
    return judgements.where(np.array([scan_id not in unknown for scan_id in judgements.scan_id], dtype=bool))


def month_of(text: str) -> np.datetime64:
    """A month like "2026-11"; raises InvalidInput."""
    try:
        year, month = text.split("-")
        if len(year) == 4 and 1 <= int(month) <= 12:
            return np.datetime64(f"{int(year):04d}-{int(month):02d}", "M")
    except ValueError:
        pass
    raise InvalidInput(f"“{text}” is not a month like 2026-11.")


def filters_of(which: Which, more: Mapping[str, Sequence[str]] | None = None) -> dict[str, tuple[str, ...]]:
    """Readings of a version, in a month of arrival, as the worklist filters; and `more`."""
    filters: dict[str, tuple[str, ...]] = {
        "task": (which.task,),
        "version": (f"{which.task} {which.version}",),
    }
    filters |= {dimension: (name,) for dimension, name in which.chosen}
    filters |= {name: tuple(values) for name, values in (more or {}).items()}
    filters["synthetic"] = ("yes" if which.synthetic else "no",)
    if which.part == SAMPLE:
        filters["sample"] = ("yes",)
    if which.month:
        year, month = (int(part) for part in which.month.split("-"))
        last = calendar.monthrange(year, month)[1]
        filters |= {"from": (f"{which.month}-01",), "to": (f"{which.month}-{last:02d}",)}
    return filters


def _group_filter(group: str) -> dict[str, tuple[str, ...]]:
    dimension, _, name = group.partition(":")
    return {dimension: (name,)} if group else {}


def _grouped(judgements: Judgements) -> dict[tuple[str, bool], Judgements]:
    """Judgements by version and synthetic."""
    codes: dict[str, int] = {}
    version = np.array(
        [codes.setdefault(version_name, len(codes)) for version_name in judgements.version], dtype=np.int64
    )
    key = version * 2 + judgements.synthetic
    names = list(codes)
    return {
        (names[code // 2], bool(code % 2)): judgements.where(np.flatnonzero(key == code))
        for code in np.unique(key).tolist()
    }
