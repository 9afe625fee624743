"""Whether the hospital's groups said whose scans somebody sees."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """So far administrators said it, for everybody."""
    op.add_column(
        "users",
        sa.Column("departments_by_groups", sa.Boolean(), nullable=False, server_default=sa.false()),
    )


def downgrade() -> None:
    """What people see stays as it is, and administrators say it."""
    op.drop_column("users", "departments_by_groups")
