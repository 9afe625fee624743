"""Groups of readers, mails that people choose, and alerts that only some may see."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.columns import Line, UtcDateTime

revision = "0038"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns: nobody is in a group, nobody gets mails, everybody who decides sees every alert."""
    op.add_column("users", sa.Column("reader_group", Line(64)))
    op.add_column("users", sa.Column("mail", Line()))
    op.add_column("users", sa.Column("review_mails", sa.String(length=16)))
    op.add_column("users", sa.Column("review_mails_until", UtcDateTime()))
    op.add_column("alerts", sa.Column("permission", sa.String(length=64)))


def downgrade() -> None:
    """Take them away; alerts that only some may see go first, so that nobody else ever does."""
    op.execute("DELETE FROM alerts WHERE permission IS NOT NULL")
    with op.batch_alter_table("alerts") as batch:
        batch.drop_column("permission")
    with op.batch_alter_table("users") as batch:
        for name in ("review_mails_until", "review_mails", "mail", "reader_group"):
            batch.drop_column(name)
