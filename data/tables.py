"""The tables. Only the stores and the migrations read this file.

Names, patient ids and birth dates of patients are in `patients` and nowhere else.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    false,
)

from data.columns import ID_LENGTH, Line, UtcDateTime, Words

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=_NAMES)

# utf8mb4_bin: MySQL's default takes "a" and "A", even "a" and "ä", for the same key.
_MYSQL: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_bin",
}


def _id(name: str = "id") -> Column[str]:
    return Column(name, String(ID_LENGTH), primary_key=True)


def _reference(name: str, target: str) -> Column[str]:
    return Column(name, String(ID_LENGTH), ForeignKey(target), nullable=False)


users = Table(
    "users",
    metadata,
    _id(),
    Column("name", Line(64), nullable=False),
    Column("name_key", Line(64), nullable=False, unique=True),  # folded: names differ by more than case
    Column("display_name", Line(), nullable=False),
    Column("role", String(16), nullable=False),
    Column("active", Boolean, nullable=False),
    Column("must_change_password", Boolean, nullable=False),
    Column("session_epoch", Integer, nullable=False),
    Column("password_hash", String(255), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_seen_at", UtcDateTime),
    **_MYSQL,
)

# Also counts names that have no account, so that waiting does not tell which names exist.
sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    Column("name_key", Line(64), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", UtcDateTime, nullable=False, index=True),
    Column("locked_until", UtcDateTime),
    **_MYSQL,
)

tokens = Table(
    "tokens",
    metadata,
    _id(),
    _reference("user_id", "users.id"),
    Column("label", Line(), nullable=False),
    Column("secret_sha256", String(64), nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_used_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
    Index("ix_tokens_user_id", "user_id"),
    **_MYSQL,
)

patients = Table(
    "patients",
    metadata,
    _id(),
    Column("pseudonym", String(16), nullable=False, unique=True),
    Column("patient_id", Line()),
    Column("name", Line()),
    Column("name_key", Line()),  # folded name, None where the file has none
    Column("label", Line(), nullable=False),  # shown where the file has no name
    Column("search_key", Words, nullable=False),  # folded name or label, and patient id
    Column("birth_date", Date),
    Column("created_at", UtcDateTime, nullable=False),
    Column("changed", BigInteger, nullable=False, server_default="0"),  # the revision of its last change
    Index("ix_patients_patient_id", "patient_id"),
    Index("ix_patients_changed", "changed"),
    **_MYSQL,
)

scans = Table(
    "scans",
    metadata,
    _id(),
    _reference("patient_id", "patients.id"),
    Column("content_sha256", String(64), nullable=False, unique=True),
    Column("status", String(16), nullable=False),
    Column("failure", Words),
    Column("task", Line(64), nullable=False),
    Column("modality", Line(32)),
    Column("body_part", Line()),
    Column("sequence", Line()),
    Column("sequence_key", Line()),  # folded, for search and sorting
    Column("manufacturer", Line()),
    Column("scanner", Line()),
    Column("software", Line()),  # of the scanner
    Column("site", Line()),
    Column("acquired_at", UtcDateTime),
    Column("sex", Line(8)),
    Column("age_years", Double),
    Column("study_uid", Line()),
    Column("series_uid", Line()),
    Column("slice_mm", Double),
    Column("row_mm", Double),
    Column("column_mm", Double),
    Column("grid", Words, nullable=False),  # JSON of SourceGrid
    Column("slices", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("width", Integer, nullable=False),
    Column("uploaded_by", Line(64), nullable=False),
    Column("warnings", Words, nullable=False),  # JSON list of sentences
    Column("recognised", Words),  # JSON of RecognisedSequence, where somebody asked
    Column("synthetic", Boolean, nullable=False, server_default=false()),
    Column("created_at", UtcDateTime, nullable=False),
    Column("latest_result_id", String(ID_LENGTH)),
    Column("latest_review_id", String(ID_LENGTH)),  # of the latest result: a new result has none yet
    Index("ix_scans_patient_id", "patient_id"),
    Index("ix_scans_created_at_id", "created_at", "id"),
    Index("ix_scans_status_created_at_id", "status", "created_at", "id"),
    Index("ix_scans_series_uid", "series_uid"),
    **_MYSQL,
)

# What counts of every scan now, one narrow line each: what worklist and statistics are answered from.
# Kept by the stores in the same transaction as the change itself; `Ledger.recount` writes it anew.
ledger = Table(
    "ledger",
    metadata,
    Column("line", Integer, primary_key=True, autoincrement=True),
    Column("scan_id", String(ID_LENGTH), nullable=False, unique=True),
    Column("changed", BigInteger, nullable=False),  # the revision of its last change
    Column("gone", Boolean, nullable=False),  # the scan was deleted
    Column("patient_id", String(ID_LENGTH), nullable=False),
    Column("created_us", BigInteger, nullable=False),  # microseconds since 1970, UTC
    Column("acquired_us", BigInteger),
    Column("task", Line(64), nullable=False),
    Column("status", String(16), nullable=False),
    Column("modality", Line(32)),
    Column("sequence", Line()),
    Column("scanner", Line()),  # manufacturer and model
    Column("site", Line()),
    Column("sex", Line(8)),
    Column("age_years", Double),
    Column("synthetic", Boolean, nullable=False),
    Column("version", Line(64)),  # of the latest result, and so on to `head_column`
    Column("positive", Boolean),
    Column("probability", Double),
    Column("has_mask", Boolean),
    Column("volume_ml", Double),  # of the corrected mask where there is one
    Column("longest_diameter_mm", Double),
    Column("estimated_dice", Double),
    Column("read_us", BigInteger),  # when, as `created_us`
    Column("head_row", Double),  # the largest lesion's centre in the head's square, 0 to 1
    Column("head_column", Double),
    Column("verdict", String(16)),  # of the latest review of the latest result, and so on
    Column("truth_positive", Boolean),
    Column("dice", Double),
    Column("reviewed_us", BigInteger),
    Index("ix_ledger_changed", "changed"),
    **_MYSQL,
)

# What was not read, and why: one row a file or series.
refusals = Table(
    "refusals",
    metadata,
    _id(),
    Column("upload_id", String(ID_LENGTH)),  # where it came by upload
    Column("name", Line(), nullable=False),
    Column("code", String(32), nullable=False),
    Column("sentence", Words, nullable=False),
    Column("modality", Line(32)),  # as far as a header could be read
    Column("scanner", Line()),
    Column("site", Line()),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_refusals_created_at", "created_at"),
    Index("ix_refusals_upload_id", "upload_id"),
    **_MYSQL,
)

# Filters of the cohort page under a name.
views = Table(
    "views",
    metadata,
    _id(),
    Column("name", Line(64), nullable=False),
    Column("name_key", Line(64), nullable=False, unique=True),
    Column("query", Words, nullable=False),  # as in the page's address
    Column("made_by", Line(64), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    **_MYSQL,
)

results = Table(
    "results",
    metadata,
    _id(),
    _reference("scan_id", "scans.id"),
    Column("task", Line(64), nullable=False),
    Column("positive", Boolean, nullable=False),
    Column("probability", Double, nullable=False),
    Column("threshold", Double, nullable=False),
    Column("model_name", Line(), nullable=False),
    Column("model_version", Line(64), nullable=False),
    Column("volume_ml", Double),
    Column("longest_diameter_mm", Double),
    Column("estimated_dice", Double),
    Column("head_row", Double),  # the largest lesion's centre in the head's square, 0 to 1
    Column("head_column", Double),
    Column("provenance", Words, nullable=False),  # JSON
    Column("measurements", Words),  # JSON
    Column("has_mask", Boolean, nullable=False),
    Column("has_heatmap", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_results_scan_id_created_at", "scan_id", "created_at"),
    Index("ix_results_task_created_at", "task", "created_at"),
    **_MYSQL,
)

reviews = Table(
    "reviews",
    metadata,
    _id(),
    _reference("scan_id", "scans.id"),
    _reference("result_id", "results.id"),
    Column("verdict", String(16), nullable=False),
    Column("reason", Words),
    Column("reviewer_id", Line(64), nullable=False),
    Column("reviewer_name", Line(), nullable=False),
    Column("volume_ml", Double),  # of the corrected mask
    Column("longest_diameter_mm", Double),
    Column("measurements", Words),  # JSON
    Column("dice", Double),
    Column("truth_positive", Boolean),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_reviews_scan_id_created_at", "scan_id", "created_at"),
    Index("ix_reviews_result_id", "result_id"),
    Index("ix_reviews_created_at", "created_at"),
    **_MYSQL,
)

uploads = Table(
    "uploads",
    metadata,
    _id(),
    Column("user_id", Line(64), nullable=False),
    Column("name", Line(), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("sha256", String(64)),
    Column("scan_ids", Words, nullable=False),  # JSON lists from here
    Column("known_scan_ids", Words, nullable=False),
    Column("refusals", Words, nullable=False),
    Column("failure", Words),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_uploads_user_id_created_at", "user_id", "created_at"),
    Index("ix_uploads_state", "state"),
    **_MYSQL,
)

jobs = Table(
    "jobs",
    metadata,
    _id(),
    Column("kind", Line(64), nullable=False),
    Column("subject", Words, nullable=False),
    Column("open_key", String(64), unique=True),  # hash of kind and subject while unfinished
    Column("run_id", String(ID_LENGTH)),  # which run of the job may still speak for it
    Column("state", String(16), nullable=False),
    Column("cancel_requested", Boolean, nullable=False),
    Column("progress", Double, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("user_id", Line(64)),
    Column("failure", Words),
    Column("created_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Index("ix_jobs_state_created_at", "state", "created_at"),
    Index("ix_jobs_created_at", "created_at"),
    **_MYSQL,
)

audit_events = Table(
    "audit_events",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("user_id", Line(64)),
    Column("action", Line(64), nullable=False),
    Column("subject", Line(), nullable=False),
    Column("detail", Words, nullable=False),
    **_MYSQL,
)

imports = Table(
    "imports",
    metadata,
    _id(),
    Column("folder", Words, nullable=False),
    Column("labels", Words),
    Column("state", String(16), nullable=False),
    Column("user_id", Line(64)),
    Column("failure", Words),
    Column("created_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Index("ix_imports_created_at", "created_at"),
    **_MYSQL,
)

import_items = Table(
    "import_items",
    metadata,
    _id(),
    _reference("import_id", "imports.id"),
    Column("number", Integer, nullable=False),
    Column("name", Words, nullable=False),
    Column("files", Words, nullable=False),  # JSON list of ImportFile
    Column("stacked", Boolean, nullable=False),
    Column("state", String(16), nullable=False),
    Column("scan_ids", Words, nullable=False),  # JSON lists
    Column("refusals", Words, nullable=False),
    Column("added", Integer, nullable=False),
    Column("known", Integer, nullable=False),
    Column("labelled", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    Index("ix_import_items_import_id_state_number", "import_id", "state", "number"),
    **_MYSQL,
)

# What of a reading is watched for drift: one narrow row a result, written beside it.
features = Table(
    "features",
    metadata,
    Column("result_id", String(ID_LENGTH), primary_key=True),
    Column("scan_id", String(ID_LENGTH), nullable=False),
    Column("task", Line(64), nullable=False),
    Column("version", Line(64), nullable=False),
    Column("created_us", BigInteger, nullable=False),  # microseconds since 1970, UTC
    Column("synthetic", Boolean, nullable=False),
    Column("p01", Double),  # percentiles of intensity inside the foreground, and so on to `foreground`
    Column("p10", Double),
    Column("p25", Double),
    Column("p50", Double),
    Column("p75", Double),
    Column("p90", Double),
    Column("p99", Double),
    Column("mean", Double),
    Column("contrast", Double),
    Column("entropy", Double),
    Column("sharpness", Double),
    Column("noise", Double),
    Column("bias_field", Double),
    Column("foreground", Double),
    Column("row_mm", Double),  # geometry
    Column("slice_mm", Double),
    Column("slices", Double),
    Column("height", Double),
    Column("width", Double),
    Column("probability", Double),  # what came out
    Column("volume_ml", Double),
    Column("lesions", Double),
    Column("doubt", Double),  # entropy of the answer, in bits
    Column("estimated_dice", Double),
    Column("latency_ms", Double),
    Column("age_years", Double),  # what the header says
    Column("hour", Double),  # of the day of acquisition, UTC
    Column("sex", Line(8)),
    Column("site", Line()),
    Column("scanner", Line()),
    Column("software", Line()),
    Index("ix_features_task_created_us", "task", "created_us"),
    Index("ix_features_scan_id", "scan_id"),
    **_MYSQL,
)

# The encoder's summary of a scan: float16, little endian.
embeddings = Table(
    "embeddings",
    metadata,
    Column("result_id", String(ID_LENGTH), primary_key=True),
    Column("vector", LargeBinary, nullable=False),
    **_MYSQL,
)

# Frozen sets that drift is measured against; their rows are a file.
drift_references = Table(
    "drift_references",
    metadata,
    _id(),
    Column("name", Line(64), nullable=False),
    Column("name_key", Line(64), nullable=False, unique=True),
    Column("task", Line(64), nullable=False),
    Column("version", Line(64)),  # where it is a version's training data
    Column("kind", String(16), nullable=False),  # training or period
    Column("query", Words, nullable=False),  # which scans, where it is a period
    Column("n", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("made_by", Line(64), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    **_MYSQL,
)

drift_runs = Table(
    "drift_runs",
    metadata,
    _id(),
    Column("task", Line(64), nullable=False),
    Column("version", Line(64)),  # None: more than one in the window
    Column("reference_id", String(ID_LENGTH)),
    Column("reference_name", Line(), nullable=False),
    Column("ask", Words, nullable=False),  # JSON of what was asked for
    Column("state", String(16), nullable=False),  # waiting, done, failed
    Column("severity", String(16)),  # calm, warning, critical, too-few
    Column("reference_n", Integer),
    Column("current_n", Integer),
    Column("drifted", Integer),  # features
    Column("watched", Integer),
    Column("snapshot_sha256", String(64)),
    Column("failure", Words),
    Column("schedule_id", String(ID_LENGTH)),
    Column("asked_by", Line(64)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Index("ix_drift_runs_task_created_at", "task", "created_at"),
    **_MYSQL,
)

# Scans that somebody asks the reviewers to look at.
review_requests = Table(
    "review_requests",
    metadata,
    _id(),
    Column("scan_id", String(ID_LENGTH), nullable=False),
    Column("task", Line(64), nullable=False),
    Column("why", Words, nullable=False),
    Column("asked_by", Line(64), nullable=False),
    Column("asked_name", Line(), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_review_requests_scan_id", "scan_id"),
    Index("ix_review_requests_created_at", "created_at"),
    **_MYSQL,
)

schedules = Table(
    "schedules",
    metadata,
    _id(),
    Column("name", Line(64), nullable=False),
    Column("kind", String(32), nullable=False),  # what is run: drift, report, ...
    Column("ask", Words, nullable=False),  # JSON
    Column("cron", Line(64), nullable=False),
    Column("active", Boolean, nullable=False),
    Column("last_due_at", UtcDateTime),  # due times up to here are dealt with
    Column("job_id", String(ID_LENGTH)),  # the job that took the latest due time
    Column("last_run_at", UtcDateTime),
    Column("failure", Words),  # of the last run
    Column("made_by", Line(64), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("deleted_at", UtcDateTime),  # kept, so that a default does not come back
    **_MYSQL,
)

alerts = Table(
    "alerts",
    metadata,
    _id(),
    Column("cause", Line(), nullable=False),  # the same cause raises no second alert
    Column("open_key", String(64), unique=True),  # hash of the cause until it is closed
    Column("severity", String(16), nullable=False),
    Column("title", Line(), nullable=False),
    Column("sentence", Words, nullable=False),
    Column("link", Words, nullable=False),
    Column("state", String(16), nullable=False),  # open, acknowledged, closed
    Column("times", Integer, nullable=False),
    Column("first_at", UtcDateTime, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
    Column("muted_until", UtcDateTime),
    Column("decided_by", Line(64)),
    Column("decided_name", Line()),
    Column("decided_at", UtcDateTime),
    Column("why", Words),
    Column("closed_at", UtcDateTime),
    Column("tell_at", UtcDateTime),  # when it is to be told next; NULL: nothing is owed
    Column("tellings", Integer, nullable=False),  # failed tries since it is owed
    Column("told_to", Words, nullable=False),  # JSON: fingerprints of addresses that took this message
    Column("told_at", UtcDateTime),  # by webhook or e-mail
    Column("telling_failed", Words),
    Index("ix_alerts_state_last_at", "state", "last_at"),
    **_MYSQL,
)

# Who asked for another version to go live, and who decided.
promotions = Table(
    "promotions",
    metadata,
    _id(),
    Column("task", Line(64), nullable=False),
    Column("version", Line(64), nullable=False),
    Column("from_version", Line(64)),
    Column("kind", String(16), nullable=False),  # promotion or rollback
    Column("state", String(16), nullable=False),  # asked, done, refused
    Column("gate", Words),  # JSON: what the gate said
    Column("overridden", Boolean, nullable=False),
    Column("reason", Words, nullable=False),
    Column("asked_by", Line(64), nullable=False),
    Column("asked_name", Line(), nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("decided_by", Line(64)),
    Column("decided_name", Line()),
    Column("decided_at", UtcDateTime),
    Column("decision", Words),  # the second person's reason, or why it failed
    Index("ix_promotions_task_asked_at", "task", "asked_at"),
    **_MYSQL,
)

reports = Table(
    "reports",
    metadata,
    _id(),
    Column("kind", String(32), nullable=False),  # drift, performance, cohort, governance
    Column("title", Line(), nullable=False),
    Column("ask", Words, nullable=False),  # JSON of what was asked for
    Column("state", String(16), nullable=False),  # waiting, made, failed
    Column("failure", Words),
    Column("files", Words, nullable=False),  # JSON: kind of file -> its sha256
    Column("signed", Boolean, nullable=False),
    Column("made_by", Line(64), nullable=False),
    Column("made_name", Line(), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("made_at", UtcDateTime),
    Index("ix_reports_created_at", "created_at"),
    **_MYSQL,
)

# What a department aims at, and beyond what somebody must look: one row a task and metric.
goals = Table(
    "goals",
    metadata,
    Column("task", Line(64), primary_key=True),
    Column("metric", Line(64), primary_key=True),
    Column("goal", Double),
    Column("alert_limit", Double),
    Column("set_by", Line(), nullable=False),  # the person's shown name
    Column("set_at", UtcDateTime, nullable=False),
    **_MYSQL,
)

# One row a name, counted up with every change: what pages poll, and what writers can queue on.
revisions = Table(
    "revisions",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", BigInteger, nullable=False),
    **_MYSQL,
)
REVISION_OF_SCANS = "scans"
REVISION_OF_PATIENTS = "patients"
REVISION_OF_USERS = "users"
