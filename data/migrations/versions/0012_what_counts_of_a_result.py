"""Reviews that are unsure or take another one back, and which review counts of each result."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.columns import UtcDateTime, Words

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_LEDGER = sa.table("ledger", sa.column("scan_id", sa.String))
_REVIEWS = sa.table(
    "reviews",
    sa.column("id", sa.String),
    sa.column("result_id", sa.String),
    sa.column("verdict", sa.String),
    sa.column("created_at", UtcDateTime),
)
_RESULTS = sa.table("results", sa.column("id", sa.String), sa.column("current_review_id", sa.String))
_SCANS = sa.table(
    "scans",
    sa.column("id", sa.String),
    sa.column("latest_result_id", sa.String),
    sa.column("latest_review_id", sa.String),
)


def upgrade() -> None:
    """Add the columns; what counts of a result was never taken back, so that it is the newest review."""
    for column in (
        sa.Column("takes_back", sa.String(length=32)),
        sa.Column("parent_id", sa.String(length=32)),
        sa.Column("minutes", sa.Double()),
        sa.Column("comment", Words()),
    ):
        op.add_column("reviews", column)
    op.add_column("results", sa.Column("current_review_id", sa.String(length=32)))
    newest = (
        sa.select(_REVIEWS.c.id)
        .where(_REVIEWS.c.result_id == _RESULTS.c.id)
        .order_by(_REVIEWS.c.created_at.desc(), _REVIEWS.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    op.execute(sa.update(_RESULTS).values(current_review_id=newest))
    # Of these another review counts than before: the next start writes the ledger anew.
    of_latest = _SCANS.join(_RESULTS, _SCANS.c.latest_result_id == _RESULTS.c.id)
    before = sa.func.coalesce(_SCANS.c.latest_review_id, "")
    after = sa.func.coalesce(_RESULTS.c.current_review_id, "")
    moved = sa.select(_SCANS.c.id).select_from(of_latest).where(before != after)
    op.execute(sa.delete(_LEDGER).where(_LEDGER.c.scan_id.in_(moved)))
    # Not in a batch: SQLite would make the table anew, to which others refer.
    op.drop_column("scans", "latest_review_id")


def downgrade() -> None:
    """Without them, and without the verdicts that were not known before."""
    op.add_column("scans", sa.Column("latest_review_id", sa.String(length=32)))
    current = (
        sa.select(_RESULTS.c.current_review_id)
        .where(_RESULTS.c.id == _SCANS.c.latest_result_id)
        .scalar_subquery()
    )
    op.execute(sa.update(_SCANS).values(latest_review_id=current))
    op.drop_column("results", "current_review_id")
    op.execute(sa.delete(_REVIEWS).where(_REVIEWS.c.verdict.in_(("unsure", "taking-back"))))
    for name in ("comment", "minutes", "parent_id", "takes_back"):
        op.drop_column("reviews", name)
