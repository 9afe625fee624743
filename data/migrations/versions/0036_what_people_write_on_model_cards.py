"""Model cards: what people write on them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.columns import Line, UtcDateTime, Words

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

_MYSQL = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    """Add the table, empty."""
    op.create_table(
        "card_statements",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("task", Line(64), nullable=False),
        sa.Column("version", Line(64), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("words", Words(), nullable=False),
        sa.Column("author_id", Line(64), nullable=False),
        sa.Column("author_name", Line(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_statements")),
        **_MYSQL,
    )
    op.create_index("ix_card_statements_task_version", "card_statements", ["task", "version"])


def downgrade() -> None:
    """Take it away again."""
    op.drop_table("card_statements")
