"""What was found burned into pictures, and who decided what on it."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Integer, String, Table, UniqueConstraint

from data.columns import Line, UtcDateTime, Words
from data.tables.base import MYSQL, id_column, metadata

pixel_screenings = Table(
    "pixel_screenings",
    metadata,
    id_column(),
    Column("content_sha256", String(64), nullable=False),
    Column("detector", Line(64), nullable=False),
    Column("slices", Integer, nullable=False),
    Column("declared", Boolean, nullable=False),
    Column("boxes", Words, nullable=False),  # JSON: [slice, top, left, bottom, right] each
    Column("screened_at", UtcDateTime, nullable=False),
    Column("decision", String(16), nullable=False),
    Column("decided_by", Line(64), nullable=False),
    Column("decided_name", Line(), nullable=False),
    Column("decided_at", UtcDateTime),
    Column("why", Words, nullable=False),
    UniqueConstraint("content_sha256", "detector"),
    **MYSQL,
)
