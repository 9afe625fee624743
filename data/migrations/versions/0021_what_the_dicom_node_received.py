"""What came through the DICOM node: its senders, and the series that were handed to the reading."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.columns import Line, UtcDateTime, Words

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_MYSQL = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    """Add the tables, empty."""
    op.create_table(
        "dicom_senders",
        sa.Column("ae_title", Line(16), nullable=False),
        sa.Column("address", Line(64), nullable=False),
        sa.Column("instances", sa.BigInteger(), nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("ae_title", "address", name=op.f("pk_dicom_senders")),
        **_MYSQL,
    )
    op.create_table(
        "received_series",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("study_uid", Line(64), nullable=False),
        sa.Column("series_uid", Line(64), nullable=False),
        sa.Column("ae_title", Line(16), nullable=False),
        sa.Column("address", Line(64), nullable=False),
        sa.Column("instances", sa.Integer(), nullable=False),
        sa.Column("sop_uids", Words(), nullable=False),
        sa.Column("upload_id", sa.String(length=32), nullable=False),
        sa.Column("handed_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_received_series")),
        **_MYSQL,
    )
    for column in ("study_uid", "handed_at", "upload_id"):
        op.create_index(f"ix_received_series_{column}", "received_series", [column])


def downgrade() -> None:
    """Take the tables away again."""
    for table in ("received_series", "dicom_senders"):
        op.drop_table(table)
