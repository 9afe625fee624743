"""Local acceptance: protocols, and tests with their signed records."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.columns import Line, UtcDateTime, Words

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

_MYSQL = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    """Add the tables, empty: without a protocol nothing changes."""
    op.create_table(
        "acceptance_protocols",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("task", Line(64), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("in_force", sa.Boolean(), nullable=False),
        sa.Column("limits", Words(), nullable=False),
        sa.Column("set_by", Line(64), nullable=False),
        sa.Column("set_name", Line(), nullable=False),
        sa.Column("set_at", UtcDateTime(), nullable=False),
        sa.Column("why", Words(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acceptance_protocols")),
        sa.UniqueConstraint("task", "revision", name="uq_acceptance_protocols_task_revision"),
        **_MYSQL,
    )
    op.create_table(
        "acceptance_tests",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("task", Line(64), nullable=False),
        sa.Column("version", Line(64), nullable=False),
        sa.Column("scanner", Line(), nullable=False),
        sa.Column("protocol_id", sa.String(length=32), nullable=False),
        sa.Column("evaluation_id", sa.String(length=32), nullable=False),
        sa.Column("asked_by", Line(64), nullable=False),
        sa.Column("asked_name", Line(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("verdict", sa.String(length=16)),
        sa.Column("content", Words()),
        sa.Column("sha256", sa.String(length=64)),
        sa.Column("signed_by", Line(64)),
        sa.Column("signed_name", Line()),
        sa.Column("signed_at", UtcDateTime()),
        sa.ForeignKeyConstraint(
            ["protocol_id"],
            ["acceptance_protocols.id"],
            name=op.f("fk_acceptance_tests_protocol_id_acceptance_protocols"),
        ),
        sa.ForeignKeyConstraint(
            ["evaluation_id"],
            ["evaluations.id"],
            name=op.f("fk_acceptance_tests_evaluation_id_evaluations"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acceptance_tests")),
        **_MYSQL,
    )
    op.create_index("ix_acceptance_tests_task_version", "acceptance_tests", ["task", "version"])


def downgrade() -> None:
    """Take them away again."""
    op.drop_table("acceptance_tests")
    op.drop_table("acceptance_protocols")
