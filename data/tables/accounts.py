"""Who may sign in, and with what."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, false

from data.columns import Line, UtcDateTime, Words
from data.tables.base import MYSQL, id_column, metadata, reference

users = Table(
    "users",
    metadata,
    id_column(),
    Column("name", Line(64), nullable=False),
    Column("name_key", Line(64), nullable=False, unique=True),  # folded: names differ by more than case
    Column("display_name", Line(), nullable=False),
    Column("role", String(16), nullable=False),
    Column("active", Boolean, nullable=False),
    Column("must_change_password", Boolean, nullable=False),
    Column("session_epoch", Integer, nullable=False),
    Column("password_hash", String(255), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_seen_at", UtcDateTime),
    Column("reader_group", Line(64)),  # whose figures of reading its own count among
    Column("mail", Line()),  # where mails that the person has chosen go
    Column("review_mails", String(16)),  # of which review requests; NULL: none
    Column("review_mails_until", UtcDateTime),  # requests up to here were told, or are not to be
    Column("alert_mails", String(16)),  # of which alerts; NULL: none
    Column("alert_mails_until", UtcDateTime),  # alerts that called up to here were told, or are not to be
    Column("departments", Words),  # JSON list of ids that the account is bound to; NULL: the whole house
    Column("departments_by_groups", Boolean, nullable=False, server_default=false()),  # not by hand
    **MYSQL,
)

tokens = Table(
    "tokens",
    metadata,
    id_column(),
    reference("user_id", "users.id"),
    Column("label", Line(), nullable=False),
    Column("secret_sha256", String(64), nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_used_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
    Column("scopes", Line()),  # what its bearer is limited to; NULL: made before there were scopes
    Column("expires_at", UtcDateTime),
    Index("ix_tokens_user_id", "user_id"),
    **MYSQL,
)

# Ended ones are deleted, so that they stay ended.
sessions = Table(
    "sessions",
    metadata,
    Column("secret_sha256", String(64), primary_key=True),
    reference("user_id", "users.id"),
    Column("epoch", Integer, nullable=False),  # the account's session_epoch when it began
    Column("created_at", UtcDateTime, nullable=False),
    Column("active_at", UtcDateTime, nullable=False),
    Column("waits", Boolean, nullable=False, server_default=false()),  # for the second factor: nobody's yet
    Column("place", Line()),  # from where, in words
    Index("ix_sessions_user_id", "user_id"),
    Index("ix_sessions_active_at", "active_at"),
    **MYSQL,
)
