"""What came through the DICOM node."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table

from data.columns import ID_LENGTH, Line, UtcDateTime, Words
from data.tables.base import MYSQL, id_column, metadata

# One row a sender; an instance counts once, for who sent it first.
dicom_senders = Table(
    "dicom_senders",
    metadata,
    Column("ae_title", Line(16), primary_key=True),
    Column("address", Line(64), primary_key=True),
    Column("instances", BigInteger, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
    **MYSQL,
)

# One row a series, kept for good: an instance that is sent again years later is known by it.
received_series = Table(
    "received_series",
    metadata,
    id_column(),  # follows from the two UIDs
    Column("study_uid", Line(64), nullable=False),
    Column("series_uid", Line(64), nullable=False),
    Column("ae_title", Line(16), nullable=False),
    Column("address", Line(64), nullable=False),
    Column("instances", Integer, nullable=False),
    Column("sop_uids", Words, nullable=False),  # JSON list
    Column("upload_id", String(ID_LENGTH), nullable=False),
    Column("handed_at", UtcDateTime, nullable=False),
    Index("ix_received_series_study_uid", "study_uid"),
    Index("ix_received_series_handed_at", "handed_at"),
    Index("ix_received_series_upload_id", "upload_id"),
    **MYSQL,
)
