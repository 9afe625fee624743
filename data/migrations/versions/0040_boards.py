"""Boards: numbers over time that people put together, keep and share."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.columns import Line, UtcDateTime, Words

revision = "0040"
down_revision = "0038"
branch_labels = None
depends_on = None

_MYSQL = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    """Add the table, empty."""
    op.create_table(
        "boards",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("title", Line(), nullable=False),
        sa.Column("panels", Words(), nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("site", Line(), nullable=False),
        sa.Column("scanner", Line(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("owner_id", Line(64), nullable=False),
        sa.Column("owner_name", Line(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_boards")),
        **_MYSQL,
    )
    op.create_index("ix_boards_owner_id", "boards", ["owner_id"])


def downgrade() -> None:
    """Take it away again."""
    op.drop_table("boards")
