"""The audit trail as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from reports.tables import csv_text

COLUMNS = (
    "at", "who", "what", "action", "subject", "detail",
    "number", "outcome", "patient", "role", "via", "address",
)  # fmt: skip


class AuditRow(NamedTuple):
    """One event: `what` in words, `action` as it was written; `at` is aware, `patient` a pseudonym."""

    at: datetime
    who: str
    what: str
    action: str
    subject: str
    detail: str
    number: int
    outcome: str
    patient: str
    role: str
    via: str
    address: str


def audit_table(rows: Sequence[AuditRow]) -> bytes:
    """RFC 4180 in UTF-8 with the mark by which Excel knows it; times are UTC in ISO 8601.

    No text becomes a formula: names of accounts and files are in it, which anybody may choose.
    """
    return csv_text(COLUMNS, [(_utc(row.at), *row[1:]) for row in rows])


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
