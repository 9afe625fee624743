"""Stop rules: whether they act, and which versions were taken out of use."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.columns import Line, UtcDateTime, Words

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_MYSQL = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    """Add the tables, empty: no rule acts."""
    op.create_table(
        "stop_switches",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("task", Line(64), nullable=False),
        sa.Column("acting", sa.Boolean(), nullable=False),
        sa.Column("set_by", Line(64), nullable=False),
        sa.Column("set_name", Line(255), nullable=False),
        sa.Column("set_at", UtcDateTime(), nullable=False),
        sa.Column("why", Words(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stop_switches")),
        **_MYSQL,
    )
    op.create_index("ix_stop_switches_task_set_at", "stop_switches", ["task", "set_at"])
    op.create_table(
        "suspensions",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("task", Line(64), nullable=False),
        sa.Column("version", Line(64), nullable=False),
        sa.Column("scanner", Line(255), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("began_at", UtcDateTime(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("because", Words(), nullable=False),
        sa.Column("evidence", Words(), nullable=False),
        sa.Column("asked_by", Line(64), nullable=True),
        sa.Column("asked_name", Line(255), nullable=True),
        sa.Column("asked_at", UtcDateTime(), nullable=True),
        sa.Column("why", Words(), nullable=True),
        sa.Column("lifted_by", Line(64), nullable=True),
        sa.Column("lifted_name", Line(255), nullable=True),
        sa.Column("lifted_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suspensions")),
        **_MYSQL,
    )
    op.create_index("ix_suspensions_task_since", "suspensions", ["task", "since"])


def downgrade() -> None:
    """Take the tables away again."""
    op.drop_table("suspensions")
    op.drop_table("stop_switches")
