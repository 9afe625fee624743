"""Results that two people are asked to read, neither knowing what the other one says."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.columns import Line, UtcDateTime, Words

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_MYSQL = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    """Add the table, empty."""
    op.create_table(
        "second_readings",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("scan_id", sa.String(length=32), nullable=False),
        sa.Column("result_id", sa.String(length=32), nullable=False),
        sa.Column("task", Line(64), nullable=False),
        sa.Column("why", Words(), nullable=False),
        sa.Column("asked_by", Line(64), nullable=False),
        sa.Column("asked_name", Line(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_second_readings")),
        sa.UniqueConstraint("result_id", name=op.f("uq_second_readings_result_id")),
        **_MYSQL,
    )
    op.create_index("ix_second_readings_scan_id", "second_readings", ["scan_id"])
    op.create_index("ix_second_readings_task_created_at", "second_readings", ["task", "created_at"])


def downgrade() -> None:
    """Take the table away again."""
    op.drop_table("second_readings")
