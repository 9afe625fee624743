"""The nouns of Lightbox: frozen records that every layer speaks in.

Indices are always (slice, row, column) of the scan as displayed. Lengths are millimetres,
volumes millilitres, times aware UTC. `None` means "unknown" and is shown as such, never guessed.
"""

from __future__ import annotations

from data.records.imports import Import, ImportFile, ImportItem, ImportProgress, ImportState, ItemState
from data.records.jobs import Job, JobState
from data.records.patients import Identity, Patient
from data.records.people import AccessToken, AuditEvent, Role, User
from data.records.results import DOUBTFUL_DICE, Box, Lesion, Measurements, Provenance, Result
from data.records.reviews import Review, Verdict
from data.records.scans import (
    DecodedScan,
    KeptRefusal,
    Refusal,
    Scan,
    ScanHeader,
    ScanStatus,
    SourceGrid,
    Spacing,
)
from data.records.statistics import ExportRow, SavedView
from data.records.uploads import Upload, UploadState
from data.records.versions import ModelVersion
from data.records.worklist import WorklistPage, WorklistQuery, WorklistRow

VERSION = "0.1.0"

BRAIN_TUMOUR = "brain-tumour"
PNEUMONIA = "pneumonia"

NOTICE = "Not for diagnostic use. Lightbox assists; a clinician reads the full images and decides."

__all__ = [
    "AccessToken",
    "AuditEvent",
    "BRAIN_TUMOUR",
    "Box",
    "DOUBTFUL_DICE",
    "DecodedScan",
    "ExportRow",
    "Identity",
    "Import",
    "ImportFile",
    "ImportItem",
    "ImportProgress",
    "ImportState",
    "ItemState",
    "Job",
    "JobState",
    "KeptRefusal",
    "Lesion",
    "Measurements",
    "ModelVersion",
    "NOTICE",
    "PNEUMONIA",
    "Patient",
    "Provenance",
    "Refusal",
    "Result",
    "Review",
    "Role",
    "SavedView",
    "Scan",
    "ScanHeader",
    "ScanStatus",
    "SourceGrid",
    "Spacing",
    "Upload",
    "UploadState",
    "User",
    "VERSION",
    "Verdict",
    "WorklistPage",
    "WorklistQuery",
    "WorklistRow",
]
