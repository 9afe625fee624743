"""What the API answers about a patient."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from dashboard.api.models_common import ApiAnswer
from dashboard.api.models_scans import IdentityAnswer, PatientAnswer
from data.records import Outcome, ScanStatus, Verdict


class FullIdentityAnswer(IdentityAnswer):
    """A patient with the identity; for clinicians only."""

    sex: str | None


class PatientScanAnswer(ApiAnswer):
    """A scan of a patient, and what holds of it now."""

    id: str
    status: ScanStatus
    task: str
    examined_at: datetime = Field(description="When it was acquired, or arrived where the file does not say")
    sequence: str = Field(description="MRI sequence, else the header's words, else the modality")
    outcome: Outcome | None
    version: str | None = Field(description="Of the latest result")
    not_accepted: str | None = Field(
        description="That the latest result's version was not accepted on this scanner, where it must be"
    )
    verdict: Verdict | None = Field(description="Of the latest result's newest review")
    volume_ml: float | None = Field(
        description="Of the mask that counts now: corrected, labelled, or the AI's"
    )
    product_mm2: float | None = Field(description="Sum of the diameter products of the measurable lesions")


class SeriesAnswer(ApiAnswer):
    """A series."""

    uid: str | None
    description: str
    scans: list[PatientScanAnswer]


class StudyAnswer(ApiAnswer):
    """An examination; scans whose files name no study are one of their day."""

    uid: str | None
    examined_at: datetime
    series: list[SeriesAnswer]


class PatientStudiesAnswer(ApiAnswer):
    """A patient with all studies, the newest first."""

    patient: FullIdentityAnswer | PatientAnswer
    studies: list[StudyAnswer]
    notice: str
