"""What people write on model cards; no row is ever changed."""

from __future__ import annotations

from sqlalchemy import Column, Index, String, Table

from data.columns import Line, UtcDateTime, Words
from data.tables.base import MYSQL, id_column, metadata

card_statements = Table(
    "card_statements",
    metadata,
    id_column(),
    Column("task", Line(64), nullable=False),
    Column("version", Line(64), nullable=False),
    Column("key", String(64), nullable=False),
    Column("words", Words, nullable=False),
    Column("author_id", Line(64), nullable=False),
    Column("author_name", Line(), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_card_statements_task_version", "task", "version"),
    **MYSQL,
)
