"""Results that were read again from what they were made of."""

from __future__ import annotations

from sqlalchemy import Column, Index, String, Table

from data.columns import ID_LENGTH, Line, UtcDateTime, Words
from data.tables.base import MYSQL, id_column, metadata

reruns = Table(
    "reruns",
    metadata,
    id_column(),
    Column("scan_id", String(ID_LENGTH), nullable=False),
    Column("result_id", String(ID_LENGTH), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("asked_by", Line(64), nullable=False),
    Column("asked_name", Line(), nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("report", Words, nullable=False),  # JSON
    Index("ix_reruns_scan_id", "scan_id"),
    Index("ix_reruns_result_id", "result_id"),
    **MYSQL,
)
