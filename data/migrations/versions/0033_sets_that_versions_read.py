"""Evaluations: sets of scans that versions were had to read, and what they said."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.columns import Line, UtcDateTime, Words

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

_MYSQL = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    """Add the tables, empty."""
    op.create_table(
        "evaluations",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("task", Line(64), nullable=False),
        sa.Column("version", Line(64), nullable=False),
        sa.Column("weights_sha256", sa.String(length=64), nullable=False),
        sa.Column("set_kind", sa.String(length=16), nullable=False),
        sa.Column("set_key", Words(), nullable=False),
        sa.Column("set_words", Words(), nullable=False),
        sa.Column("synthetic", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("asked_by", Line(64), nullable=False),
        sa.Column("asked_name", Line(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("failure", Words(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluations")),
        **_MYSQL,
    )
    op.create_index("ix_evaluations_task_version", "evaluations", ["task", "version"])
    op.create_table(
        "evaluation_readings",
        sa.Column("evaluation_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", Line(), nullable=False),
        sa.Column("scan_id", sa.String(length=32), nullable=True),
        sa.Column("truth_positive", sa.Boolean(), nullable=True),
        sa.Column("read_at", UtcDateTime(), nullable=True),
        sa.Column("positive", sa.Boolean(), nullable=True),
        sa.Column("probability", sa.Double(), nullable=True),
        sa.Column("threshold", sa.Double(), nullable=True),
        sa.Column("volume_ml", sa.Double(), nullable=True),
        sa.Column("dice", sa.Double(), nullable=True),
        sa.Column("network_ms", sa.Double(), nullable=True),
        sa.Column("mask_sha256", sa.String(length=64), nullable=True),
        sa.Column("failure", Words(), nullable=True),
        sa.ForeignKeyConstraint(
            ["evaluation_id"], ["evaluations.id"], name=op.f("fk_evaluation_readings_evaluation_id")
        ),
        sa.PrimaryKeyConstraint("evaluation_id", "number", name=op.f("pk_evaluation_readings")),
        **_MYSQL,
    )
    op.create_index("ix_evaluation_readings_scan_id", "evaluation_readings", ["scan_id"])


def downgrade() -> None:
    """Take them away again."""
    op.drop_table("evaluation_readings")
    op.drop_table("evaluations")
