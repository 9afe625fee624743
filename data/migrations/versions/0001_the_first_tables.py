"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.columns import Line, UtcDateTime, Words

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_MYSQL = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def _users() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", Line(length=64), nullable=False),
        sa.Column("name_key", Line(length=64), nullable=False),
        sa.Column("display_name", Line(length=255), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("must_change_password", sa.Boolean(), nullable=False),
        sa.Column("session_epoch", sa.Integer(), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("last_seen_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("name_key", name=op.f("uq_users_name_key")),
        **_MYSQL,
    )


def _sign_in_failures() -> None:
    op.create_table(
        "sign_in_failures",
        sa.Column("name_key", Line(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=False),
        sa.Column("locked_until", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("name_key", name=op.f("pk_sign_in_failures")),
        **_MYSQL,
    )
    op.create_index("ix_sign_in_failures_last_at", "sign_in_failures", ["last_at"])


def _tokens() -> None:
    op.create_table(
        "tokens",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("label", Line(length=255), nullable=False),
        sa.Column("secret_sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("last_used_at", UtcDateTime(), nullable=True),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_tokens_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("secret_sha256", name=op.f("uq_tokens_secret_sha256")),
        **_MYSQL,
    )
    op.create_index("ix_tokens_user_id", "tokens", ["user_id"])


def _patients() -> None:
    op.create_table(
        "patients",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("pseudonym", sa.String(length=16), nullable=False),
        sa.Column("patient_id", Line(length=255), nullable=True),
        sa.Column("name", Line(length=255), nullable=True),
        sa.Column("name_key", Line(length=255), nullable=True),
        sa.Column("label", Line(length=255), nullable=False),
        sa.Column("search_key", Words(), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patients")),
        sa.UniqueConstraint("pseudonym", name=op.f("uq_patients_pseudonym")),
        **_MYSQL,
    )
    op.create_index("ix_patients_patient_id", "patients", ["patient_id"])


def _scans() -> None:
    op.create_table(
        "scans",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("patient_id", sa.String(length=32), nullable=False),
        sa.Column("content_sha256", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("failure", Words(), nullable=True),
        sa.Column("task", Line(length=64), nullable=False),
        sa.Column("modality", Line(length=32), nullable=True),
        sa.Column("body_part", Line(length=255), nullable=True),
        sa.Column("sequence", Line(length=255), nullable=True),
        sa.Column("sequence_key", Line(length=255), nullable=True),
        sa.Column("manufacturer", Line(length=255), nullable=True),
        sa.Column("scanner", Line(length=255), nullable=True),
        sa.Column("site", Line(length=255), nullable=True),
        sa.Column("acquired_at", UtcDateTime(), nullable=True),
        sa.Column("sex", Line(length=8), nullable=True),
        sa.Column("age_years", sa.Double(), nullable=True),
        sa.Column("study_uid", Line(length=255), nullable=True),
        sa.Column("series_uid", Line(length=255), nullable=True),
        sa.Column("slice_mm", sa.Double(), nullable=True),
        sa.Column("row_mm", sa.Double(), nullable=True),
        sa.Column("column_mm", sa.Double(), nullable=True),
        sa.Column("grid", Words(), nullable=False),
        sa.Column("slices", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("uploaded_by", Line(length=64), nullable=False),
        sa.Column("warnings", Words(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("latest_result_id", sa.String(length=32), nullable=True),
        sa.Column("latest_review_id", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_scans_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scans")),
        sa.UniqueConstraint("content_sha256", name=op.f("uq_scans_content_sha256")),
        **_MYSQL,
    )
    op.create_index("ix_scans_created_at_id", "scans", ["created_at", "id"])
    op.create_index("ix_scans_patient_id", "scans", ["patient_id"])
    op.create_index("ix_scans_series_uid", "scans", ["series_uid"])
    op.create_index("ix_scans_status_created_at_id", "scans", ["status", "created_at", "id"])
    op.create_index("ix_scans_task_created_at_id", "scans", ["task", "created_at", "id"])


def _results() -> None:
    op.create_table(
        "results",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("scan_id", sa.String(length=32), nullable=False),
        sa.Column("task", Line(length=64), nullable=False),
        sa.Column("positive", sa.Boolean(), nullable=False),
        sa.Column("probability", sa.Double(), nullable=False),
        sa.Column("threshold", sa.Double(), nullable=False),
        sa.Column("model_name", Line(length=255), nullable=False),
        sa.Column("model_version", Line(length=64), nullable=False),
        sa.Column("volume_ml", sa.Double(), nullable=True),
        sa.Column("longest_diameter_mm", sa.Double(), nullable=True),
        sa.Column("provenance", Words(), nullable=False),
        sa.Column("measurements", Words(), nullable=True),
        sa.Column("has_mask", sa.Boolean(), nullable=False),
        sa.Column("has_heatmap", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["scan_id"], ["scans.id"], name=op.f("fk_results_scan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_results")),
        **_MYSQL,
    )
    op.create_index("ix_results_scan_id_created_at", "results", ["scan_id", "created_at"])
    op.create_index("ix_results_task_created_at", "results", ["task", "created_at"])


def _reviews() -> None:
    op.create_table(
        "reviews",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("scan_id", sa.String(length=32), nullable=False),
        sa.Column("result_id", sa.String(length=32), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("reason", Words(), nullable=True),
        sa.Column("reviewer_id", Line(length=64), nullable=False),
        sa.Column("reviewer_name", Line(length=255), nullable=False),
        sa.Column("volume_ml", sa.Double(), nullable=True),
        sa.Column("longest_diameter_mm", sa.Double(), nullable=True),
        sa.Column("measurements", Words(), nullable=True),
        sa.Column("dice", sa.Double(), nullable=True),
        sa.Column("truth_positive", sa.Boolean(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["result_id"], ["results.id"], name=op.f("fk_reviews_result_id")),
        sa.ForeignKeyConstraint(["scan_id"], ["scans.id"], name=op.f("fk_reviews_scan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
        **_MYSQL,
    )
    op.create_index("ix_reviews_created_at", "reviews", ["created_at"])
    op.create_index("ix_reviews_result_id", "reviews", ["result_id"])
    op.create_index("ix_reviews_scan_id_created_at", "reviews", ["scan_id", "created_at"])


def _uploads() -> None:
    op.create_table(
        "uploads",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("user_id", Line(length=64), nullable=False),
        sa.Column("name", Line(length=255), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("scan_ids", Words(), nullable=False),
        sa.Column("known_scan_ids", Words(), nullable=False),
        sa.Column("refusals", Words(), nullable=False),
        sa.Column("failure", Words(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
        **_MYSQL,
    )
    op.create_index("ix_uploads_state", "uploads", ["state"])
    op.create_index("ix_uploads_user_id_created_at", "uploads", ["user_id", "created_at"])


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("kind", Line(length=64), nullable=False),
        sa.Column("subject", Words(), nullable=False),
        sa.Column("open_key", sa.String(length=64), nullable=True),
        sa.Column("run_id", sa.String(length=32), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("progress", sa.Double(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("user_id", Line(length=64), nullable=True),
        sa.Column("failure", Words(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sa.UniqueConstraint("open_key", name=op.f("uq_jobs_open_key")),
        **_MYSQL,
    )
    op.create_index("ix_jobs_created_at", "jobs", ["created_at"])
    op.create_index("ix_jobs_state_created_at", "jobs", ["state", "created_at"])


def _audit_events() -> None:
    op.create_table(
        "audit_events",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("user_id", Line(length=64), nullable=True),
        sa.Column("action", Line(length=64), nullable=False),
        sa.Column("subject", Line(length=255), nullable=False),
        sa.Column("detail", Words(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_events")),
        **_MYSQL,
    )
    op.create_index("ix_audit_events_at", "audit_events", ["at"])


def _revisions() -> None:
    revisions = op.create_table(
        "revisions",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_revisions")),
        **_MYSQL,
    )
    op.bulk_insert(revisions, [{"name": name, "value": 0} for name in ("scans", "patients", "users")])


def upgrade() -> None:
    """To this revision: every table of the first version."""
    _users()
    _sign_in_failures()
    _tokens()
    _patients()
    _scans()
    _results()
    _reviews()
    _uploads()
    _jobs()
    _audit_events()
    _revisions()


def downgrade() -> None:
    """Back to an empty database."""
    for table in (
        "revisions",
        "audit_events",
        "jobs",
        "uploads",
        "reviews",
        "results",
        "scans",
        "patients",
        "tokens",
        "sign_in_failures",
        "users",
    ):
        op.drop_table(table)
