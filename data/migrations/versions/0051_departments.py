"""Departments: of which a scan is, and to which a person is bound."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.columns import Line, UtcDateTime, Words

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None

_MYSQL = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    """No house has a department yet: every scan is of none, and everybody sees the whole house."""
    op.create_table(
        "departments",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", Line(64), nullable=False),
        sa.Column("name_key", Line(64), nullable=False),
        sa.Column("senders", Words(), nullable=False),
        sa.Column("sites", Words(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_departments")),
        sa.UniqueConstraint("name_key", name=op.f("uq_departments_name_key")),
        **_MYSQL,
    )
    op.add_column("scans", sa.Column("department_id", sa.String(length=32)))
    op.create_index("ix_scans_department_id", "scans", ["department_id"])
    op.add_column("ledger", sa.Column("department_id", sa.String(length=32)))
    op.add_column("users", sa.Column("departments", Words()))


def downgrade() -> None:
    """Everybody sees the whole house again."""
    op.drop_column("users", "departments")
    op.drop_column("ledger", "department_id")
    op.drop_index("ix_scans_department_id", "scans")
    op.drop_column("scans", "department_id")
    op.drop_table("departments")
