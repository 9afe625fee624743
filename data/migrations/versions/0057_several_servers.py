"""Several servers on one database: which there are, who leads, who runs a job, who has an upload's bytes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.columns import Line, UtcDateTime

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None

_MYSQL = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    """What was there before is of one server, which has no id."""
    op.create_table(
        "servers",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", Line(200), nullable=False),
        sa.Column("version", Line(64), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("beat", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_servers")),
        **_MYSQL,
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("holder", sa.String(length=32)),
        sa.Column("beat", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
        **_MYSQL,
    )
    for table in ("jobs", "uploads"):
        op.add_column(table, sa.Column("server_id", sa.String(length=32)))


def downgrade() -> None:
    """Take them away."""
    for table in ("uploads", "jobs"):
        op.drop_column(table, "server_id")
    op.drop_table("leases")
    op.drop_table("servers")
