"""Columns that name patients hold texts of any length, as what is encrypted is longer than what it says."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from data.columns import Line, Words

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None

_LINES = (
    ("patients", "patient_id", True),
    ("patients", "name", True),
    ("patients", "name_key", True),
    ("patients", "label", False),
    ("uploads", "name", False),
    ("refusals", "name", False),
)
_INDEX = "ix_patients_patient_id"


def upgrade() -> None:
    """Widen them. Nothing is encrypted by this: the server does it where it has a key."""
    op.drop_index(_INDEX, "patients")
    for table, column, nullable in _LINES:
        _retype(table, column, Line(), Words(), nullable)
    _retype("patients", "birth_date", sa.Date(), Words(), nullable=True, using="birth_date::text")
    op.create_index(_INDEX, "patients", ["patient_id"], mysql_length=255, mariadb_length=255)


def downgrade() -> None:
    """Make them as short as they were. What is encrypted must be decrypted before."""
    _refuse_encrypted()
    op.drop_index(_INDEX, "patients")
    for table, column, nullable in _LINES:
        _retype(table, column, Words(), Line(), nullable)
    _retype("patients", "birth_date", Words(), sa.Date(), nullable=True, using="birth_date::date")
    op.create_index(_INDEX, "patients", ["patient_id"])


def _refuse_encrypted() -> None:
    patients = sa.table("patients", sa.column("label", sa.Text()))
    encrypted = sa.select(patients.c.label).where(sa.func.substr(patients.c.label, 1, 1) == "\x01").limit(1)
    if op.get_bind().execute(encrypted).first() is not None:
        raise RuntimeError("Names of patients are encrypted: start the server once without a key for them.")


def _retype(
    table: str,
    column: str,
    before: sa.types.TypeEngine[Any],
    after: sa.types.TypeEngine[Any],
    nullable: bool,
    using: str | None = None,
) -> None:
    if op.get_bind().dialect.name != "sqlite":
        op.alter_column(
            table, column, existing_type=before, type_=after, existing_nullable=nullable, postgresql_using=using
        )
        return
    # Other tables refer to these: made anew, as SQLite needs it for another type, they would lose their rows' children.
    new = f"{column}_new"
    default = None if nullable else ""
    op.add_column(table, sa.Column(new, after, nullable=nullable, server_default=default))
    op.execute(f"UPDATE {table} SET {new} = {column}")
    op.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    op.execute(f"ALTER TABLE {table} RENAME COLUMN {new} TO {column}")
