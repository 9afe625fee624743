"""Why a result was rejected, out of a list, and what was said of single lesions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.columns import Words

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; reviews from before have words alone."""
    op.add_column("reviews", sa.Column("reason_code", sa.String(length=32)))
    op.add_column("reviews", sa.Column("lesions", Words()))


def downgrade() -> None:
    """Take the columns away again."""
    op.drop_column("reviews", "lesions")
    op.drop_column("reviews", "reason_code")
