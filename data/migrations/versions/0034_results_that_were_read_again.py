"""Reruns: results that were read again from what they were made of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.columns import Line, UtcDateTime, Words

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

_MYSQL = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    """Add the table, empty."""
    op.create_table(
        "reruns",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("scan_id", sa.String(length=32), nullable=False),
        sa.Column("result_id", sa.String(length=32), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("asked_by", Line(64), nullable=False),
        sa.Column("asked_name", Line(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("report", Words(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reruns")),
        **_MYSQL,
    )
    op.create_index("ix_reruns_scan_id", "reruns", ["scan_id"])
    op.create_index("ix_reruns_result_id", "reruns", ["result_id"])


def downgrade() -> None:
    """Take it away again."""
    op.drop_table("reruns")
