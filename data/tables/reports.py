"""Reports that were asked for."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, String, Table

from data.columns import Line, UtcDateTime, Words
from data.tables.base import MYSQL, id_column, metadata

reports = Table(
    "reports",
    metadata,
    id_column(),
    Column("kind", String(32), nullable=False),  # drift, performance, cohort, governance
    Column("title", Line(), nullable=False),
    Column("ask", Words, nullable=False),  # JSON of what was asked for
    Column("state", String(16), nullable=False),  # waiting, made, failed
    Column("failure", Words),
    Column("files", Words, nullable=False),  # JSON: kind of file -> its sha256
    Column("signed", Boolean, nullable=False),
    Column("made_by", Line(64), nullable=False),
    Column("made_name", Line(), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("made_at", UtcDateTime),
    Index("ix_reports_created_at", "created_at"),
    **MYSQL,
)
