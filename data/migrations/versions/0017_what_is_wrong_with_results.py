"""What people say is wrong with results."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.columns import Line, UtcDateTime, Words

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_MYSQL = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "feedback",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("scan_id", sa.String(length=32), nullable=False),
        sa.Column("result_id", sa.String(length=32), nullable=False),
        sa.Column("task", Line(64), nullable=False),
        sa.Column("model_version", Line(64), nullable=False),
        sa.Column("category", sa.String(length=32), nullable=False),
        sa.Column("words", Words(), nullable=False),
        sa.Column("sender_id", Line(64), nullable=False),
        sa.Column("sender_name", Line(), nullable=False),
        sa.Column("sender_role", Line(64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("answers", Words(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("unseen", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["scan_id"], ["scans.id"], name=op.f("fk_feedback_scan_id")),
        sa.ForeignKeyConstraint(["result_id"], ["results.id"], name=op.f("fk_feedback_result_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback")),
        **_MYSQL,
    )
    op.create_index("ix_feedback_scan_id", "feedback", ["scan_id"])
    op.create_index("ix_feedback_state_created_at", "feedback", ["state", "created_at"])
    op.create_index("ix_feedback_sender_id_unseen", "feedback", ["sender_id", "unseen"])


def downgrade() -> None:
    """Take it away again."""
    op.drop_table("feedback")
