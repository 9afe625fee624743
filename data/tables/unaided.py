"""Readings without the AI: by which rule, whose, and who has seen the AI's result of a scan."""

from __future__ import annotations

from sqlalchemy import Column, Double, Index, Integer, String, Table

from data.columns import ID_LENGTH, Line, UtcDateTime, Words
from data.tables.base import MYSQL, id_column, metadata

# Every rule that there was; of each task the newest one is in force.
unaided_rules = Table(
    "unaided_rules",
    metadata,
    id_column(),
    Column("task", Line(64), nullable=False),
    Column("percent", Integer, nullable=False),
    Column("set_by", Line(64), nullable=False),
    Column("set_name", Line(), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_unaided_rules_task_created_at", "task", "created_at"),
    **MYSQL,
)

# One row a scan and reader; one of a rule has no reader until the first reviewer opens the scan.
unaided_readings = Table(
    "unaided_readings",
    metadata,
    id_column(),
    Column("scan_id", String(ID_LENGTH), nullable=False),
    Column("task", Line(64), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("rule_id", String(ID_LENGTH)),
    Column("reader_id", Line(64)),
    Column("reader_name", Line()),
    Column("opened_at", UtcDateTime),
    Column("ended_at", UtcDateTime),  # NULL: the AI's result is hidden from the reader
    Column("result_id", String(ID_LENGTH)),  # that was hidden
    Column("finding", String(16)),
    Column("escape_reason", String(16)),
    Column("seconds", Double),
    Column("comment", Words),
    Column("mask_id", String(ID_LENGTH)),
    Column("measurements", Words),  # JSON, of the reader's own mask
    Index("ix_unaided_readings_scan_id", "scan_id"),
    Index("ix_unaided_readings_ended_at", "ended_at"),
    Index("ix_unaided_readings_task_created_at", "task", "created_at"),
    **MYSQL,
)

# Reviewers who were shown the AI's result of a scan: they cannot read it without the AI any more.
ai_results_seen = Table(
    "ai_results_seen",
    metadata,
    Column("scan_id", String(ID_LENGTH), primary_key=True),
    Column("user_id", String(64), primary_key=True),
    Column("seen_at", UtcDateTime, nullable=False),
    **MYSQL,
)
