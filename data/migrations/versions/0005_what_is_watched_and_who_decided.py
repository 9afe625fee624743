"""What is watched and who decided: features, drift, schedules, alerts, promotions, reports."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.columns import Line, UtcDateTime, Words

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_MYSQL = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def _features() -> None:
    op.create_table(
        "features",
        sa.Column("result_id", sa.String(length=32), nullable=False),
        sa.Column("scan_id", sa.String(length=32), nullable=False),
        sa.Column("task", Line(length=64), nullable=False),
        sa.Column("version", Line(length=64), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("synthetic", sa.Boolean(), nullable=False),
        sa.Column("p01", sa.Double(), nullable=True),
        sa.Column("p10", sa.Double(), nullable=True),
        sa.Column("p25", sa.Double(), nullable=True),
        sa.Column("p50", sa.Double(), nullable=True),
        sa.Column("p75", sa.Double(), nullable=True),
        sa.Column("p90", sa.Double(), nullable=True),
        sa.Column("p99", sa.Double(), nullable=True),
        sa.Column("mean", sa.Double(), nullable=True),
        sa.Column("contrast", sa.Double(), nullable=True),
        sa.Column("entropy", sa.Double(), nullable=True),
        sa.Column("sharpness", sa.Double(), nullable=True),
        sa.Column("noise", sa.Double(), nullable=True),
        sa.Column("bias_field", sa.Double(), nullable=True),
        sa.Column("foreground", sa.Double(), nullable=True),
        sa.Column("row_mm", sa.Double(), nullable=True),
        sa.Column("slice_mm", sa.Double(), nullable=True),
        sa.Column("slices", sa.Double(), nullable=True),
        sa.Column("height", sa.Double(), nullable=True),
        sa.Column("width", sa.Double(), nullable=True),
        sa.Column("probability", sa.Double(), nullable=True),
        sa.Column("volume_ml", sa.Double(), nullable=True),
        sa.Column("lesions", sa.Double(), nullable=True),
        sa.Column("doubt", sa.Double(), nullable=True),
        sa.Column("estimated_dice", sa.Double(), nullable=True),
        sa.Column("latency_ms", sa.Double(), nullable=True),
        sa.Column("age_years", sa.Double(), nullable=True),
        sa.Column("hour", sa.Double(), nullable=True),
        sa.Column("sex", Line(length=8), nullable=True),
        sa.Column("site", Line(length=255), nullable=True),
        sa.Column("scanner", Line(length=255), nullable=True),
        sa.Column("software", Line(length=255), nullable=True),
        sa.PrimaryKeyConstraint("result_id", name=op.f("pk_features")),
        **_MYSQL,
    )
    op.create_index("ix_features_scan_id", "features", ["scan_id"])
    op.create_index("ix_features_task_created_us", "features", ["task", "created_us"])


def _embeddings() -> None:
    op.create_table(
        "embeddings",
        sa.Column("result_id", sa.String(length=32), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("result_id", name=op.f("pk_embeddings")),
        **_MYSQL,
    )


def _drift_references() -> None:
    op.create_table(
        "drift_references",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", Line(length=64), nullable=False),
        sa.Column("name_key", Line(length=64), nullable=False),
        sa.Column("task", Line(length=64), nullable=False),
        sa.Column("version", Line(length=64), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("query", Words(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("made_by", Line(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drift_references")),
        sa.UniqueConstraint("name_key", name=op.f("uq_drift_references_name_key")),
        **_MYSQL,
    )


def _drift_runs() -> None:
    op.create_table(
        "drift_runs",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("task", Line(length=64), nullable=False),
        sa.Column("version", Line(length=64), nullable=True),
        sa.Column("reference_id", sa.String(length=32), nullable=True),
        sa.Column("reference_name", Line(length=255), nullable=False),
        sa.Column("ask", Words(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("severity", sa.String(length=16), nullable=True),
        sa.Column("reference_n", sa.Integer(), nullable=True),
        sa.Column("current_n", sa.Integer(), nullable=True),
        sa.Column("drifted", sa.Integer(), nullable=True),
        sa.Column("watched", sa.Integer(), nullable=True),
        sa.Column("snapshot_sha256", sa.String(length=64), nullable=True),
        sa.Column("failure", Words(), nullable=True),
        sa.Column("schedule_id", sa.String(length=32), nullable=True),
        sa.Column("asked_by", Line(length=64), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drift_runs")),
        **_MYSQL,
    )
    op.create_index("ix_drift_runs_task_created_at", "drift_runs", ["task", "created_at"])


def _review_requests() -> None:
    op.create_table(
        "review_requests",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("scan_id", sa.String(length=32), nullable=False),
        sa.Column("task", Line(length=64), nullable=False),
        sa.Column("why", Words(), nullable=False),
        sa.Column("asked_by", Line(length=64), nullable=False),
        sa.Column("asked_name", Line(length=255), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_requests")),
        **_MYSQL,
    )
    op.create_index("ix_review_requests_scan_id", "review_requests", ["scan_id"])
    op.create_index("ix_review_requests_created_at", "review_requests", ["created_at"])


def _schedules() -> None:
    op.create_table(
        "schedules",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", Line(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("ask", Words(), nullable=False),
        sa.Column("cron", Line(length=64), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("last_due_at", UtcDateTime(), nullable=True),
        sa.Column("job_id", sa.String(length=32), nullable=True),
        sa.Column("last_run_at", UtcDateTime(), nullable=True),
        sa.Column("failure", Words(), nullable=True),
        sa.Column("made_by", Line(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("deleted_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedules")),
        **_MYSQL,
    )


def _alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("cause", Line(length=255), nullable=False),
        sa.Column("open_key", sa.String(length=64), nullable=True),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("title", Line(length=255), nullable=False),
        sa.Column("sentence", Words(), nullable=False),
        sa.Column("link", Words(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("first_at", UtcDateTime(), nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=False),
        sa.Column("muted_until", UtcDateTime(), nullable=True),
        sa.Column("decided_by", Line(length=64), nullable=True),
        sa.Column("decided_name", Line(length=255), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("why", Words(), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("tell_at", UtcDateTime(), nullable=True),
        sa.Column("tellings", sa.Integer(), nullable=False),
        sa.Column("told_to", Words(), nullable=False),
        sa.Column("told_at", UtcDateTime(), nullable=True),
        sa.Column("telling_failed", Words(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
        sa.UniqueConstraint("open_key", name=op.f("uq_alerts_open_key")),
        **_MYSQL,
    )
    op.create_index("ix_alerts_state_last_at", "alerts", ["state", "last_at"])


def _promotions() -> None:
    op.create_table(
        "promotions",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("task", Line(length=64), nullable=False),
        sa.Column("version", Line(length=64), nullable=False),
        sa.Column("from_version", Line(length=64), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("gate", Words(), nullable=True),
        sa.Column("overridden", sa.Boolean(), nullable=False),
        sa.Column("reason", Words(), nullable=False),
        sa.Column("asked_by", Line(length=64), nullable=False),
        sa.Column("asked_name", Line(length=255), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("decided_by", Line(length=64), nullable=True),
        sa.Column("decided_name", Line(length=255), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("decision", Words(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promotions")),
        **_MYSQL,
    )
    op.create_index("ix_promotions_task_asked_at", "promotions", ["task", "asked_at"])


def _reports() -> None:
    op.create_table(
        "reports",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("title", Line(length=255), nullable=False),
        sa.Column("ask", Words(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("failure", Words(), nullable=True),
        sa.Column("files", Words(), nullable=False),
        sa.Column("signed", sa.Boolean(), nullable=False),
        sa.Column("made_by", Line(length=64), nullable=False),
        sa.Column("made_name", Line(length=255), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports")),
        **_MYSQL,
    )
    op.create_index("ix_reports_created_at", "reports", ["created_at"])


def _goals() -> None:
    op.create_table(
        "goals",
        sa.Column("task", Line(length=64), nullable=False),
        sa.Column("metric", Line(length=64), nullable=False),
        sa.Column("goal", sa.Double(), nullable=True),
        sa.Column("alert_limit", sa.Double(), nullable=True),
        sa.Column("set_by", Line(length=255), nullable=False),
        sa.Column("set_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("task", "metric", name=op.f("pk_goals")),
        **_MYSQL,
    )


def upgrade() -> None:
    """Add the tables, and the scanner's software to scans."""
    op.add_column("scans", sa.Column("software", Line(length=255), nullable=True))
    _features()
    _embeddings()
    _drift_references()
    _drift_runs()
    _review_requests()
    _schedules()
    _alerts()
    _promotions()
    _reports()
    _goals()


def downgrade() -> None:
    """Remove them."""
    op.drop_table("goals")
    op.drop_table("reports")
    op.drop_table("promotions")
    op.drop_table("alerts")
    op.drop_table("schedules")
    op.drop_table("review_requests")
    op.drop_table("drift_runs")
    op.drop_table("drift_references")
    op.drop_table("embeddings")
    op.drop_table("features")
    op.drop_column("scans", "software")
