"""What the audit trail is written as."""

from __future__ import annotations

from collections.abc import Mapping

FORMS: Mapping[str, str] = {
    "csv": "text/csv; charset=utf-8",
    "fhir-r4.json": "application/fhir+json",
    "fhir-r5.json": "application/fhir+json",
    "fhir-r4.ndjson": "application/fhir+ndjson",
    "fhir-r5.ndjson": "application/fhir+ndjson",
}
"""By the end of the file's name: its media type."""

DICOM_MESSAGES = "dicom.xml"
"""DICOM audit messages, one a line; of the command line alone."""
