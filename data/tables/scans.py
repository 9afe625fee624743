"""What came in: patients, their scans, and what was refused.

Names, patient ids and birth dates of patients are in `patients` and, as the file wrote them, in
`study_identifiers`, and nowhere else; a name may stand in a file's name. All of these are encrypted where
the house has a key.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
    false,
)

from data.columns import ID_LENGTH, Line, UtcDateTime, Words
from data.encryption import Encrypted, EncryptedDate
from data.tables.base import MYSQL, id_column, metadata, reference

patients = Table(
    "patients",
    metadata,
    id_column(),
    Column("pseudonym", String(16), nullable=False, unique=True),
    Column("patient_id", Encrypted("patients.patient_id", 255, lookup=True)),
    Column("name", Encrypted("patients.name", 255)),
    Column("name_key", Encrypted("patients.name_key", 255)),  # folded name, None where the file has none
    Column("label", Encrypted("patients.label", 255), nullable=False),  # shown where the file has no name
    Column(
        "search_key", Encrypted("patients.search_key"), nullable=False
    ),  # folded name or label, and patient id
    Column("birth_date", EncryptedDate("patients.birth_date")),
    Column("sex", Line(8)),
    Column("merged_into", String(ID_LENGTH)),  # the patient that this row turned out to be of as well
    Column("created_at", UtcDateTime, nullable=False),
    Column("changed", BigInteger, nullable=False, server_default="0"),  # the revision of its last change
    Index("ix_patients_patient_id", "patient_id", mysql_length=255, mariadb_length=255),
    Index("ix_patients_changed", "changed"),
    Index("ix_patients_merged_into", "merged_into"),
    **MYSQL,
)

# Two patients with the same number and name: one person, or two? One row a pair, until both are gone.
patient_conflicts = Table(
    "patient_conflicts",
    metadata,
    id_column(),
    reference("first_id", "patients.id"),  # the older one, who stays if they are merged
    reference("second_id", "patients.id"),
    Column("state", String(16), nullable=False),  # open, same, different
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("first_id", "second_id"),
    Index("ix_patient_conflicts_second_id", "second_id"),
    Index("ix_patient_conflicts_state", "state"),
    **MYSQL,
)

scans = Table(
    "scans",
    metadata,
    id_column(),
    reference("patient_id", "patients.id"),
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
    Column("acquired_day_only", Boolean, nullable=False, server_default=false()),
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
    Column("department_id", String(ID_LENGTH)),  # of `departments`; NULL: of none
    Column("warnings", Words, nullable=False),  # JSON list of sentences
    Column("recognised", Words),  # JSON of RecognisedSequence, where somebody asked
    Column("synthetic", Boolean, nullable=False, server_default=false()),
    Column("created_at", UtcDateTime, nullable=False),
    Column("latest_result_id", String(ID_LENGTH)),
    Index("ix_scans_patient_id", "patient_id"),
    Index("ix_scans_created_at_id", "created_at", "id"),
    Index("ix_scans_status_created_at_id", "status", "created_at", "id"),
    Index("ix_scans_series_uid", "series_uid"),
    Index("ix_scans_department_id", "department_id"),
    **MYSQL,
)

# What a PACS matches a study by, as the source's headers have it: for objects that go back there.
study_identifiers = Table(
    "study_identifiers",
    metadata,
    Column("scan_id", String(ID_LENGTH), ForeignKey("scans.id"), primary_key=True),
    Column(
        "identifiers", Encrypted("study_identifiers.identifiers"), nullable=False
    ),  # JSON, text by DICOM keyword
    **MYSQL,
)

# Taken back by somebody, for a reason: as if it were not here, until somebody restores it.
withdrawn_scans = Table(
    "withdrawn_scans",
    metadata,
    Column("scan_id", String(ID_LENGTH), ForeignKey("scans.id"), primary_key=True),
    Column("reason", Words, nullable=False),
    Column("withdrawn_by", Line(64), nullable=False),
    Column("withdrawn_name", Line(), nullable=False),  # as it was then
    Column("withdrawn_at", UtcDateTime, nullable=False),
    **MYSQL,
)

uploads = Table(
    "uploads",
    metadata,
    id_column(),
    Column("user_id", Line(64), nullable=False),
    Column("name", Encrypted("uploads.name", 255), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("as_volume", Boolean, nullable=False, server_default=false()),
    Column("sha256", String(64)),
    Column("scan_ids", Words, nullable=False),  # JSON lists from here
    Column("known_scan_ids", Words, nullable=False),
    Column("refusals", Encrypted("uploads.refusals"), nullable=False),
    Column("failure", Words),
    Column("created_at", UtcDateTime, nullable=False),
    Column("server_id", String(ID_LENGTH)),  # who has the bytes while they arrive; NULL for an only server
    Index("ix_uploads_user_id_created_at", "user_id", "created_at"),
    Index("ix_uploads_state", "state"),
    **MYSQL,
)

# What was not read, and why: one row a file or series.
refusals = Table(
    "refusals",
    metadata,
    id_column(),
    Column("upload_id", String(ID_LENGTH)),  # where it came by upload
    Column("name", Encrypted("refusals.name", 255), nullable=False),
    Column("code", String(32), nullable=False),
    Column("sentence", Words, nullable=False),
    Column("modality", Line(32)),  # as far as a header could be read
    Column("scanner", Line()),
    Column("site", Line()),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_refusals_created_at", "created_at"),
    Index("ix_refusals_upload_id", "upload_id"),
    **MYSQL,
)
