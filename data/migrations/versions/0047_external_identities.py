"""Signing in with the hospital's accounts: whose identity signs in to which account, and which sessions began there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.columns import Line, UtcDateTime, Words

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

_MYSQL = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    """Add the tables, empty: every account signs in with its password."""
    op.create_table(
        "external_identities",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("way", sa.String(length=8), nullable=False),
        sa.Column("issuer", Line(), nullable=False),
        sa.Column("subject", Line(), nullable=False),
        sa.Column("user_id", sa.String(length=32)),
        sa.Column("name", Line(), nullable=False),
        sa.Column("display_name", Line(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("last_seen_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_external_identities_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_external_identities")),
        sa.UniqueConstraint("issuer", "subject", name="uq_external_identities_subject"),
        **_MYSQL,
    )
    op.create_index("ix_external_identities_user_id", "external_identities", ["user_id"])
    op.create_table(
        "external_sessions",
        sa.Column("secret_sha256", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("issuer", Line(), nullable=False),
        sa.Column("subject", Line(), nullable=False),
        sa.Column("sid", Line(), nullable=False),
        sa.Column("id_token", Words(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_external_sessions_user_id")),
        sa.PrimaryKeyConstraint("secret_sha256", name=op.f("pk_external_sessions")),
        **_MYSQL,
    )
    op.create_index("ix_external_sessions_user_id", "external_sessions", ["user_id"])


def downgrade() -> None:
    """Remove them."""
    op.drop_table("external_sessions")
    op.drop_table("external_identities")
