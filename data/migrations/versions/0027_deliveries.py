"""Results on their way to other systems: rules, and the outbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.columns import Line, UtcDateTime, Words

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_MYSQL = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}
_ROUTED = "routed"


def upgrade() -> None:
    """Add the tables, empty, and how far results were looked through: to where they are now."""
    op.create_table(
        "routing_rules",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("node_id", sa.String(length=32), nullable=False),
        sa.Column("task", Line(64), nullable=False),
        sa.Column("outcomes", Words(), nullable=False),
        sa.Column("forms", Words(), nullable=False),
        sa.Column("reviewed_only", sa.Boolean(), nullable=False),
        sa.Column("sender", Line(16), nullable=False),
        sa.Column("synthetic", sa.Boolean(), nullable=False),
        sa.Column("made_by", sa.String(length=32), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("deleted_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["node_id"], ["remote_nodes.id"], name=op.f("fk_routing_rules_node_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_routing_rules")),
        **_MYSQL,
    )
    _deliveries()
    revisions = sa.table("revisions", sa.column("name", sa.String), sa.column("value", sa.BigInteger))
    scans = sa.select(sa.literal(_ROUTED), revisions.c.value).where(revisions.c.name == "scans")
    op.execute(revisions.insert().from_select(["name", "value"], scans))


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("node_id", sa.String(length=32), nullable=False),
        sa.Column("scan_id", sa.String(length=32), nullable=False),
        sa.Column("result_id", sa.String(length=32), nullable=False),
        sa.Column("form", sa.String(length=16), nullable=False),
        sa.Column("version_key", sa.String(length=32), nullable=False),
        sa.Column("asked_by", sa.String(length=32), nullable=False),
        sa.Column("by_hand", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("note", Words(), nullable=True),
        sa.Column("instances", sa.Integer(), nullable=False),
        sa.Column("next_at", UtcDateTime(), nullable=False),
        sa.Column("claim", sa.String(length=32), nullable=True),
        sa.Column("claimed_until", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("delivered_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["node_id"], ["remote_nodes.id"], name=op.f("fk_deliveries_node_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        **_MYSQL,
    )
    op.create_index("ix_deliveries_state_next_at", "deliveries", ["state", "next_at"])
    op.create_index("ix_deliveries_scan_id", "deliveries", ["scan_id"])
    op.create_index("ix_deliveries_changed_at", "deliveries", ["changed_at"])


def downgrade() -> None:
    """Take the tables away again."""
    op.execute(sa.text("DELETE FROM revisions WHERE name = 'routed'"))
    for table in ("deliveries", "routing_rules"):
        op.drop_table(table)
