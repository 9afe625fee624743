"""Stop rules: whether they act, and which versions were taken out of use."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, String, Table

from data.columns import Line, UtcDateTime, Words
from data.tables.base import MYSQL, id_column, metadata

# Every word that there was; of each task the newest one is in force.
stop_switches = Table(
    "stop_switches",
    metadata,
    id_column(),
    Column("task", Line(64), nullable=False),
    Column("acting", Boolean, nullable=False),
    Column("set_by", Line(64), nullable=False),
    Column("set_name", Line(), nullable=False),
    Column("set_at", UtcDateTime, nullable=False),
    Column("why", Words, nullable=False),
    Index("ix_stop_switches_task_set_at", "task", "set_at"),
    **MYSQL,
)

# One row a stop; the id follows from what was stopped and since when its statistic ran.
suspensions = Table(
    "suspensions",
    metadata,
    id_column(),
    Column("task", Line(64), nullable=False),
    Column("version", Line(64), nullable=False),
    Column("scanner", Line(), nullable=False),  # "" for all
    Column("reason", String(16), nullable=False),
    Column("began_at", UtcDateTime, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("because", Words, nullable=False),
    Column("evidence", Words, nullable=False),  # JSON: StopEvidence
    Column("asked_by", Line(64)),  # who asks to lift it, and so on; NULL where nobody does
    Column("asked_name", Line()),
    Column("asked_at", UtcDateTime),
    Column("why", Words),
    Column("lifted_by", Line(64)),  # the second person
    Column("lifted_name", Line()),
    Column("lifted_at", UtcDateTime),
    Index("ix_suspensions_task_since", "task", "since"),
    **MYSQL,
)
