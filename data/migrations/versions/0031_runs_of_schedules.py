"""What came of each run of a schedule."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.columns import Line, UtcDateTime, Words

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

_MYSQL = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    """Add the table, empty: of earlier runs only the last one of each schedule is known."""
    op.create_table(
        "schedule_runs",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("schedule_id", sa.String(length=32), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("by_hand", sa.Boolean(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("sentence", Words(), nullable=False),
        sa.Column("link", Line(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedule_runs")),
        **_MYSQL,
    )
    op.create_index(
        "ix_schedule_runs_schedule_id_started_at", "schedule_runs", ["schedule_id", "started_at"]
    )


def downgrade() -> None:
    """Take it away again."""
    op.drop_table("schedule_runs")
