"""Patients with the same number and name: whether they are one person, and who was merged into whom."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from data.columns import Line, UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_MYSQL = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}
_PATIENTS = sa.table(
    "patients",
    sa.column("id", sa.String),
    sa.column("patient_id", Line()),
    sa.column("name_key", Line()),
    sa.column("created_at", UtcDateTime),
)


def upgrade() -> None:
    """Add the column and the table, and write down the conflicts that there are."""
    op.add_column("patients", sa.Column("merged_into", sa.String(length=32), nullable=True))
    op.create_index("ix_patients_merged_into", "patients", ["merged_into"])
    conflicts = op.create_table(
        "patient_conflicts",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("first_id", sa.String(length=32), nullable=False),
        sa.Column("second_id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["first_id"], ["patients.id"], name=op.f("fk_patient_conflicts_first_id")
        ),
        sa.ForeignKeyConstraint(
            ["second_id"], ["patients.id"], name=op.f("fk_patient_conflicts_second_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patient_conflicts")),
        sa.UniqueConstraint("first_id", "second_id", name=op.f("uq_patient_conflicts_first_id_second_id")),
        **_MYSQL,
    )
    op.create_index("ix_patient_conflicts_second_id", "patient_conflicts", ["second_id"])
    op.create_index("ix_patient_conflicts_state", "patient_conflicts", ["state"])
    pairs = _pairs()
    if pairs:
        op.bulk_insert(conflicts, pairs)


def _pairs() -> list[dict[str, object]]:
    older, younger = _PATIENTS.alias("older"), _PATIENTS.alias("younger")
    same = sa.and_(
        older.c.patient_id == younger.c.patient_id,
        older.c.name_key == younger.c.name_key,
        sa.or_(
            older.c.created_at < younger.c.created_at,
            sa.and_(older.c.created_at == younger.c.created_at, older.c.id < younger.c.id),
        ),
    )
    rows = op.get_bind().execute(sa.select(older.c.id, younger.c.id).join(younger, same)).all()
    return [
        {
            "id": uuid.uuid4().hex,
            "first_id": first,
            "second_id": second,
            "state": "open",
            "created_at": datetime.now(UTC),
        }
        for first, second in rows
    ]


def downgrade() -> None:
    """Take both away again; who was merged stays so, without the other one's row being known for it."""
    op.drop_table("patient_conflicts")
    op.drop_index("ix_patients_merged_into", "patients")
    # Not in a batch: SQLite would make the table anew, to which others refer.
    op.drop_column("patients", "merged_into")
