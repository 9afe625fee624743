"""When senders sent, when the DICOM node listened, and what was decided on a sender's silence."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Integer, Table

from data.columns import Line, UtcDateTime
from data.tables.base import MYSQL, metadata

# Three months of each sender before its last instance; older rows are deleted.
dicom_arrivals = Table(
    "dicom_arrivals",
    metadata,
    Column("ae_title", Line(16), primary_key=True),
    Column("quarter", Integer, primary_key=True, autoincrement=False),  # of an hour, since 1970
    Column("instances", BigInteger, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
    **MYSQL,
)

dicom_listening = Table(
    "dicom_listening",
    metadata,
    Column("since", UtcDateTime, primary_key=True),
    Column("until", UtcDateTime, nullable=False),
    Column("told_at", UtcDateTime),
    **MYSQL,
)

dicom_watches = Table(
    "dicom_watches",
    metadata,
    Column("ae_title", Line(16), primary_key=True),
    Column("retired", Boolean, nullable=False),
    Column("muted_until", UtcDateTime),
    Column("decided_by", Line(64)),
    Column("decided_name", Line()),
    Column("decided_at", UtcDateTime),
    Column("told_for", UtcDateTime),
    **MYSQL,
)
