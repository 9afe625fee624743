"""Cohort statistics: what came through the house, counted in the ledger for any choice of filters.

Every number comes with the filters that select the cases behind it: the worklist, asked with
them, shows exactly those.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import combinations
from typing import Any
from urllib.parse import parse_qs

from data import house_clock
from data.ledger import bands
from data.ledger.blinding import NOTHING_HIDDEN, Hidden
from data.ledger.in_memory import Ledger
from data.ledger.selection import FROM, TO, day_number, selected
from data.records import KeptRefusal, User
from data.stores.refusals import RefusalStore
from reports.chart_axes import Figure
from services.cohort.charts import Marks, charts
from services.cohort.counting import Cohort, Counting, in_order
from services.cohort.filters import FILTERS, SYNTHETIC, Query, occurs, of_one_kind, query_of, tidy
from services.cohort.presence import require_here
from services.permissions import Permission, require

HiddenFrom = Callable[[User | None], Hidden]
_KEPT_ANSWERS = 64
_EVERY_SUBSET = 4  # filters of which every choice is left out; each costs a count


def hidden_from_nobody(_: User | None) -> Hidden:
    """For a house without readers: commands, and figures that nobody is shown as a person."""
    return NOTHING_HIDDEN


@dataclass(frozen=True)
class CohortAddress:
    """An address in its parts: filters, the same as a query, and the query of the second cohort.

    `said` is what the address itself filters by; `filters` also say what is meant where it says nothing.
    """

    filters: Query
    query: str
    said: Query
    vs: str | None = None


class Cohorts:
    """Counts; changes nothing."""

    def __init__(
        self,
        ledger: Ledger,
        refusals: RefusalStore,
        thresholds: Callable[[], Mapping[str, float]],
        hidden: HiddenFrom,
    ) -> None:
        """`hidden` says what a person, or anybody, is not to know yet."""
        self._ledger = ledger
        self._hidden = hidden
        self._refusals = refusals
        self._thresholds = thresholds
        self._answers: OrderedDict[Any, Cohort] = OrderedDict()
        self._turn = threading.Lock()

    def cohort(self, filters: Query, viewer: User | None) -> Cohort:
        """The statistics of the scans that fit `filters`, as a person may know them; None: for everybody.

        Real and synthetic scans never share a number: of what is not said, real ones are meant, or synthetic
        ones in a house that has no others. Raises InvalidInput for a filter that does not exist, and for
        both kinds at once.
        """
        if viewer is not None:
            require(viewer, Permission.SEE_COHORT)
        hidden = self._hidden(viewer)
        columns = self._ledger.columns(hidden)
        asked = of_one_kind(tidy(filters), columns)
        key = (columns.revision, columns.departments, hidden, tuple(asked.items()), self._refusals.count())
        with self._turn:
            if key in self._answers:
                self._answers.move_to_end(key)
                return self._answers[key]
        counted = Counting(columns, asked).cohort(self._refused(asked))
        with self._turn:
            self._answers[key] = counted
            while len(self._answers) > _KEPT_ANSWERS:
                self._answers.popitem(last=False)
        return counted

    def wider(self, cohort: Cohort, viewer: User | None) -> list[Cohort]:
        """The same cohort with some of its filters or all of them left out: what it can be subtracted from.

        Of many filters each is left out alone, and all of them at once.
        """
        names = [name for name in cohort.filters if name != SYNTHETIC]
        sizes = range(1, len(names) + 1) if len(names) <= _EVERY_SUBSET else (1, len(names))
        left_out = dict.fromkeys(without for size in sizes for without in combinations(names, size))
        return [
            self.cohort({name: chosen for name, chosen in cohort.filters.items() if name not in out}, viewer)
            for out in left_out
        ]

    def asked(self, search: str) -> CohortAddress:
        """An address as `?site=A&site=B&vs=…`; what it filters by is checked when it is counted."""
        everything = parse_qs(search.lstrip("?"), keep_blank_values=True)
        vs = everything.pop("vs", [None])[0]  # empty: every scan is the second cohort
        said = tidy(everything)
        filters = of_one_kind(said, self._ledger.columns(self._hidden(None)))
        return CohortAddress(filters, query_of(filters), said, vs)

    def query_of(self, filters: Query) -> str:
        """Filters as an address, the inverse of `asked`."""
        return query_of(filters)

    def charts(self, cohort: Cohort, marks: Marks | None = None) -> dict[str, Figure]:
        """Every chart of a cohort by its name; what `marks` withholds is drawn as withheld."""
        return charts(cohort, self._thresholds(), marks or {})

    def choices(self, viewer: User) -> dict[str, list[str]]:
        """What each filter can be set to, as far as scans have it that a person may know of."""
        require(viewer, Permission.SEE_COHORT)
        return self._choices(viewer)

    def window_choices(self, viewer: User) -> dict[str, list[str]]:
        """What each filter of a window of drift can be set to."""
        require(viewer, Permission.RUN_DRIFT)
        return self._choices(viewer)

    def _choices(self, viewer: User) -> dict[str, list[str]]:
        columns = self._ledger.columns(self._hidden(viewer))
        return {
            name: in_order(
                name, [value for value in columns.names[name] if value and occurs(columns, name, value)]
            )
            for name in FILTERS
            if name in columns.names and name != "place"
        }

    def total(self, filters: Query, viewer: User | None) -> int:
        """How many scans fit, as a person may know; None: for everybody."""
        if viewer is not None:
            require(viewer, Permission.SEE_COHORT)
        return len(selected(self._ledger.columns(self._hidden(viewer)), tidy(filters)))

    def require_here(self, filters: Query) -> None:
        """Raises NotFound for a site, scanner, age group and so on that there is not here; see `presence`."""
        # What readers may not know yet is what a scan's result is, not from where it came.
        require_here(tidy(filters), self._ledger.columns(NOTHING_HIDDEN), date.today())

    def refusals(self, filters: Query) -> list[KeptRefusal]:
        """The refusals of a period, site, scanner, modality and kind (real, synthetic), newest first."""
        return self._refused(tidy(filters))

    def _refused(self, filters: Query) -> list[KeptRefusal]:
        first, end = (_moment(filters.get(FROM), 0), _moment(filters.get(TO), 1))
        refusals = self._refusals.between(first, end)
        if filters.get(SYNTHETIC):
            made = "yes" in filters[SYNTHETIC]
            refusals = [kept for kept in refusals if kept.synthetic == made]
        for name in ("site", "scanner", "modality"):
            wanted = filters.get(name)
            if wanted:
                refusals = [
                    kept for kept in refusals if (getattr(kept.refusal, name) or bands.UNKNOWN) in wanted
                ]
        return refusals


def _moment(values: Sequence[str] | None, after_days: int) -> datetime | None:
    """The beginning of a day in the server's time zone, `after_days` later."""
    if not values:
        return None
    try:
        day = date(1970, 1, 1) + timedelta(day_number(values[0]) + after_days)
        return house_clock.start_of_day(day)
    except (OverflowError, ValueError):  # before the first or after the last day that there is
        return None
