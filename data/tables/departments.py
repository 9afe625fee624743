"""Departments of the house, and the hospital's groups that people come with."""

from __future__ import annotations

from sqlalchemy import Column, String, Table

from data.columns import Line, UtcDateTime, Words
from data.tables.base import MYSQL, id_column, metadata

departments = Table(
    "departments",
    metadata,
    id_column(),
    Column("name", Line(64), nullable=False),
    Column("name_key", Line(64), nullable=False, unique=True),  # folded: names differ by more than case
    Column("senders", Words, nullable=False),  # JSON list of AE titles
    Column("sites", Words, nullable=False),  # JSON list of institutions as files name them
    Column("created_at", UtcDateTime, nullable=False),
    **MYSQL,
)

seen_groups = Table(
    "seen_groups",
    metadata,
    Column("group_sha256", String(64), primary_key=True),  # of the group as it is compared
    Column("seen_at", UtcDateTime, nullable=False),
    **MYSQL,
)
