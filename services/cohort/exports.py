"""The cohort's numbers as they leave the house: files, and the answers of the API.

Files, answers and page show the same numbers; who may not know patients gets none that stand for few.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, NamedTuple

from data.database import now
from data.errors import NotFound
from data.records import NOTICE, VERSION, AuditEvent, ExportRow, User
from data.stores.audit import AuditLog
from reports.cohort_document import Section, cohort_document
from reports.figures import Figure
from reports.tables import csv_table, json_table, parquet_table, xlsx_table
from reports.typesetting import pdf
from services.cohort.cohort import Cohorts
from services.cohort.comparison import CohortComparison, CohortDifference
from services.cohort.counting import REFUSAL_FILTERS, Bar, Cohort
from services.cohort.filters import SYNTHETIC, Query, in_words, query_of
from services.cohort.small_numbers import stands_for_few, suppressed
from services.cohort.table import BARS, NOTES, REFUSALS, SCANS, SHARE, TITLES, cohort_table
from services.permissions import Permission, may, require

MIME = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
    "pdf": "application/pdf",
    "json": "application/json",
}
"""The kinds of file that there are."""

ShownRows = set[tuple[str, str, str, str]]  # section, group, name and quantity of a row
HIDDEN = "Numbers that stand for fewer than 5 cases, and others that would give them away, are withheld."
_UNDIFFERENTIATED = "Refusals are counted by period, site, scanner and modality only."


class Export(NamedTuple):
    """A file to be sent."""

    name: str
    content: bytes
    mime: str


class CohortExports:
    """Counts and writes; each file that leaves is noted in the audit trail."""

    def __init__(self, cohorts: Cohorts, comparison: CohortComparison, audit: AuditLog) -> None:
        self._cohorts = cohorts
        self._comparison = comparison
        self._audit = audit

    def export(self, filters: Query, kind: str, user: User) -> Export:
        """The numbers of a cohort as a file of one of the kinds in MIME.

        Raises InvalidInput for a filter that does not exist, NotFound for a kind that does not.
        """
        require(user, Permission.SEE_STATISTICS)
        if kind not in MIME:
            raise NotFound("There is no such kind of file.")
        cohort, at = self._cohorts.cohort(filters, user), now()
        rows = table(cohort, hides_small(user))
        content = self._written(kind, cohort, rows, facts(cohort, user, at))
        self._audit.record(AuditEvent(at, user.id, "cohort.export", kind, query_of(cohort.filters)))
        return Export(f"lightbox-cohort-{at:%Y-%m-%d}.{kind}", content, MIME[kind])

    def numbers(self, filters: Query, user: User) -> dict[str, Any]:
        """The same numbers for a program; raises InvalidInput for a filter that does not exist."""
        require(user, Permission.SEE_STATISTICS)
        cohort = self._cohorts.cohort(filters, user)
        return {
            "filters": _plain(cohort.filters),
            "refusals_filtered_by": list(cohort.refused_filtered_by),
            "small_numbers_hidden": hides_small(user),
            "numbers": [asdict(row) for row in table(cohort, hides_small(user))],
            "notice": NOTICE,
        }

    def compared(self, first: Query, second: Query, user: User) -> dict[str, Any]:
        """Two cohorts side by side for a program; raises InvalidInput for a filter that does not exist."""
        require(user, Permission.SEE_STATISTICS)
        differences = self._comparison.compare(first, second, user)
        return {
            "first": _plain(first),
            "second": _plain(second),
            "small_numbers_hidden": hides_small(user),
            "differences": [_difference(difference, hides_small(user)) for difference in differences],
            "notice": NOTICE,
        }

    def _written(
        self, kind: str, cohort: Cohort, rows: Sequence[ExportRow], preamble: Mapping[str, str]
    ) -> bytes:
        if kind == "pdf":
            figures = self._cohorts.charts(shown(cohort, rows))
            return pdf(cohort_document(sections(rows, figures), preamble))
        write = {"csv": csv_table, "xlsx": xlsx_table, "parquet": parquet_table, "json": json_table}[kind]
        return write(rows, preamble)


def hides_small(user: User) -> bool:
    """Whether this person sees no numbers that stand for few: who may not know patients."""
    return not may(user, Permission.SEE_IDENTITY)


def table(cohort: Cohort, hide_small: bool) -> list[ExportRow]:
    """Every number of the cohort page in its order; with `hide_small`, without those of few cases."""
    whole = cohort_table(cohort)
    return suppressed(whole) if hide_small else [line.row for line in whole.lines]


def facts(cohort: Cohort, user: User, at: datetime) -> dict[str, str]:
    """What a person must know of an export, by its label."""
    preamble = {
        "Filters": in_words(cohort.filters),
        "Counted": f"{at:%Y-%m-%d %H:%M} UTC",
        "By": user.display_name,
        "Lightbox": VERSION,
        "Notice": NOTICE,
    }
    if any(name not in (*REFUSAL_FILTERS, SYNTHETIC) for name in cohort.filters):
        preamble["Refusals"] = _UNDIFFERENTIATED
    if hides_small(user):
        preamble["Small numbers"] = HIDDEN
    return preamble


def shown(cohort: Cohort, rows: Sequence[ExportRow]) -> Cohort:
    """The cohort as far as `rows` tell it, so that a chart draws nothing that the rows withhold."""
    shown_rows = {(row.section, row.group, row.name, row.quantity) for row in rows if not row.note}
    bars: dict[str, Any] = {
        f"by_{bar}": _shown_bars(bar, getattr(cohort, f"by_{bar}"), shown_rows) for bar in BARS
    }
    return replace(
        cohort,
        over_time=_shown_bars("time", cohort.over_time, shown_rows),
        **bars,
        sizes_by_site=_shown_sizes("size_by_site", cohort.sizes_by_site, shown_rows),
        sizes_by_scanner=_shown_sizes("size_by_scanner", cohort.sizes_by_scanner, shown_rows),
        refusals_by_reason=_shown_refusals("refusals", cohort.refusals_by_reason, shown_rows),
        refusals_by_scanner=_shown_refusals("refusals_by_scanner", cohort.refusals_by_scanner, shown_rows),
    )


def sections(rows: Sequence[ExportRow], figures: Mapping[str, Figure]) -> list[Section]:
    """The rows by section, each under its title and with its chart where it has one."""
    sections = []
    for section, title in TITLES.items():
        own = [row for row in rows if row.section == section]
        figure = figures.get(section) if any(row.value for row in own) else None
        if section == "place":  # some two hundred; most are small, and a page of marks says nothing
            own = [row for row in own if not row.note]
        sections.append(Section(title, figure, own, NOTES.get(section, "")))
    return sections


def _shown_bars(section: str, bars: Sequence[Bar], shown_rows: ShownRows) -> list[Bar]:
    return [
        bar if (section, "", bar.name, SHARE) in shown_rows else replace(bar, positive=None)
        for bar in bars
        if (section, "", bar.name, SCANS) in shown_rows
    ]


def _shown_sizes(
    section: str, groups: Mapping[str, Sequence[Bar]], shown_rows: ShownRows
) -> dict[str, list[Bar]]:
    """Classes that are not shown stay as empty ones: the chart wants the same in each group."""
    return {
        group: [bar if (section, group, bar.name, SCANS) in shown_rows else replace(bar, n=0) for bar in bars]
        for group, bars in groups.items()
    }


def _shown_refusals(
    section: str, counts: Sequence[tuple[str, int]], shown_rows: ShownRows
) -> list[tuple[str, int]]:
    return [(name, n) for name, n in counts if (section, "", name, REFUSALS) in shown_rows]


def _difference(difference: CohortDifference, hide_small: bool) -> dict[str, Any]:
    plain = asdict(difference) | {"n": list(difference.n), "values": list(difference.values), "note": ""}
    if not hide_small or not stands_for_few(difference):
        return plain
    nothing = dict.fromkeys(("effect", "low", "high", "p", "p_corrected"))
    return plain | nothing | {"n": [None, None], "values": [None, None], "test": "", "note": "<5"}


def _plain(filters: Query) -> dict[str, list[str]]:
    return {name: list(values) for name, values in filters.items()}
