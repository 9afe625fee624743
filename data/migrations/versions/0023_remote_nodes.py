"""Other systems that Lightbox talks to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.columns import Line, UtcDateTime, Words

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_MYSQL = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    """Add the table, empty."""
    op.create_table(
        "remote_nodes",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", Line(60), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("ae_title", Line(16), nullable=False),
        sa.Column("host", Line(255), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("tls", sa.Boolean(), nullable=False),
        sa.Column("url", Line(1000), nullable=False),
        sa.Column("user_name", Line(255), nullable=False),
        sa.Column("sealed_secret", Words(), nullable=False),
        sa.Column("made_by", sa.String(length=32), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("worked_at", UtcDateTime(), nullable=True),
        sa.Column("failed_at", UtcDateTime(), nullable=True),
        sa.Column("failure", Words(), nullable=True),
        sa.Column("deleted_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remote_nodes")),
        **_MYSQL,
    )


def downgrade() -> None:
    """Take the table away again."""
    op.drop_table("remote_nodes")
