"""Who reads which scan and how urgent it is, and whether a scan has warnings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.columns import Line, UtcDateTime, Words

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_MYSQL = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}
_LEDGER = sa.table("ledger", sa.column("scan_id", sa.String), sa.column("warned", sa.Boolean))
_SCANS = sa.table("scans", sa.column("id", sa.String), sa.column("warnings", Words()))


def upgrade() -> None:
    """Add the table and the ledger's columns; what is warned of is known from the scans."""
    op.create_table(
        "triage",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("scan_id", sa.String(length=32), nullable=False),
        sa.Column("assigned_to", Line(length=64), nullable=True),
        sa.Column("urgency", sa.String(length=16), nullable=True),
        sa.Column("changed_by", Line(length=64), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["scan_id"], ["scans.id"], name=op.f("fk_triage_scan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_triage")),
        **_MYSQL,
    )
    op.create_index("uq_triage_scan_id", "triage", ["scan_id"], unique=True)
    op.add_column("ledger", sa.Column("assigned_to", Line(length=64)))
    op.add_column("ledger", sa.Column("urgency", sa.String(length=16)))
    op.add_column("ledger", sa.Column("warned", sa.Boolean()))
    with_warnings = sa.select(_SCANS.c.id).where(_SCANS.c.warnings != "[]")
    op.execute(sa.update(_LEDGER).values(warned=_LEDGER.c.scan_id.in_(with_warnings)))


def downgrade() -> None:
    """Take both away again."""
    op.drop_table("triage")
    with op.batch_alter_table("ledger") as table:
        for column in ("assigned_to", "urgency", "warned"):
            table.drop_column(column)
