"""Priors: which are fetched, which were asked for, what came, and that a scan of the ledger is one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.columns import Line, UtcDateTime, Words

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_MYSQL = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    """Add the tables, empty; no scan that is here was fetched."""
    op.create_table(
        "prior_rules",
        sa.Column("node_id", sa.String(length=32), nullable=False),
        sa.Column("method", sa.String(length=16), nullable=False),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("studies", sa.Integer(), nullable=False),
        sa.Column("years", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("node_id", name=op.f("pk_prior_rules")),
        **_MYSQL,
    )
    op.create_table(
        "prior_requests",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("scan_id", sa.String(length=32), nullable=False),
        sa.Column("patient_id", sa.String(length=32), nullable=False),
        sa.Column("node_id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("asked_by", sa.String(length=32), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", UtcDateTime(), nullable=True),
        sa.Column("failure", Words(), nullable=True),
        sa.Column("passed_over", Words(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prior_requests")),
        **_MYSQL,
    )
    op.create_index("ix_prior_requests_patient_id", "prior_requests", ["patient_id"])
    op.create_table(
        "prior_series",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("request_id", sa.String(length=32), nullable=False),
        sa.Column("node_id", sa.String(length=32), nullable=False),
        sa.Column("study_uid", Line(64), nullable=False),
        sa.Column("series_uid", Line(64), nullable=False),
        sa.Column("study_date", sa.Date(), nullable=True),
        sa.Column("modality", Line(16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("completed", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("failure", Words(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prior_series")),
        **_MYSQL,
    )
    op.create_index("ix_prior_series_request_id", "prior_series", ["request_id"])
    op.add_column("ledger", sa.Column("prior", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Take them away again."""
    with op.batch_alter_table("ledger") as batch:
        batch.drop_column("prior")
    for table in ("prior_series", "prior_requests", "prior_rules"):
        op.drop_table(table)
