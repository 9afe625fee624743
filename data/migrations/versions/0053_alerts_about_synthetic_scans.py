"""Whether an alert is about scans that were made for a demonstration."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None

_ALERTS = sa.table("alerts", sa.column("title", sa.String()), sa.column("synthetic", sa.Boolean()))


def upgrade() -> None:
    """So far only the beginning of the title said it."""
    op.add_column("alerts", sa.Column("synthetic", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute(_ALERTS.update().where(_ALERTS.c.title.startswith("SYNTHETIC: ")).values(synthetic=True))


def downgrade() -> None:
    """The title says it still."""
    op.drop_column("alerts", "synthetic")
