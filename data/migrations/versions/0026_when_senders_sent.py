"""When senders sent, when the DICOM node listened, and what was decided on a sender's silence."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.columns import Line, UtcDateTime

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_MYSQL = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    """Add the tables, empty: what came before does not say at which hours."""
    op.create_table(
        "dicom_arrivals",
        sa.Column("ae_title", Line(16), nullable=False),
        sa.Column("quarter", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("instances", sa.BigInteger(), nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("ae_title", "quarter", name=op.f("pk_dicom_arrivals")),
        **_MYSQL,
    )
    op.create_table(
        "dicom_listening",
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.Column("told_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("since", name=op.f("pk_dicom_listening")),
        **_MYSQL,
    )
    op.create_table(
        "dicom_watches",
        sa.Column("ae_title", Line(16), nullable=False),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.Column("muted_until", UtcDateTime(), nullable=True),
        sa.Column("decided_by", Line(64), nullable=True),
        sa.Column("decided_name", Line(), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("told_for", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("ae_title", name=op.f("pk_dicom_watches")),
        **_MYSQL,
    )


def downgrade() -> None:
    """Take the tables away again."""
    for table in ("dicom_watches", "dicom_listening", "dicom_arrivals"):
        op.drop_table(table)
