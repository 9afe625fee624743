"""Boards that people made of numbers over time."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, Table

from data.columns import Line, UtcDateTime, Words
from data.tables.base import MYSQL, id_column, metadata

boards = Table(
    "boards",
    metadata,
    id_column(),
    Column("title", Line(), nullable=False),
    Column("panels", Words, nullable=False),  # JSON: in their order
    Column("months", Integer, nullable=False),  # the last so many; 0 for all
    Column("site", Line(), nullable=False),
    Column("scanner", Line(), nullable=False),
    Column("sex", Line(16), nullable=False),
    Column("age", Line(16), nullable=False),  # a group of ages
    Column("shared", Boolean, nullable=False),
    Column("owner_id", Line(64), nullable=False),
    Column("owner_name", Line(), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Index("ix_boards_owner_id", "owner_id"),
    **MYSQL,
)
