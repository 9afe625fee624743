"""How much work a job is, how soon it is wanted, and how long it took."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.columns import Line

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of the jobs that are here none of it is known."""
    op.add_column("jobs", sa.Column("work", Line(64), nullable=False, server_default=""))
    op.add_column("jobs", sa.Column("inputs", sa.Integer(), nullable=True))
    op.add_column("jobs", sa.Column("size", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("jobs", sa.Column("precedence", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("jobs", sa.Column("worked_s", sa.Double(), nullable=True))


def downgrade() -> None:
    """Forget it."""
    with op.batch_alter_table("jobs") as batch:
        for name in ("worked_s", "precedence", "size", "inputs", "work"):
            batch.drop_column(name)
