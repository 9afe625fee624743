"""Retrainings: from new truths or drift to a version that a person may let go live."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, String, Table

from data.columns import ID_LENGTH, Line, UtcDateTime, Words
from data.tables.base import MYSQL, id_column, metadata

retrainings = Table(
    "retrainings",
    metadata,
    id_column(),
    Column("task", Line(64), nullable=False),
    Column("open_task", Line(64), unique=True),  # the task while it is open: there is no other one meanwhile
    Column("cause", String(16), nullable=False),  # truths, drift, person
    Column("why", Words, nullable=False),
    Column("state", String(16), nullable=False),
    Column("truths", Integer, nullable=False),
    Column("synthetic", Boolean, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("opened_by", Line(64)),  # NULL: a schedule
    Column("opened_name", Line(), nullable=False),
    Column("drift_run_id", String(ID_LENGTH)),
    Column("from_version", Line(64)),
    Column("decided_by", Line(64)),
    Column("decided_name", Line(), nullable=False),
    Column("decided_at", UtcDateTime),
    Column("decision", Words, nullable=False),
    Column("pack_id", String(ID_LENGTH)),
    Column("packed", Integer),
    Column("kept_apart", Integer),
    Column("version", Line(64)),
    Column("failure", Words, nullable=False),
    Column("changed_at", UtcDateTime),
    Index("ix_retrainings_task_opened_at", "task", "opened_at"),
    **MYSQL,
)
