"""Retrainings: from new truths or drift to a version that a person may let go live."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.columns import Line, UtcDateTime, Words

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None

_MYSQL = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    """None was ever proposed."""
    op.create_table(
        "retrainings",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("task", Line(64), nullable=False),
        sa.Column("open_task", Line(64)),
        sa.Column("cause", sa.String(length=16), nullable=False),
        sa.Column("why", Words(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("truths", sa.Integer(), nullable=False),
        sa.Column("synthetic", sa.Boolean(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("opened_by", Line(64)),
        sa.Column("opened_name", Line(), nullable=False),
        sa.Column("drift_run_id", sa.String(length=32)),
        sa.Column("from_version", Line(64)),
        sa.Column("decided_by", Line(64)),
        sa.Column("decided_name", Line(), nullable=False),
        sa.Column("decided_at", UtcDateTime()),
        sa.Column("decision", Words(), nullable=False),
        sa.Column("pack_id", sa.String(length=32)),
        sa.Column("packed", sa.Integer()),
        sa.Column("kept_apart", sa.Integer()),
        sa.Column("version", Line(64)),
        sa.Column("failure", Words(), nullable=False),
        sa.Column("changed_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retrainings")),
        sa.UniqueConstraint("open_task", name=op.f("uq_retrainings_open_task")),
        **_MYSQL,
    )
    op.create_index("ix_retrainings_task_opened_at", "retrainings", ["task", "opened_at"])


def downgrade() -> None:
    """Forget them; versions and packs stay."""
    op.drop_table("retrainings")
