"""Results on their way to other systems."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, String, Table

from data.columns import ID_LENGTH, Line, UtcDateTime, Words
from data.tables.base import MYSQL, id_column, metadata, reference

# A rule never changes: whoever wants another one makes another one, and deletes this.
routing_rules = Table(
    "routing_rules",
    metadata,
    id_column(),
    reference("node_id", "remote_nodes.id"),
    Column("task", Line(64), nullable=False),
    Column("outcomes", Words, nullable=False),  # JSON lists
    Column("forms", Words, nullable=False),
    Column("reviewed_only", Boolean, nullable=False),
    Column("sender", Line(16), nullable=False),
    Column("synthetic", Boolean, nullable=False),
    Column("made_by", String(ID_LENGTH), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("deleted_at", UtcDateTime),
    **MYSQL,
)

# The outbox. A row stays when its scan is deleted: it was sent.
deliveries = Table(
    "deliveries",
    metadata,
    id_column(),  # follows from node, form and version
    reference("node_id", "remote_nodes.id"),
    Column("scan_id", String(ID_LENGTH), nullable=False),
    Column("result_id", String(ID_LENGTH), nullable=False),
    Column("form", String(16), nullable=False),
    Column("version_key", String(ID_LENGTH), nullable=False),
    Column("asked_by", String(ID_LENGTH), nullable=False),
    Column("by_hand", Boolean, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("note", Words),
    Column("instances", Integer, nullable=False),
    Column("next_at", UtcDateTime, nullable=False),
    Column("claim", String(ID_LENGTH)),  # who sends it now
    Column("claimed_until", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("delivered_at", UtcDateTime),
    Index("ix_deliveries_state_next_at", "state", "next_at"),
    Index("ix_deliveries_scan_id", "scan_id"),
    Index("ix_deliveries_changed_at", "changed_at"),
    **MYSQL,
)
