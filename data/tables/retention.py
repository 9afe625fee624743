"""What was erased, what may not be erased, and what expires."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, String, Table

from data.columns import ID_LENGTH, Line, UtcDateTime, Words
from data.tables.base import MYSQL, id_column, metadata

# One row an erasure, kept for good: by the ids in it what a backup brings back is erased once more.
erasures = Table(
    "erasures",
    metadata,
    id_column(),
    Column("kind", String(16), nullable=False),  # patient, expiry
    Column("pseudonym", Line(16), nullable=False),  # of the patient; "" for what expired
    Column("state", String(16), nullable=False),  # files, done
    Column("reason", Words, nullable=False),
    Column("asked_by", Line(64)),  # NULL: by a rule
    Column("asked_name", Line(), nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("patient_ids", Words, nullable=False),  # JSON lists
    Column("scan_ids", Words, nullable=False),
    Column("plan", Words, nullable=False),  # JSON: what files are still to go; "{}" once they are gone
    Column("counts", Words, nullable=False),  # JSON: how much went, by place
    Column("note", Words, nullable=False),  # why it is not finished yet
    Index("ix_erasures_state", "state"),
    Index("ix_erasures_asked_at", "asked_at"),
    **MYSQL,
)

legal_holds = Table(
    "legal_holds",
    metadata,
    id_column(),
    Column("patient_id", String(ID_LENGTH), nullable=False),
    Column("pseudonym", Line(16), nullable=False),
    Column("reason", Words, nullable=False),
    Column("placed_by", Line(64), nullable=False),
    Column("placed_name", Line(), nullable=False),
    Column("placed_at", UtcDateTime, nullable=False),
    Column("lifted_by", Line(64)),  # NULL while it holds, and so on
    Column("lifted_name", Line()),
    Column("lifted_at", UtcDateTime),
    Column("lift_reason", Words),
    Index("ix_legal_holds_patient_id", "patient_id"),
    **MYSQL,
)

# Scans of a held patient that were given to another one since: they stay held.
held_scans = Table(
    "held_scans",
    metadata,
    Column("hold_id", String(ID_LENGTH), primary_key=True),
    Column("scan_id", String(ID_LENGTH), primary_key=True),
    Index("ix_held_scans_scan_id", "scan_id"),
    **MYSQL,
)

retention_rules = Table(
    "retention_rules",
    metadata,
    id_column(),
    Column("subject", String(16), nullable=False),  # scans, refusals
    Column("days", Integer, nullable=False),
    Column("counted_from", String(16), nullable=False),  # acquired, arrived, read
    Column("task", Line(64), nullable=False),  # "" for any
    Column("origin", String(16), nullable=False),  # "" for any, person, dicom, prior
    Column("synthetic", Boolean, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("made_by", Line(64), nullable=False),
    Column("made_name", Line(), nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("switched_name", Line()),
    Column("switched_at", UtcDateTime),
    Column("deleted_at", UtcDateTime),
    **MYSQL,
)
