"""What is watched for drift, and what came of it."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, LargeBinary, String, Table

from data.columns import ID_LENGTH, Line, UtcDateTime, Words
from data.tables.base import MYSQL, id_column, metadata

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
    Column("outside_distance", Double),  # from the training set; 1 is the limit
    Column("latency_ms", Double),
    Column("age_years", Double),  # what the header says
    Column("hour", Double),  # of the day of acquisition, UTC
    Column("sex", Line(8)),
    Column("site", Line()),
    Column("scanner", Line()),
    Column("software", Line()),
    Index("ix_features_task_created_us", "task", "created_us"),
    Index("ix_features_scan_id", "scan_id"),
    **MYSQL,
)

# The encoder's summary of a scan: float16, little endian.
embeddings = Table(
    "embeddings",
    metadata,
    Column("result_id", String(ID_LENGTH), primary_key=True),
    Column("vector", LargeBinary, nullable=False),
    **MYSQL,
)

# Frozen sets that drift is measured against; their rows are a file.
drift_references = Table(
    "drift_references",
    metadata,
    id_column(),
    Column("name", Line(64), nullable=False),
    Column("name_key", Line(64), nullable=False, unique=True),
    Column("task", Line(64), nullable=False),
    Column("version", Line(64)),  # where it is a version's training data
    Column("kind", String(16), nullable=False),  # training, period or rolling
    Column("query", Words, nullable=False),  # which scans, where it is a period
    Column("n", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("made_by", Line(64), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    **MYSQL,
)

# How features are judged where somebody has set another limit than the usual one.
drift_limits = Table(
    "drift_limits",
    metadata,
    Column("task", Line(64), primary_key=True),
    Column("feature", Line(64), primary_key=True),
    Column("method", String(32), nullable=False),
    Column("effect", Double, nullable=False),
    Column("p", Double, nullable=False),
    Column("set_by", Line(64), nullable=False),
    Column("set_name", Line(), nullable=False),
    Column("set_at", UtcDateTime, nullable=False),
    **MYSQL,
)

drift_runs = Table(
    "drift_runs",
    metadata,
    id_column(),
    Column("task", Line(64), nullable=False),
    Column("version", Line(64)),  # None: more than one in the window
    Column("reference_id", String(ID_LENGTH)),
    Column("reference_name", Line(), nullable=False),
    Column("ask", Words, nullable=False),  # JSON of what was asked for
    Column("state", String(16), nullable=False),  # waiting, done, failed
    Column("severity", String(16)),  # calm, too-few, not-judged, warning, critical
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
    **MYSQL,
)
