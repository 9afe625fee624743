"""Readings as the ACR's Assess-AI registry takes them by hand: a CSV with its template's columns.

The columns are those that ACR Connect lists for the import of AI results from a local drive (support
article 11000129804). Manufacturer, model and version are taken to be those of the AI, not of the scanner.
What Lightbox does not know (race, ethnicity, contrast) stays empty.
"""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from data import house_clock
from data.database import now
from data.ledger.bitmaps import row_numbers
from data.ledger.columns import LedgerColumns
from data.ledger.in_memory import Ledger
from data.ledger.selection import selected
from data.records import VERSION, AuditEvent, User
from data.stores.audit import AuditLog
from reports.tables import csv_text
from services.cohort.exports import MIME, Export
from services.cohort.filters import of_kind
from services.performance.cases import filters_of
from services.performance.numbers import PerformanceQuery
from services.permissions import Permission, require
from services.reading_words import completed_years
from services.task_words import words_of

COLUMNS = (
    "Patient ID", "Accession Number", "Result Indicator", "AI Result", "Manufacturer", "Model", "Study Date",
    "Software Version", "Platform", "Inference Date", "Age", "Sex", "Race", "Ethnicity", "Exam Name",
    "Modality", "Body Part Examined", "Contrast Indication",
)  # fmt: skip
_RESULTS = {1.0: "Positive", 0.0: "Negative"}


class AssessAi:
    """Writes the file; it is noted in the audit trail."""

    def __init__(self, ledger: Ledger, audit: AuditLog) -> None:
        self._ledger = ledger
        self._audit = audit

    def export(self, asked: PerformanceQuery, user: User) -> Export:
        """One row a reading of the version (of a month, where one is chosen), real patients only.

        Patients stand under their pseudonyms and accession numbers are Lightbox's scan ids: whoever
        submits the file replaces them in the hospital's own system.
        """
        require(user, Permission.SEE_STATISTICS)
        which = asked.which()
        columns = self._ledger.columns(asked.hidden)
        rows = row_numbers(selected(columns, of_kind(filters_of(which), made=False)))
        content = csv_text(COLUMNS, (_row(columns, row, asked) for row in rows.tolist()))
        at = now()
        self._audit.record(AuditEvent(at, user.id, "performance.export", "assess-ai", asked.query()))
        name = f"assess-ai-{asked.task}-{asked.version or 'none'}-{house_clock.day_of(at)}.csv"
        return Export(name, content, MIME["csv"])


def _row(columns: LedgerColumns, row: int, asked: PerformanceQuery) -> list[str]:
    number = {name: float(column[row]) for name, column in columns.numbers.items()}
    said = {
        name: columns.names[name][int(columns.codes[name][row])] for name in ("sex", "sequence", "modality")
    }
    known = {name: "" if value == "unknown" else value for name, value in said.items()}
    return [
        columns.people.pseudonyms[int(columns.patients[row])],
        columns.scan_ids[row].decode(),
        _RESULTS.get(number["positive"], ""),
        "" if np.isnan(number["probability"]) else f"{number['probability']:.4f}",
        "Lightbox",
        asked.task,
        _day(number["acquired_us"]),
        asked.version,
        f"Lightbox {VERSION}",
        _day(number["read_us"]),
        "" if np.isnan(number["age_years"]) else str(completed_years(float(number["age_years"]))),
        known["sex"],
        "",
        "",
        known["sequence"],
        known["modality"],
        words_of(asked.task).body_part,
        "",
    ]


def _day(moment_us: float) -> str:
    known = not np.isnan(moment_us)
    return f"{house_clock.day_of(datetime.fromtimestamp(moment_us / 1e6, UTC))}" if known else ""
