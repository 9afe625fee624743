"""Other systems that Lightbox talks to."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Integer, String, Table

from data.columns import ID_LENGTH, Line, UtcDateTime, Words
from data.tables.base import MYSQL, id_column, metadata

# A row that was deleted stays: what was sent there refers to it.
remote_nodes = Table(
    "remote_nodes",
    metadata,
    id_column(),
    Column("name", Line(60), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("ae_title", Line(16), nullable=False),
    Column("host", Line(255), nullable=False),
    Column("port", Integer, nullable=False),
    Column("tls", Boolean, nullable=False),
    Column("url", Line(1000), nullable=False),
    Column("application", Line(180), nullable=False, server_default=""),
    Column("facility", Line(180), nullable=False, server_default=""),
    Column("user_name", Line(255), nullable=False),
    Column("sealed_secret", Words, nullable=False),  # encrypted with the house's secret key
    Column("made_by", String(ID_LENGTH), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("worked_at", UtcDateTime, nullable=True),
    Column("failed_at", UtcDateTime, nullable=True),
    Column("failure", Words, nullable=True),
    Column("deleted_at", UtcDateTime, nullable=True),
    **MYSQL,
)
