"""Bulk imports and their items."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.columns import Line, UtcDateTime, Words

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_MYSQL = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def _imports() -> None:
    op.create_table(
        "imports",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("folder", Words(), nullable=False),
        sa.Column("labels", Words(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("user_id", Line(length=64), nullable=True),
        sa.Column("failure", Words(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
        **_MYSQL,
    )
    op.create_index("ix_imports_created_at", "imports", ["created_at"])


def _import_items() -> None:
    op.create_table(
        "import_items",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("import_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", Words(), nullable=False),
        sa.Column("files", Words(), nullable=False),
        sa.Column("stacked", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("scan_ids", Words(), nullable=False),
        sa.Column("refusals", Words(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("known", sa.Integer(), nullable=False),
        sa.Column("labelled", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_import_items_import_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_items")),
        **_MYSQL,
    )
    columns = ["import_id", "state", "number"]
    op.create_index("ix_import_items_import_id_state_number", "import_items", columns)


def upgrade() -> None:
    """Add the two tables."""
    _imports()
    _import_items()


def downgrade() -> None:
    """Take them away again."""
    op.drop_table("import_items")
    op.drop_table("imports")
