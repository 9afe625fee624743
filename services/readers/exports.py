"""Figures of readers as a file and as the API's answer, made of what the page shows.

A file is for the house: figures of few readers and few verdicts, laid side by side, tell of single patients.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from data import house_clock
from data.database import now
from data.records import NOTICE, VERSION, AuditEvent, ExportRow, User
from data.stores.audit import AuditLog
from reports.tables import csv_table
from reports.time_words import clock
from services.cohort.exports import MIME, Export, file_name
from services.cohort.small_numbers import Audience, audience_asked
from services.permissions import Permission, require
from services.readers.figures import KINDS
from services.readers.readers import Readers, ReadersView


class ReaderExports:
    """Writes; each file that leaves is noted in the audit trail."""

    def __init__(self, readers: Readers, audit: AuditLog) -> None:
        self._readers = readers
        self._audit = audit

    def export(self, task: str, user: User) -> Export:
        """The table of a task as CSV, for the house. Raises NotAllowed."""
        require(user, Permission.SEE_STATISTICS)
        audience, at = audience_asked(Audience.INSIDE, user), now()
        view = self._readers.of_task(task, user)
        facts = {
            "Task": task,
            "Verdicts since": f"{house_clock.day_of(view.since)}",
            "Counted": clock(at),
            "Lightbox": VERSION,
            "Notice": NOTICE,
            "Small numbers": audience.words,
        }
        self._audit.record(AuditEvent(at, user.id, "readers.export", "csv, for the house", task))
        name = file_name(f"readers-{task}", at, "csv", audience)
        return Export(name, csv_table(_rows(view), facts), MIME["csv"])

    def answer(self, task: str, user: User) -> dict[str, Any]:
        """The same for a program. Raises NotAllowed."""
        require(user, Permission.SEE_STATISTICS)
        view = self._readers.of_task(task, user)
        return {
            "task": view.task,
            "since": view.since.isoformat(),
            "numbers": [
                {"of": of, "name": row.name, "figure": kind.name, "unit": kind.unit}
                | asdict(row.figures[kind.name])
                for of, row in view.rows
                for kind in KINDS
            ],
            "notice": NOTICE,
        }


def _rows(view: ReadersView) -> list[ExportRow]:
    """Section is the figure, group what the row is of (all, group, reader), name which one."""
    return [
        ExportRow(
            section=kind.name,
            name=row.name,
            quantity=kind.unit,
            n=row.figures[kind.name].n,
            value=row.figures[kind.name].value,
            low=row.figures[kind.name].low,
            high=row.figures[kind.name].high,
            group=of,
            note=row.figures[kind.name].note,
        )
        for kind in KINDS
        for of, row in view.rows
    ]
