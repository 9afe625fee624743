"""The servers of a house that has several, and which of them leads."""

from __future__ import annotations

from sqlalchemy import Column, Integer, String, Table

from data.columns import ID_LENGTH, Line, UtcDateTime
from data.tables.base import MYSQL, id_column, metadata

# `beat` grows while the server lives. Whoever watches measures by a clock of its own how long it has not.
servers = Table(
    "servers",
    metadata,
    id_column(),  # of its home folder, so that it is the same server after a restart
    Column("name", Line(200), nullable=False),
    Column("version", Line(64), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("beat", Integer, nullable=False),
    **MYSQL,
)

# One row a kind of work that one server alone does.
leases = Table(
    "leases",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("holder", String(ID_LENGTH)),  # a server's id; NULL where it was given back
    Column("beat", Integer, nullable=False),  # grows whenever the holder renews it
    **MYSQL,
)
