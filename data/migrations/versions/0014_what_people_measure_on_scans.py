"""Rulers, diameters and angles that people draw on scans."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.columns import Line, UtcDateTime, Words

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_MYSQL = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    """Add the table; nobody could measure before."""
    op.create_table(
        "annotations",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("scan_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("slice_axis", sa.SmallInteger(), nullable=False),
        sa.Column("points", Words(), nullable=False),
        sa.Column("author_id", Line(64), nullable=False),
        sa.Column("author_name", Line(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["scan_id"], ["scans.id"], name=op.f("fk_annotations_scan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_annotations")),
        **_MYSQL,
    )
    op.create_index("ix_annotations_scan_id_created_at", "annotations", ["scan_id", "created_at"])


def downgrade() -> None:
    """Take the table away again."""
    op.drop_table("annotations")
