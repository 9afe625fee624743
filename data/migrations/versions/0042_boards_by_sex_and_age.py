"""A board can be of a sex and of an age group, as it can be of a site and a scanner."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.columns import Line

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; boards that there are stay of everybody."""
    for name in ("sex", "age"):
        op.add_column("boards", sa.Column(name, Line(16), nullable=False, server_default=""))


def downgrade() -> None:
    """Take them away again."""
    for name in ("age", "sex"):
        op.drop_column("boards", name)
