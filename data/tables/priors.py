"""Priors that are fetched from remote nodes."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, Index, Integer, String, Table

from data.columns import ID_LENGTH, Line, UtcDateTime, Words
from data.tables.base import MYSQL, id_column, metadata

prior_rules = Table(
    "prior_rules",
    metadata,
    Column("node_id", String(ID_LENGTH), primary_key=True),
    Column("method", String(16), nullable=False),  # C-MOVE, C-GET or WADO-RS
    Column("automatic", Boolean, nullable=False),
    Column("studies", Integer, nullable=False),
    Column("years", Integer, nullable=False),
    **MYSQL,
)

prior_requests = Table(
    "prior_requests",
    metadata,
    id_column(),  # follows from the study and the node where nobody asked
    Column("scan_id", String(ID_LENGTH), nullable=False),
    Column("patient_id", String(ID_LENGTH), nullable=False),
    Column("node_id", String(ID_LENGTH), nullable=False),
    Column("state", String(16), nullable=False),  # waiting, done, failed
    Column("asked_by", String(ID_LENGTH)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", UtcDateTime),
    Column("failure", Words),
    Column("passed_over", Words, nullable=False),  # JSON list of sentences
    Column("finished_at", UtcDateTime),
    Index("ix_prior_requests_patient_id", "patient_id"),
    **MYSQL,
)

# Kept for good: by it a series that arrives is known as a prior.
prior_series = Table(
    "prior_series",
    metadata,
    id_column(),  # follows from the two UIDs
    Column("request_id", String(ID_LENGTH), nullable=False),
    Column("node_id", String(ID_LENGTH), nullable=False),
    Column("study_uid", Line(64), nullable=False),
    Column("series_uid", Line(64), nullable=False),
    Column("study_date", Date),
    Column("modality", Line(16), nullable=False),
    Column("state", String(16), nullable=False),  # waiting, done, failed
    Column("completed", Integer, nullable=False),  # sub-operations
    Column("failed", Integer, nullable=False),
    Column("failure", Words),
    Index("ix_prior_series_request_id", "request_id"),
    **MYSQL,
)
