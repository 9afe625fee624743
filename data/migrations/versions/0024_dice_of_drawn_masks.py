"""Only a mask that a person drew, of a scan with the finding, has a Dice."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_LEDGER = sa.table(
    "ledger",
    sa.column("verdict", sa.String),
    sa.column("truth_positive", sa.Boolean),
    sa.column("dice", sa.Float),
)


def upgrade() -> None:
    """Of these another Dice counts than before: the next start writes the ledger anew."""
    _forget_other_dice()


def downgrade() -> None:
    """Nor did they before."""
    _forget_other_dice()


def _forget_other_dice() -> None:
    ill = _LEDGER.c.truth_positive.is_(sa.true())
    counts = ill & (_LEDGER.c.verdict != "accepted")
    op.execute(sa.delete(_LEDGER).where(_LEDGER.c.dice.is_not(None) & ~sa.func.coalesce(counts, sa.false())))
