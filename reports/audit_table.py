"""The audit trail as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from reports.tables import cell

COLUMNS = ("at", "who", "what", "action", "subject", "detail")


class AuditRow(NamedTuple):
    """One event: `what` in words, `action` as it was written; `at` is aware."""

    at: datetime
    who: str
    what: str
    action: str
    subject: str
    detail: str


def audit_table(rows: Sequence[AuditRow]) -> bytes:
    """RFC 4180 in UTF-8 with the mark by which Excel knows it; times are UTC in ISO 8601.

    No text becomes a formula: names of accounts and files are in it, which anybody may choose.
    """
    memory = io.StringIO()
    write = csv.writer(memory, lineterminator="\r\n")
    write.writerow(COLUMNS)
    for row in rows:
        moment = row.at.astimezone(UTC).isoformat(timespec="seconds")
        write.writerow([moment, *map(cell, row[1:])])
    return memory.getvalue().encode("utf-8-sig")
