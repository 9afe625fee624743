"""The cohort's numbers as files and as answers of the API.

What is asked for inside the house shows what the page shows; what leaves it has no numbers that stand for few
(`services.cohort.small_numbers`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, NamedTuple

from data.database import now
from data.errors import NotFound
from data.ledger.bands import NONE, UNKNOWN
from data.records import NOTICE, SYNTHETIC, VERSION, AuditEvent, ExportRow, User
from data.stores.audit import AuditLog
from reports.chart_axes import Figure
from reports.cohort_document import Section, cohort_document
from reports.tables import csv_table, json_table, parquet_table, xlsx_table
from reports.time_words import clock
from reports.typesetting import pdf
from services.cohort.charts import Marks
from services.cohort.class_words import class_words
from services.cohort.cohort import Cohorts
from services.cohort.comparison import CohortComparison, CohortDifference
from services.cohort.counting import REFUSAL_FILTERS, Cohort
from services.cohort.filters import Query, in_words, of_made_scans, query_of
from services.cohort.small_numbers import (
    FEW,
    WITHHELD,
    Audience,
    apart_from,
    audience_asked,
    audience_of_answers,
    stands_for_few,
    suppressed,
)
from services.cohort.table import MEAN, NOTES, SCANS, SHARE, TITLES, RowKey, cohort_table, row_key
from services.permissions import Permission, require
from services.task_words import DRAWN_DICE, MEASURED_VOLUME

MIME = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
    "pdf": "application/pdf",
    "json": "application/json",
}
"""The kinds of file that there are."""

_SUMMARY = "summary"
_TELLS: Mapping[str, Collection[RowKey]] = {  # the rows of a cohort that a comparison tells
    "positive": {(_SUMMARY, "", "positive", SHARE)},
    "corrected": {(_SUMMARY, "", "corrected", SHARE)},
    "rejected": {(_SUMMARY, "", "corrected", SHARE), ("review", "", "rejected", SCANS)},
    "missed": {
        ("truth", "", "miss", SCANS),
        ("truth", "", "right", SCANS),
        (_SUMMARY, "", "positive", SHARE),
    },
    "age_years": {("age", "", UNKNOWN, SCANS), (_SUMMARY, "", "all", SCANS)},
    "volume_ml": {(_SUMMARY, "", MEASURED_VOLUME, SCANS)},
    "probability": {("chance", "", NONE, SCANS), (_SUMMARY, "", "upload to result", "median_s")},
    "read_s": {(_SUMMARY, "", "upload to result", "median_s")},
    "dice": {("agreement", "", DRAWN_DICE, MEAN)},
}
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

    def export(self, filters: Query, kind: str, user: User, audience: str | None = None) -> Export:
        """The numbers of a cohort as a file of one of the kinds in MIME, for `outside` unless it is said.

        Raises InvalidInput for a filter or audience that does not exist, NotFound for a kind that does not.
        """
        require(user, Permission.SEE_COHORT)
        readers = audience_asked(audience, user)
        if kind not in MIME:
            raise NotFound("There is no such kind of file.")
        cohort, at = self._cohorts.cohort(filters, user), now()
        rows = told(self._cohorts, cohort, readers, user)
        content = self._written(kind, cohort, rows, facts(cohort, user, at, readers))
        subject = kind if readers.withholds else f"{kind}, for the house"
        self._audit.record(AuditEvent(at, user.id, "cohort.export", subject, query_of(cohort.filters)))
        return Export(file_name(_subject(cohort), at, kind, readers), content, MIME[kind])

    def numbers(self, filters: Query, user: User, audience: str | None = None) -> dict[str, Any]:
        """The same numbers for a program; raises InvalidInput for a filter that does not exist."""
        require(user, Permission.SEE_COHORT)
        readers = audience_of_answers(audience, user)
        cohort = self._cohorts.cohort(filters, user)
        return {
            "filters": _plain(cohort.filters),
            "refusals_filtered_by": list(cohort.refused_filtered_by),
            "small_numbers_hidden": readers.withholds,
            "numbers": [asdict(row) for row in told(self._cohorts, cohort, readers, user)],
            "notice": NOTICE,
        }

    def compared(
        self, first: Query, second: Query, user: User, audience: str | None = None
    ) -> dict[str, Any]:
        """Two cohorts side by side for a program; raises InvalidInput for a filter that does not exist."""
        require(user, Permission.SEE_COHORT)
        readers = audience_of_answers(audience, user)
        differences = self._comparison.compare(first, second, user)
        marked = self._marked(first, second, user) if readers.withholds else set()
        return {
            "first": _plain(first),
            "second": _plain(second),
            "small_numbers_hidden": readers.withholds,
            "differences": [_difference(each, readers, marked) for each in differences],
            "notice": NOTICE,
        }

    def _marked(self, first: Query, second: Query, user: User) -> set[RowKey]:
        """The rows that the table of either cohort withholds: a comparison would tell them."""
        both = (self._cohorts.cohort(filters, user) for filters in (first, second))
        rows = (row for cohort in both for row in told(self._cohorts, cohort, Audience.OUTSIDE, user))
        return {row_key(row) for row in rows if row.note}

    def _written(
        self, kind: str, cohort: Cohort, rows: Sequence[ExportRow], preamble: Mapping[str, str]
    ) -> bytes:
        made = of_made_scans(cohort.filters)
        if kind == "pdf":
            figures = self._cohorts.charts(cohort, marks_of(rows))
            return pdf(cohort_document(sections(rows, figures), preamble, synthetic=made))
        if kind == "xlsx":
            return xlsx_table(rows, preamble, synthetic=made)
        write = {"csv": csv_table, "parquet": parquet_table, "json": json_table}[kind]
        return write(rows, preamble)


def told(cohorts: Cohorts, cohort: Cohort, audience: Audience, viewer: User | None) -> list[ExportRow]:
    """Every number of the cohort page in its order, as an audience is told it."""
    if not audience.withholds:
        return table(cohort)
    return table(cohort, withheld_beside=cohorts.wider(cohort, viewer))


def table(cohort: Cohort, withheld_beside: Sequence[Cohort] | None = None) -> list[ExportRow]:
    """Every number of the cohort page in its order.

    With `withheld_beside`, the wider cohorts that this one may be subtracted from, those of few cases are
    withheld.
    """
    whole = cohort_table(cohort)
    if withheld_beside is None:
        return [counted.row for counted in whole.rows]
    for wider in withheld_beside:
        whole.apart |= apart_from(whole, cohort_table(wider))
    return suppressed(whole)


def file_name(subject: str, at: datetime, kind: str, audience: Audience) -> str:
    """What a file of numbers is called; who it is for stands in its name where it is for the house."""
    words = "" if audience.withholds else "-for-the-house"
    return f"lightbox-{subject}-{at:%Y-%m-%d}{words}.{kind}"


def _subject(cohort: Cohort) -> str:
    """What a file of a cohort is of, in its name: files of made scans lie beside those of real ones."""
    return f"cohort-{SYNTHETIC}" if of_made_scans(cohort.filters) else "cohort"


def facts(cohort: Cohort, user: User, at: datetime, audience: Audience) -> dict[str, str]:
    """What a person must know of an export, by its label."""
    preamble = {
        "Filters": in_words(cohort.filters),
        "Counted": clock(at),
        "By": user.display_name,
        "Lightbox": VERSION,
        "Notice": NOTICE,
    }
    if any(name not in REFUSAL_FILTERS for name in cohort.filters):
        preamble["Refusals"] = _UNDIFFERENTIATED
    return preamble | {"Small numbers": audience.words}


def marks_of(rows: Sequence[ExportRow]) -> Marks:
    """Why numbers are withheld, by their row."""
    return {row_key(row): row.note for row in rows if row.note}


_OF_SHARES = {"age", "sex", "version"}  # whose charts draw the share of positive ones
_OF_OUTLINES = {"size", "size_by_site", "size_by_scanner", "place"}


def sections(rows: Sequence[ExportRow], figures: Mapping[str, Figure]) -> list[Section]:
    """The rows by section, each under its title and with its chart where it has one.

    What is measured of outlines is left out where none of the scans has one: a page of zeros says nothing.
    Nor does a chart of one class, or of withheld numbers alone, say more than its table.
    """
    sections = []
    for section, title in TITLES.items():
        own = [row for row in rows if row.section == section]
        if section in _OF_OUTLINES and not any(row.value or row.note for row in own if row.name != NONE):
            continue
        classes = {(row.group, row.name) for row in own}
        drawn = [row for row in own if row.quantity == SHARE or section not in _OF_SHARES]
        figure = figures.get(section) if len(classes) > 1 and any(row.value for row in drawn) else None
        if section == "place":  # some two hundred; most are small, and a page of marks says nothing
            own = [row for row in own if not row.note]
        own = [replace(row, name=class_words(section, row.name)) for row in own]
        sections.append(Section(title, figure, own, NOTES.get(section, "")))
    return sections


def _difference(difference: CohortDifference, audience: Audience, marked: set[RowKey]) -> dict[str, Any]:
    plain = asdict(difference) | {"n": list(difference.n), "values": list(difference.values), "note": ""}
    if not audience.withholds:
        return plain
    few = stands_for_few(difference)
    if not few and marked.isdisjoint(_TELLS[difference.name]):
        return plain
    nothing = dict.fromkeys(("effect", "low", "high", "p", "p_corrected"))
    note = FEW if few else WITHHELD
    return plain | nothing | {"n": [None, None], "values": [None, None], "test": "", "note": note}


def _plain(filters: Query) -> dict[str, list[str]]:
    return {name: list(values) for name, values in filters.items()}
