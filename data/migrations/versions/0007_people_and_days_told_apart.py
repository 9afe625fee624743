"""The sex of a patient, and scans of which only the day is known."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from alembic import op

from data.columns import Line, UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_SCANS = sa.table(
    "scans",
    sa.column("id", sa.String),
    sa.column("acquired_at", UtcDateTime),
    sa.column("acquired_day_only", sa.Boolean),
)


def upgrade() -> None:
    """Add the columns; a day without a time was kept as midnight in UTC and is now one of this place."""
    op.add_column("patients", sa.Column("sex", Line(length=8), nullable=True))
    flag: sa.Column[bool] = sa.Column("acquired_day_only", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("scans", flag)
    connection = op.get_bind()
    dated = sa.select(_SCANS.c.id, _SCANS.c.acquired_at).where(_SCANS.c.acquired_at.is_not(None))
    for scan_id, acquired_at in connection.execute(dated).all():
        if acquired_at.time() == datetime.min.time():
            local = acquired_at.replace(tzinfo=None).astimezone()
            one_scan = sa.update(_SCANS).where(_SCANS.c.id == scan_id)
            connection.execute(one_scan.values(acquired_at=local, acquired_day_only=True))


def downgrade() -> None:
    """Take the columns away again."""
    # Not in a batch: SQLite would make the tables anew, to which others refer.
    op.drop_column("scans", "acquired_day_only")
    op.drop_column("patients", "sex")
