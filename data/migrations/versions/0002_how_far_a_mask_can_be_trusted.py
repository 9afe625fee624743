"""The Dice to be expected of a result's mask."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; results from before have no estimate."""
    op.add_column("results", sa.Column("estimated_dice", sa.Double()))


def downgrade() -> None:
    """Take the column away again."""
    with op.batch_alter_table("results") as table:
        table.drop_column("estimated_dice")
