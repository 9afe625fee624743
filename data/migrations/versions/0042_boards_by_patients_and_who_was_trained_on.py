"""Boards of a sex and an age group; which scans of an acceptance test the version was trained on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.columns import Line, Words

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; boards that there are stay of everybody, and of tests it is not known."""
    for name in ("sex", "age"):
        op.add_column("boards", sa.Column(name, Line(16), nullable=False, server_default=""))
    op.add_column("acceptance_tests", sa.Column("trained_on", Words()))


def downgrade() -> None:
    """Take them away again."""
    op.drop_column("acceptance_tests", "trained_on")
    for name in ("age", "sex"):
        op.drop_column("boards", name)
