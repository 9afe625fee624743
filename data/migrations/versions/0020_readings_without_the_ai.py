"""Readings without the AI: their rules, the readings, and who has seen the AI's result of a scan."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.columns import Line, UtcDateTime, Words

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_MYSQL = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    """Add the tables, empty."""
    op.create_table(
        "unaided_rules",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("task", Line(64), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("set_by", Line(64), nullable=False),
        sa.Column("set_name", Line(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unaided_rules")),
        **_MYSQL,
    )
    op.create_index("ix_unaided_rules_task_created_at", "unaided_rules", ["task", "created_at"])
    op.create_table(
        "unaided_readings",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("scan_id", sa.String(length=32), nullable=False),
        sa.Column("task", Line(64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("rule_id", sa.String(length=32)),
        sa.Column("reader_id", Line(64)),
        sa.Column("reader_name", Line()),
        sa.Column("opened_at", UtcDateTime()),
        sa.Column("ended_at", UtcDateTime()),
        sa.Column("result_id", sa.String(length=32)),
        sa.Column("finding", sa.String(length=16)),
        sa.Column("escape_reason", sa.String(length=16)),
        sa.Column("seconds", sa.Double()),
        sa.Column("comment", Words()),
        sa.Column("mask_id", sa.String(length=32)),
        sa.Column("measurements", Words()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unaided_readings")),
        **_MYSQL,
    )
    op.create_index("ix_unaided_readings_scan_id", "unaided_readings", ["scan_id"])
    op.create_index("ix_unaided_readings_ended_at", "unaided_readings", ["ended_at"])
    op.create_index("ix_unaided_readings_task_created_at", "unaided_readings", ["task", "created_at"])
    op.create_table(
        "ai_results_seen",
        sa.Column("scan_id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("scan_id", "user_id", name=op.f("pk_ai_results_seen")),
        **_MYSQL,
    )


def downgrade() -> None:
    """Take the tables away again."""
    for table in ("ai_results_seen", "unaided_readings", "unaided_rules"):
        op.drop_table(table)
