"""Sets of scans that versions were had to read, and what they said: apart from results."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Double, ForeignKey, Index, Integer, String, Table

from data.columns import ID_LENGTH, Line, UtcDateTime, Words
from data.tables.base import MYSQL, id_column, metadata

evaluations = Table(
    "evaluations",
    metadata,
    id_column(),
    Column("task", Line(64), nullable=False),
    Column("version", Line(64), nullable=False),
    Column("weights_sha256", String(64), nullable=False),
    Column("set_kind", String(16), nullable=False),  # cohort, pack, outside
    Column("set_key", Words, nullable=False),
    Column("set_words", Words, nullable=False),
    Column("synthetic", Boolean, nullable=False),
    Column("state", String(16), nullable=False),  # queued, done, failed, cancelled
    Column("asked_by", Line(64), nullable=False),
    Column("asked_name", Line(), nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("total", Integer, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("failure", Words),
    Index("ix_evaluations_task_version", "task", "version"),
    **MYSQL,
)

evaluation_readings = Table(
    "evaluation_readings",
    metadata,
    Column("evaluation_id", String(ID_LENGTH), ForeignKey("evaluations.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("name", Line(), nullable=False),
    Column("scan_id", String(ID_LENGTH)),  # NULL: of an outside set
    Column("truth_positive", Boolean),  # of an outside set only: of a scan, the house's own word counts
    Column("read_at", UtcDateTime),
    Column("positive", Boolean),
    Column("probability", Double),
    Column("threshold", Double),
    Column("volume_ml", Double),
    Column("dice", Double),
    Column("network_ms", Double),
    Column("mask_sha256", String(64)),
    Column("failure", Words),
    Index("ix_evaluation_readings_scan_id", "scan_id"),
    **MYSQL,
)
