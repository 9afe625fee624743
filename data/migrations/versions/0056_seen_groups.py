"""When somebody last came with a group of the hospital that gives departments."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.columns import UtcDateTime

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None

_MYSQL = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    """Of before nothing is known: it was held by each server, and lost with it."""
    op.create_table(
        "seen_groups",
        sa.Column("group_sha256", sa.String(length=64), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("group_sha256", name=op.f("pk_seen_groups")),
        **_MYSQL,
    )


def downgrade() -> None:
    """Take it away."""
    op.drop_table("seen_groups")
