"""The sizes of a mask that came with an imported label count, as a corrected one's do."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_LEDGER = sa.table("ledger", sa.column("scan_id", sa.String))
_REVIEWS = sa.table(
    "reviews",
    sa.column("id", sa.String),
    sa.column("verdict", sa.String),
    sa.column("measurements", sa.String),
)
_RESULTS = sa.table("results", sa.column("id", sa.String), sa.column("current_review_id", sa.String))
_SCANS = sa.table("scans", sa.column("id", sa.String), sa.column("latest_result_id", sa.String))


def upgrade() -> None:
    """Of these other sizes count than before: the next start writes the ledger anew."""
    _forget_labelled()


def downgrade() -> None:
    """Nor did they before."""
    _forget_labelled()


def _forget_labelled() -> None:
    of_latest = _SCANS.join(_RESULTS, _SCANS.c.latest_result_id == _RESULTS.c.id).join(
        _REVIEWS, _RESULTS.c.current_review_id == _REVIEWS.c.id
    )
    brought = (_REVIEWS.c.verdict == "labelled") & _REVIEWS.c.measurements.is_not(None)
    labelled = sa.select(_SCANS.c.id).select_from(of_latest).where(brought)
    op.execute(sa.delete(_LEDGER).where(_LEDGER.c.scan_id.in_(labelled)))
