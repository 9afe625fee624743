"""Who reads which scan, and how urgent it is: what people say of scans before they are reviewed."""

from __future__ import annotations

from sqlalchemy import Column, Index, String, Table

from data.columns import Line, UtcDateTime
from data.tables.base import MYSQL, id_column, metadata, reference

# One row a scan of which anything was said.
triage = Table(
    "triage",
    metadata,
    id_column(),
    reference("scan_id", "scans.id"),
    Column("assigned_to", Line(64)),  # an account
    Column("urgency", String(16)),  # routine, urgent, critical; NULL where nobody said
    Column("changed_by", Line(64), nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Index("uq_triage_scan_id", "scan_id", unique=True),
    **MYSQL,
)
