"""A result as content, for tests of what is made of it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from data.records import BRAIN_TUMOUR
from reports.dicom.codes import PRESENT, codes_of
from reports.dicom.origin import Subject
from reports.dicom.structured_report import CERTAINTY, VOLUME
from reports.plain_result import Instance, PlainLesion, PlainResult, Quantity, ResultStatus, SourceImages
from tests.dicom_files import MADE, MOMENT

MR_IMAGE = "1.2.840.10008.5.1.4.1.1.4"


def plain(**changes: Any) -> PlainResult:
    """An unreviewed result of a named patient, with one lesion."""
    said: dict[str, Any] = {
        "reading": "a" * 32,
        "version": "b" * 32,
        "subject": Subject("P-7K3QX", "Doe, Jane", "T-1", date(1980, 2, 3), named=True),
        "sex": "F",
        "status": ResultStatus.PRELIMINARY,
        "codes": codes_of(BRAIN_TUMOUR),
        "headline": "AI: Tumour found.",
        "text": ["Technique: MR.", "AI: Tumour found."],
        "answer": PRESENT,
        "quantities": [Quantity(CERTAINTY, 97.0, "%")],
        "lesions": [PlainLesion(1, "Tumour 1", "2.25.1", [Quantity(VOLUME, 6.048, "mL")])],
        "provenance": MADE,
        "images": SourceImages(
            "1.2.3", "1.2.3.4", "MR", [Instance("1.2.840.10008.5.1.4.1.1.4", "1.2.3.4.5")]
        ),
        "examined_at": datetime(2026, 1, 2, 10, 15, tzinfo=UTC),
        "examined_day_only": False,
        "read_at": MOMENT,
        "issued": MOMENT,
        "reviewer": None,
        "synthetic": False,
    }
    return PlainResult(**said | changes)


def identified() -> Subject:
    """A patient with what the source's files said, letter by letter."""
    said = {"AccessionNumber": "A|77", "IssuerOfPatientID": "CITY", "PatientName": "Doe^Jane^M^Dr^Jr=X^Y"}
    return Subject("P", "Doe, Jane", "T-1", None, True, tuple(said.items()))
