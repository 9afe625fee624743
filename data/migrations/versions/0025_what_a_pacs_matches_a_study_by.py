"""What a PACS matches a study by, as the source's headers have it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.columns import Words

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_MYSQL = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    """Add the table, empty: scans that are here already have nothing in it until they come again."""
    op.create_table(
        "study_identifiers",
        sa.Column("scan_id", sa.String(length=32), nullable=False),
        sa.Column("identifiers", Words(), nullable=False),
        sa.ForeignKeyConstraint(["scan_id"], ["scans.id"], name=op.f("fk_study_identifiers_scan_id")),
        sa.PrimaryKeyConstraint("scan_id", name=op.f("pk_study_identifiers")),
        **_MYSQL,
    )


def downgrade() -> None:
    """Take the table away again."""
    op.drop_table("study_identifiers")
