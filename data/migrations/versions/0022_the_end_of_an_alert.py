"""Alerts: the window that one rests on, and that its rule proposes its end."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.columns import UtcDateTime, Words

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, empty."""
    op.add_column("alerts", sa.Column("evidence_last", UtcDateTime()))
    op.add_column("alerts", sa.Column("evidence_n", sa.Integer()))
    op.add_column("alerts", sa.Column("end_proposed_at", UtcDateTime()))
    op.add_column("alerts", sa.Column("end_sentence", Words()))


def downgrade() -> None:
    """Take the columns away again."""
    with op.batch_alter_table("alerts") as batch:
        for column in ("end_sentence", "end_proposed_at", "evidence_n", "evidence_last"):
            batch.drop_column(column)
