"""What models said of scans, and what people say of that."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Double, Index, String, Table

from data.columns import ID_LENGTH, Line, UtcDateTime, Words
from data.tables.base import MYSQL, id_column, metadata, reference

results = Table(
    "results",
    metadata,
    id_column(),
    reference("scan_id", "scans.id"),
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
    Column("doubts", Words),  # JSON, NULL where the answer is not uncertain
    Column("outside_distance", Double),  # from the training set; 1 is the limit
    Column("created_at", UtcDateTime, nullable=False),
    Column("current_review_id", String(ID_LENGTH)),  # what counts of it now (`data.records.current_review`)
    Index("ix_results_scan_id_created_at", "scan_id", "created_at"),
    Index("ix_results_task_created_at", "task", "created_at"),
    **MYSQL,
)

reviews = Table(
    "reviews",
    metadata,
    id_column(),
    reference("scan_id", "scans.id"),
    reference("result_id", "results.id"),
    Column("verdict", String(16), nullable=False),
    Column("reason", Words),
    Column("reviewer_id", Line(64), nullable=False),
    Column("reviewer_name", Line(), nullable=False),
    Column("volume_ml", Double),  # of the mask that it brings
    Column("longest_diameter_mm", Double),
    Column("measurements", Words),  # JSON
    Column("dice", Double),
    Column("truth_positive", Boolean),
    Column("takes_back", String(ID_LENGTH)),  # the review that this one takes back
    Column("parent_id", String(ID_LENGTH)),  # the current review when this one was begun
    Column("minutes", Double),  # that the reviewer spent
    Column("comment", Words),
    Column("reason_code", String(32)),  # why it was rejected
    Column("lesions", Words),  # JSON: what was said of single lesions, NULL where nothing was
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_reviews_scan_id_created_at", "scan_id", "created_at"),
    Index("ix_reviews_result_id", "result_id"),
    Index("ix_reviews_created_at", "created_at"),
    **MYSQL,
)

# Results that two people are asked to read, neither knowing what the other one says.
second_readings = Table(
    "second_readings",
    metadata,
    id_column(),
    Column("scan_id", String(ID_LENGTH), nullable=False),
    Column("result_id", String(ID_LENGTH), nullable=False, unique=True),
    Column("task", Line(64), nullable=False),
    Column("why", Words, nullable=False),
    Column("asked_by", Line(64), nullable=False),
    Column("asked_name", Line(), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_second_readings_scan_id", "scan_id"),
    Index("ix_second_readings_task_created_at", "task", "created_at"),
    **MYSQL,
)

# Scans that somebody asks the reviewers to look at.
review_requests = Table(
    "review_requests",
    metadata,
    id_column(),
    Column("scan_id", String(ID_LENGTH), nullable=False),
    Column("task", Line(64), nullable=False),
    Column("why", Words, nullable=False),
    Column("asked_by", Line(64), nullable=False),
    Column("asked_name", Line(), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_review_requests_scan_id", "scan_id"),
    Index("ix_review_requests_created_at", "created_at"),
    **MYSQL,
)
