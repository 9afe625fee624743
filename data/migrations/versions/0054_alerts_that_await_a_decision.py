"""Alerts that await somebody's decision, and mails about alerts that people choose."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.columns import Line, UtcDateTime

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Alerts that stand call everybody who decides on alerts, as before; nobody gets mails about them."""
    op.add_column("alerts", sa.Column("awaits", sa.String(length=64)))
    op.add_column("alerts", sa.Column("asked_by", Line(64)))
    op.add_column("alerts", sa.Column("called_at", UtcDateTime()))
    op.add_column("users", sa.Column("alert_mails", sa.String(length=16)))
    op.add_column("users", sa.Column("alert_mails_until", UtcDateTime()))


def downgrade() -> None:
    """Take them away."""
    with op.batch_alter_table("users") as batch:
        batch.drop_column("alert_mails_until")
        batch.drop_column("alert_mails")
    with op.batch_alter_table("alerts") as batch:
        for name in ("called_at", "asked_by", "awaits"):
            batch.drop_column(name)
