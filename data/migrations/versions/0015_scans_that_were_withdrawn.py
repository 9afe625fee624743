"""Scans that somebody took back, with the reason."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.columns import Line, UtcDateTime, Words

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_MYSQL = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    """Add the table; nothing is withdrawn yet."""
    op.create_table(
        "withdrawn_scans",
        sa.Column("scan_id", sa.String(length=32), nullable=False),
        sa.Column("reason", Words(), nullable=False),
        sa.Column("withdrawn_by", Line(64), nullable=False),
        sa.Column("withdrawn_name", Line(), nullable=False),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["scan_id"], ["scans.id"], name=op.f("fk_withdrawn_scans_scan_id")),
        sa.PrimaryKeyConstraint("scan_id", name=op.f("pk_withdrawn_scans")),
        **_MYSQL,
    )


def downgrade() -> None:
    """Take the table away again: what was withdrawn is here as any other scan."""
    op.execute("UPDATE ledger SET gone = false WHERE scan_id IN (SELECT scan_id FROM withdrawn_scans)")
    op.drop_table("withdrawn_scans")
