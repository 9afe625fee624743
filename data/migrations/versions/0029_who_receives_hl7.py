"""Remote nodes: the application and facility that HL7 v2 messages are for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.columns import Line

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nodes that are here name none."""
    for name in ("application", "facility"):
        op.add_column("remote_nodes", sa.Column(name, Line(180), nullable=False, server_default=""))


def downgrade() -> None:
    """Forget them."""
    with op.batch_alter_table("remote_nodes") as batch:
        batch.drop_column("facility")
        batch.drop_column("application")
