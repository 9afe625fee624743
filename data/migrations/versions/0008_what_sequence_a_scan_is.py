"""Which MRI sequence each scan was recognised as."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.columns import Words

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; scans from before were never asked."""
    op.add_column("scans", sa.Column("recognised", Words()))


def downgrade() -> None:
    """Take the column away again."""
    with op.batch_alter_table("scans") as table:
        table.drop_column("recognised")
