"""What is asked of a PACS in any protocol, and how its answers are read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from data import formats
from services.priors.matching import SeriesMatch, StudyMatch

STUDY_KEYS = (
    "PatientID", "StudyDate", "IssuerOfPatientID", "PatientName", "PatientBirthDate", "PatientSex",
    "StudyInstanceUID", "ModalitiesInStudy",
)  # fmt: skip
SERIES_KEYS = (
    "StudyInstanceUID", "SeriesInstanceUID", "Modality", "BodyPartExamined", "SeriesDescription",
)  # fmt: skip
"""What C-FIND asks for, and, the first of them, by."""


@dataclass(frozen=True)
class SubOperations:
    """How many instances came over, how many did not, and what the PACS said where it was not all well."""

    completed: int
    failed: int
    failure: str | None = None


Noted = Callable[[SubOperations], None]
"""Told now and then how far a transfer is."""


def studies_in(answers: Iterable[Any]) -> list[StudyMatch]:
    """The studies that answers tell of; those without a valid UID are passed over."""
    return [_study(answer) for answer in answers if formats.is_uid(_text(answer, "StudyInstanceUID"))]


def series_in(answers: Iterable[Any]) -> list[SeriesMatch]:
    """The series that answers tell of; those without a valid UID are passed over."""
    return [_series(answer) for answer in answers if formats.is_uid(_text(answer, "SeriesInstanceUID"))]


def _study(answer: Any) -> StudyMatch:
    return StudyMatch(
        study_uid=_text(answer, "StudyInstanceUID"),
        day=formats.date_of(_text(answer, "StudyDate")),
        modalities=formats.answered_texts(answer, "ModalitiesInStudy"),
        identity=formats.answered_identity(answer),
        issuer=_text(answer, "IssuerOfPatientID"),
    )


def _series(answer: Any) -> SeriesMatch:
    keywords = ("SeriesInstanceUID", "Modality", "BodyPartExamined", "SeriesDescription")
    return SeriesMatch(*(_text(answer, keyword) for keyword in keywords))


def _text(answer: Any, keyword: str) -> str:
    return " ".join(formats.answered_texts(answer, keyword))
