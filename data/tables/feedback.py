"""What people say is wrong with results."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, String, Table

from data.columns import Line, UtcDateTime, Words
from data.tables.base import MYSQL, id_column, metadata, reference

feedback = Table(
    "feedback",
    metadata,
    id_column(),
    reference("scan_id", "scans.id"),
    reference("result_id", "results.id"),
    Column("task", Line(64), nullable=False),
    Column("model_version", Line(64), nullable=False),
    Column("category", String(32), nullable=False),
    Column("words", Words, nullable=False),
    Column("sender_id", Line(64), nullable=False),
    Column("sender_name", Line(), nullable=False),
    Column("sender_role", Line(64), nullable=False),
    Column("state", String(16), nullable=False),  # open, answered, closed
    Column("answers", Words, nullable=False),  # JSON
    Column("created_at", UtcDateTime, nullable=False),
    Column("closed_at", UtcDateTime),
    Column("unseen", Boolean, nullable=False),  # the sender has not seen the last answer
    Index("ix_feedback_scan_id", "scan_id"),
    Index("ix_feedback_state_created_at", "state", "created_at"),
    Index("ix_feedback_sender_id_unseen", "sender_id", "unseen"),
    **MYSQL,
)
