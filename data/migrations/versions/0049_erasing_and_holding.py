"""What was erased, what may not be erased, and what expires."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.columns import Line, UtcDateTime, Words

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None

_MYSQL = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    """Make the tables; nothing is erased or held yet."""
    op.create_table(
        "erasures",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("pseudonym", Line(16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", Words(), nullable=False),
        sa.Column("asked_by", Line(64)),
        sa.Column("asked_name", Line(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime()),
        sa.Column("patient_ids", Words(), nullable=False),
        sa.Column("scan_ids", Words(), nullable=False),
        sa.Column("plan", Words(), nullable=False),
        sa.Column("counts", Words(), nullable=False),
        sa.Column("note", Words(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
        **_MYSQL,
    )
    op.create_index("ix_erasures_state", "erasures", ["state"])
    op.create_index("ix_erasures_asked_at", "erasures", ["asked_at"])
    op.create_table(
        "legal_holds",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("patient_id", sa.String(length=32), nullable=False),
        sa.Column("pseudonym", Line(16), nullable=False),
        sa.Column("reason", Words(), nullable=False),
        sa.Column("placed_by", Line(64), nullable=False),
        sa.Column("placed_name", Line(), nullable=False),
        sa.Column("placed_at", UtcDateTime(), nullable=False),
        sa.Column("lifted_by", Line(64)),
        sa.Column("lifted_name", Line()),
        sa.Column("lifted_at", UtcDateTime()),
        sa.Column("lift_reason", Words()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_holds")),
        **_MYSQL,
    )
    op.create_index("ix_legal_holds_patient_id", "legal_holds", ["patient_id"])
    op.create_table(
        "held_scans",
        sa.Column("hold_id", sa.String(length=32), nullable=False),
        sa.Column("scan_id", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("hold_id", "scan_id", name=op.f("pk_held_scans")),
        **_MYSQL,
    )
    op.create_index("ix_held_scans_scan_id", "held_scans", ["scan_id"])
    op.create_table(
        "retention_rules",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=16), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("counted_from", sa.String(length=16), nullable=False),
        sa.Column("task", Line(64), nullable=False),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("synthetic", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("made_by", Line(64), nullable=False),
        sa.Column("made_name", Line(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("switched_name", Line()),
        sa.Column("switched_at", UtcDateTime()),
        sa.Column("deleted_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_rules")),
        **_MYSQL,
    )


def downgrade() -> None:
    """Take them away again."""
    for table in ("retention_rules", "held_scans", "legal_holds", "erasures"):
        op.drop_table(table)
