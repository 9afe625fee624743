"""The ledger, refusals as rows, saved views, and what they are counted from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.columns import Line, UtcDateTime, Words

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_MYSQL = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def _columns() -> None:
    op.add_column("results", sa.Column("head_row", sa.Double()))
    op.add_column("results", sa.Column("head_column", sa.Double()))
    synthetic: sa.Column[bool] = sa.Column(
        "synthetic", sa.Boolean(), nullable=False, server_default=sa.false()
    )
    op.add_column("scans", synthetic)
    op.add_column("patients", sa.Column("changed", sa.BigInteger(), nullable=False, server_default="0"))
    op.create_index("ix_patients_changed", "patients", ["changed"])
    op.drop_index("ix_scans_task_created_at_id", "scans")


def _ledger() -> None:
    op.create_table(
        "ledger",
        sa.Column("line", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("scan_id", sa.String(length=32), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.Column("patient_id", sa.String(length=32), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("acquired_us", sa.BigInteger(), nullable=True),
        sa.Column("task", Line(length=64), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("modality", Line(length=32), nullable=True),
        sa.Column("sequence", Line(length=255), nullable=True),
        sa.Column("scanner", Line(length=255), nullable=True),
        sa.Column("site", Line(length=255), nullable=True),
        sa.Column("sex", Line(length=8), nullable=True),
        sa.Column("age_years", sa.Double(), nullable=True),
        sa.Column("synthetic", sa.Boolean(), nullable=False),
        sa.Column("version", Line(length=64), nullable=True),
        sa.Column("positive", sa.Boolean(), nullable=True),
        sa.Column("probability", sa.Double(), nullable=True),
        sa.Column("has_mask", sa.Boolean(), nullable=True),
        sa.Column("volume_ml", sa.Double(), nullable=True),
        sa.Column("longest_diameter_mm", sa.Double(), nullable=True),
        sa.Column("estimated_dice", sa.Double(), nullable=True),
        sa.Column("read_us", sa.BigInteger(), nullable=True),
        sa.Column("head_row", sa.Double(), nullable=True),
        sa.Column("head_column", sa.Double(), nullable=True),
        sa.Column("verdict", sa.String(length=16), nullable=True),
        sa.Column("truth_positive", sa.Boolean(), nullable=True),
        sa.Column("dice", sa.Double(), nullable=True),
        sa.Column("reviewed_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("line", name=op.f("pk_ledger")),
        sa.UniqueConstraint("scan_id", name=op.f("uq_ledger_scan_id")),
        **_MYSQL,
    )
    op.create_index("ix_ledger_changed", "ledger", ["changed"])


def _refusals() -> None:
    op.create_table(
        "refusals",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("upload_id", sa.String(length=32), nullable=True),
        sa.Column("name", Line(length=255), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("sentence", Words(), nullable=False),
        sa.Column("modality", Line(length=32), nullable=True),
        sa.Column("scanner", Line(length=255), nullable=True),
        sa.Column("site", Line(length=255), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refusals")),
        **_MYSQL,
    )
    op.create_index("ix_refusals_created_at", "refusals", ["created_at"])
    op.create_index("ix_refusals_upload_id", "refusals", ["upload_id"])


def _views() -> None:
    op.create_table(
        "views",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", Line(length=64), nullable=False),
        sa.Column("name_key", Line(length=64), nullable=False),
        sa.Column("query", Words(), nullable=False),
        sa.Column("made_by", Line(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_views")),
        sa.UniqueConstraint("name_key", name=op.f("uq_views_name_key")),
        **_MYSQL,
    )


def upgrade() -> None:
    """The tables, empty: the first start counts the scans that are there into the ledger."""
    _columns()
    _ledger()
    _refusals()
    _views()


def downgrade() -> None:
    """Without them."""
    for table in ("views", "refusals", "ledger"):
        op.drop_table(table)
    op.drop_index("ix_patients_changed", "patients")
    for table, column in (
        ("patients", "changed"),
        ("scans", "synthetic"),
        ("results", "head_column"),
        ("results", "head_row"),
    ):
        with op.batch_alter_table(table) as change:
            change.drop_column(column)
    op.create_index("ix_scans_task_created_at_id", "scans", ["task", "created_at", "id"])
