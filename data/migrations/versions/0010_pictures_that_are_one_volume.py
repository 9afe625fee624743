"""Uploads whose numbered pictures are the slices of one volume."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; of uploads from before nobody said so."""
    flag: sa.Column[bool] = sa.Column("as_volume", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("uploads", flag)


def downgrade() -> None:
    """Take the column away again."""
    op.drop_column("uploads", "as_volume")
