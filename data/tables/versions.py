"""Decisions about model versions, and what a department aims at."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Double, Index, String, Table

from data.columns import Line, UtcDateTime, Words
from data.tables.base import MYSQL, id_column, metadata

# Who asked for another version to go live, and who decided.
promotions = Table(
    "promotions",
    metadata,
    id_column(),
    Column("task", Line(64), nullable=False),
    Column("version", Line(64), nullable=False),
    Column("from_version", Line(64)),
    Column("kind", String(16), nullable=False),  # promotion or rollback
    Column("state", String(16), nullable=False),  # asked, done, refused
    Column("gate", Words),  # JSON: what the gate said
    Column("overridden", Boolean, nullable=False),
    Column("reason", Words, nullable=False),
    Column("asked_by", Line(64), nullable=False),
    Column("asked_name", Line(), nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("decided_by", Line(64)),
    Column("decided_name", Line()),
    Column("decided_at", UtcDateTime),
    Column("decision", Words),  # the second person's reason, or why it failed
    Index("ix_promotions_task_asked_at", "task", "asked_at"),
    **MYSQL,
)

# What a department aims at, and beyond what somebody must look: one row a task and metric.
goals = Table(
    "goals",
    metadata,
    Column("task", Line(64), primary_key=True),
    Column("metric", Line(64), primary_key=True),
    Column("goal", Double),
    Column("alert_limit", Double),
    Column("set_by", Line(), nullable=False),  # the person's shown name
    Column("set_at", UtcDateTime, nullable=False),
    **MYSQL,
)
