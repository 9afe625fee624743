"""What was found burned into pictures, and who decided what on it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.columns import Line, UtcDateTime, Words

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

_MYSQL = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    """Make the table; nothing has been looked at yet."""
    op.create_table(
        "pixel_screenings",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("content_sha256", sa.String(length=64), nullable=False),
        sa.Column("detector", Line(64), nullable=False),
        sa.Column("slices", sa.Integer(), nullable=False),
        sa.Column("declared", sa.Boolean(), nullable=False),
        sa.Column("boxes", Words(), nullable=False),
        sa.Column("screened_at", UtcDateTime(), nullable=False),
        sa.Column("decision", sa.String(length=16), nullable=False),
        sa.Column("decided_by", Line(64), nullable=False),
        sa.Column("decided_name", Line(), nullable=False),
        sa.Column("decided_at", UtcDateTime()),
        sa.Column("why", Words(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pixel_screenings")),
        sa.UniqueConstraint(
            "content_sha256", "detector", name=op.f("uq_pixel_screenings_content_sha256_detector")
        ),
        **_MYSQL,
    )


def downgrade() -> None:
    """Take it away again."""
    op.drop_table("pixel_screenings")
