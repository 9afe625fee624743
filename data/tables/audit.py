"""What was done: a chain of events, each with the hash of the one before."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, String, Table

from data.columns import ID_LENGTH, Line, UtcDateTime, Words
from data.tables.base import MYSQL, metadata

# Triggers refuse whatever changes or deletes rows, or adds one out of turn. A later migration that
# makes the table anew (SQLite's batch mode) has to make them anew as well: `data/audit_triggers.py`.
audit_events = Table(
    "audit_events",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("user_id", Line(64)),
    Column("action", Line(64), nullable=False),
    Column("subject", Line(), nullable=False),
    Column("detail", Words, nullable=False),
    Column("outcome", String(16), nullable=False, server_default="success"),
    Column("patient", String(ID_LENGTH), nullable=False, server_default="", index=True),
    Column("role", String(16), nullable=False, server_default=""),
    Column("via", String(16), nullable=False, server_default=""),
    Column("address", Line(64), nullable=False, server_default=""),
    Column("number", BigInteger, nullable=False, unique=True),  # 1, 2, 3 ... without a gap
    Column("previous", String(64), nullable=False, server_default=""),  # hash of the event before
    Column("key_id", String(16), nullable=False, server_default=""),  # of the key it is signed with
    Column("hash", String(64), nullable=False, server_default=""),
    **MYSQL,
)

# How far events were sent to another system, and which server sends now (and until when, should it die).
audit_sent = Table(
    "audit_sent",
    metadata,
    Column("destination", Line(), primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("claimed_by", String(ID_LENGTH)),
    Column("claimed_until", UtcDateTime),
    **MYSQL,
)

# One row: how far the chain goes. Who adds an event locks it, so that events come one after another.
audit_head = Table(
    "audit_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
    **MYSQL,
)
