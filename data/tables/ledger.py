"""What counts of every scan, and the filters that people keep for it."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, String, Table, false

from data.columns import ID_LENGTH, Line, UtcDateTime, Words
from data.tables.base import MYSQL, id_column, metadata

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
    Column("prior", Boolean, nullable=False, server_default=false()),  # fetched from a PACS, to compare with
    Column("version", Line(64)),  # of the latest result, and so on to `head_column`
    Column("positive", Boolean),
    Column("uncertain", Boolean),
    Column("probability", Double),
    Column("has_mask", Boolean),
    Column("volume_ml", Double),  # of a corrected or labelled mask where one counts
    Column("longest_diameter_mm", Double),
    Column("estimated_dice", Double),
    Column("read_us", BigInteger),  # when, as `created_us`
    Column("head_row", Double),  # the largest lesion's centre in the head's square, 0 to 1
    Column("head_column", Double),
    Column("verdict", String(16)),  # of the current review of the latest result, and so on
    Column("truth_positive", Boolean),
    Column("dice", Double),
    Column("reviewed_us", BigInteger),
    Column("assigned_to", Line(64)),  # what people said of the scan: see `triage`
    Column("urgency", String(16)),
    Column("warned", Boolean),  # whether the scan has warnings
    Column("department_id", String(ID_LENGTH)),
    Index("ix_ledger_changed", "changed"),
    **MYSQL,
)

# Filters of the cohort page under a name.
views = Table(
    "views",
    metadata,
    id_column(),
    Column("name", Line(64), nullable=False),
    Column("name_key", Line(64), nullable=False, unique=True),
    Column("query", Words, nullable=False),  # as in the page's address
    Column("made_by", Line(64), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    **MYSQL,
)
