"""What people measured on scans by hand."""

from __future__ import annotations

from sqlalchemy import Column, Index, SmallInteger, String, Table

from data.columns import Line, UtcDateTime, Words
from data.tables.base import MYSQL, id_column, metadata, reference

scan_annotations = Table(
    "annotations",
    metadata,
    id_column(),
    reference("scan_id", "scans.id"),
    Column("kind", String(16), nullable=False),
    Column("slice_axis", SmallInteger, nullable=False),
    Column("points", Words, nullable=False),  # JSON
    Column("author_id", Line(64), nullable=False),
    Column("author_name", Line(), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Index("ix_annotations_scan_id_created_at", "scan_id", "created_at"),
    **MYSQL,
)
