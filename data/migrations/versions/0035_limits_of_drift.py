"""Limits of features of drift that people set."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.columns import Line, UtcDateTime

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

_MYSQL = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    """Add the table, empty: every feature is judged by the usual limit."""
    op.create_table(
        "drift_limits",
        sa.Column("task", Line(64), nullable=False),
        sa.Column("feature", Line(64), nullable=False),
        sa.Column("method", sa.String(length=32), nullable=False),
        sa.Column("effect", sa.Double(), nullable=False),
        sa.Column("p", sa.Double(), nullable=False),
        sa.Column("set_by", Line(64), nullable=False),
        sa.Column("set_name", Line(), nullable=False),
        sa.Column("set_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("task", "feature", name=op.f("pk_drift_limits")),
        **_MYSQL,
    )


def downgrade() -> None:
    """Take it away again."""
    op.drop_table("drift_limits")
