"""Local acceptance: protocols, and tests with their signed records."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from data.columns import ID_LENGTH, Line, UtcDateTime, Words
from data.tables.base import MYSQL, id_column, metadata

# Every revision that there was; of each task the newest one counts.
acceptance_protocols = Table(
    "acceptance_protocols",
    metadata,
    id_column(),
    Column("task", Line(64), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("in_force", Boolean, nullable=False),
    Column("limits", Words, nullable=False),  # JSON: AcceptanceLimits
    Column("set_by", Line(64), nullable=False),
    Column("set_name", Line(), nullable=False),
    Column("set_at", UtcDateTime, nullable=False),
    Column("why", Words, nullable=False),
    UniqueConstraint("task", "revision", name="uq_acceptance_protocols_task_revision"),
    **MYSQL,
)

acceptance_tests = Table(
    "acceptance_tests",
    metadata,
    id_column(),
    Column("task", Line(64), nullable=False),
    Column("version", Line(64), nullable=False),
    Column("scanner", Line(), nullable=False),
    Column("protocol_id", String(ID_LENGTH), ForeignKey("acceptance_protocols.id"), nullable=False),
    Column("evaluation_id", String(ID_LENGTH), ForeignKey("evaluations.id"), nullable=False),
    Column("asked_by", Line(64), nullable=False),
    Column("asked_name", Line(), nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("trained_on", Words),  # JSON: ids of scans; NULL where it is not known
    Column("verdict", String(16)),  # NULL until somebody has signed: AcceptanceVerdict
    Column("content", Words),  # the record, JSON
    Column("sha256", String(64)),  # of the record
    Column("signed_by", Line(64)),
    Column("signed_name", Line()),
    Column("signed_at", UtcDateTime),
    Index("ix_acceptance_tests_task_version", "task", "version"),
    **MYSQL,
)
