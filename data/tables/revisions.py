"""How often each part of the database was changed."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, String, Table

from data.tables.base import MYSQL, metadata

# One row a name, counted up with every change: what pages poll, and what writers can queue on.
revisions = Table(
    "revisions",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", BigInteger, nullable=False),
    **MYSQL,
)
REVISION_OF_SCANS = "scans"
REVISION_OF_PATIENTS = "patients"
REVISION_OF_USERS = "users"
REVISION_OF_ROUTED = "routed"  # the revision of scans up to which routing rules have looked
