"""Whose identity at the hospital's sign-in signs in to which account, and which sessions began there."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, String, Table, UniqueConstraint

from data.columns import ID_LENGTH, Line, UtcDateTime, Words
from data.tables.base import MYSQL, id_column, metadata, reference

# Issuer and subject are the identity; an identity without an account waits until it is linked.
external_identities = Table(
    "external_identities",
    metadata,
    id_column(),
    Column("way", String(8), nullable=False),  # oidc, ldap
    Column("issuer", Line(), nullable=False),
    Column("subject", Line(), nullable=False),
    Column("user_id", String(ID_LENGTH), ForeignKey("users.id")),
    Column("name", Line(), nullable=False),
    Column("display_name", Line(), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_seen_at", UtcDateTime, nullable=False),
    UniqueConstraint("issuer", "subject", name="uq_external_identities_subject"),
    Index("ix_external_identities_user_id", "user_id"),
    **MYSQL,
)

# Beside a row of sessions; it goes with it at the sign-out, and is swept once that has ended otherwise.
external_sessions = Table(
    "external_sessions",
    metadata,
    Column("secret_sha256", String(64), primary_key=True),
    reference("user_id", "users.id"),
    Column("issuer", Line(), nullable=False),
    Column("subject", Line(), nullable=False),
    Column("sid", Line(), nullable=False),
    Column("id_token", Words, nullable=False),  # the hint by which the provider knows what to end
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_external_sessions_user_id", "user_id"),
    **MYSQL,
)
