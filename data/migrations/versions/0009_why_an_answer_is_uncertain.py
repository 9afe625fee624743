"""Why a result is uncertain, and how far its picture lies from the training set."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.columns import Words

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; nothing is known to be doubted of results from before."""
    op.add_column("results", sa.Column("doubts", Words()))
    op.add_column("results", sa.Column("outside_distance", sa.Double()))
    op.add_column("features", sa.Column("outside_distance", sa.Double()))
    op.add_column("ledger", sa.Column("uncertain", sa.Boolean()))


def downgrade() -> None:
    """Take the columns away again."""
    for name, columns in (
        ("results", ("doubts", "outside_distance")),
        ("features", ("outside_distance",)),
        ("ledger", ("uncertain",)),
    ):
        with op.batch_alter_table(name) as table:
            for column in columns:
                table.drop_column(column)
