"""What the API takes and answers about scans."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from flask import request
from pydantic import Field

from dashboard.api.models_cohort import FilterQuery
from dashboard.api.models_common import BYTES, ApiAnswer, ApiQuery, ErrorWordsAnswer
from data.records import (
    Outcome,
    Patient,
    RecognisedSequence,
    Refusal,
    Result,
    Review,
    ScanHeader,
    ScanStatus,
    UnaidedReading,
    Verdict,
)

LONGEST_WAIT_S = 60
MOST_LISTED = 500


class ScanQuery(ApiQuery):
    """Whether to wait for the reading."""

    wait: float = Field(
        0,
        ge=0,
        le=LONGEST_WAIT_S,
        allow_inf_nan=False,
        description="Seconds to wait for the reading's end, at most; answered before where many wait already",
    )


class SendScanQuery(ScanQuery):
    """How the file is called that a raw body holds, and what its pictures are."""

    name: str | None = Field(None, description="The file's name, needed with a raw body")
    as_volume: bool = Field(False, description="The numbered pictures of a zip are the slices of one volume")


class ScansQuery(FilterQuery):
    """Which scans, and how many of them at a time."""

    start: int = Field(0, ge=0, description="How many of the newest are left out")
    count: int = Field(100, ge=1, le=MOST_LISTED, description="How many are told at most")

    @classmethod
    def filters(cls) -> dict[str, tuple[str, ...]]:
        """What the request at hand filters by; the service says what there is not."""
        own = cls.model_fields.keys() - FilterQuery.model_fields.keys()
        given = {name: tuple(filter(None, texts)) for name, texts in request.args.lists() if name not in own}
        return {name: texts for name, texts in given.items() if texts}


class MaskQuery(ApiQuery):
    """Which mask, and as what file."""

    form: Literal["nifti", "png"] = Field("nifti", description="The whole mask, or one slice of it")
    layer: Literal["ai", "corrected"] = Field("ai", description="The AI's mask, or the current review's")
    index: int | None = Field(None, ge=0, description="The slice, with form=png")


class ReadingReportQuery(ApiQuery):
    """The report as what, and whether it says who the patient is."""

    form: Literal["pdf", "text"] = Field("pdf", description="As a document, or as plain text")
    identity: bool = Field(False, description="With name, number and birth date; for clinicians only")


class PatientAnswer(ApiAnswer):
    """A pseudonym."""

    id: str
    pseudonym: str


class IdentityAnswer(PatientAnswer):
    """A patient with the identity; for clinicians only."""

    name: str | None
    patient_id: str | None
    birth_date: date | None


def patient_answer(patient: Patient, named: type[IdentityAnswer] = IdentityAnswer) -> PatientAnswer:
    """Put a patient as the API answers it: with the identity where the service gave one."""
    identity = patient.identity
    if identity is None:
        return PatientAnswer(id=patient.id, pseudonym=patient.pseudonym)
    known = {name: getattr(identity, name) for name in named.model_fields if hasattr(identity, name)}
    return named(id=patient.id, pseudonym=patient.pseudonym, **known)


class QueueAnswer(ApiAnswer):
    """Where a reading stands among those that wait or are under way."""

    place: int = Field(description="1 is the first")
    of: int = Field(description="Readings that wait or are under way")
    expected_s: float | None = Field(description="Seconds until its result is there; null where unknown")
    running: bool
    words: str = Field(description="The same for people: place 3 of 9 in the queue, about 2 minutes")


class ScanAnswer(ApiAnswer):
    """A scan with its latest result and its reviews."""

    id: str
    status: ScanStatus
    failure: str | None
    queue: QueueAnswer | None = Field(description="While the scan waits to be read or is read, else null")
    task: str
    patient: IdentityAnswer | PatientAnswer
    header: ScanHeader
    shape: tuple[int, int, int] = Field(description="slices, height, width")
    spacing_mm: tuple[float | None, float | None, float | None] = Field(description="slice, row, column")
    sequence: RecognisedSequence | None = Field(description="MRI sequence that the scan was recognised as")
    warnings: tuple[str, ...]
    uploaded_at: datetime
    outcome: Outcome | None = Field(description="What the latest result comes to; null where there is none")
    not_ruled_out: str | None = Field(
        description="What the outcome leaves open on this sequence, in a sentence; null if nothing is known"
    )
    result: Result | None = Field(description="Null where nothing was read, or what was read is no answer")
    suspended: str | None = Field(
        description="Why what was read is no answer, where its version is suspended; the result is kept"
    )
    not_accepted: str | None = Field(
        description="That the result's version was not accepted on this scanner, where that is asked for"
    )
    reviews: tuple[Review, ...] = Field(description="Of all results, newest first, taken back or not")
    current_review: Review | None = Field(description="What counts of the latest result, or null")
    unaided_readings: tuple[UnaidedReading, ...] = Field(
        description="Without the AI; as long as one of yours has no ended_at, its result is hidden from you"
    )
    notice: str


class ListedScanAnswer(ApiAnswer):
    """A scan as the worklist has it, by pseudonym whoever asks."""

    id: str
    pseudonym: str
    task: str
    status: ScanStatus
    modality: str | None
    sequence: str | None
    acquired_at: datetime | None
    uploaded_at: datetime
    outcome: Outcome | None = Field(description="Null where it is not read, or what was read is no answer")
    probability: float | None
    volume_ml: float | None
    longest_diameter_mm: float | None
    verdict: Verdict | None = Field(description="Of the latest result's newest review")
    suspended: bool = Field(description="What was read is no answer: its version is suspended")
    not_accepted: bool = Field(description="Its version was not accepted on this scanner")
    reads_unaided: bool = Field(description="You are to read it without the AI first; the result is hidden")
    synthetic: bool = Field(description="Made for a demonstration")


class ScansAnswer(ApiAnswer):
    """Some scans, the newest first, and how many there are in all."""

    scans: list[ListedScanAnswer]
    total: int
    notice: str


class ReceivedAnswer(ApiAnswer):
    """What became of a file."""

    upload: str
    scans: list[ScanAnswer] = Field(description="New ones, and such as were known")
    refusals: tuple[Refusal, ...]
    notice: str


class AllRefusedAnswer(ReceivedAnswer):
    """A file in which nothing could be read."""

    error: ErrorWordsAnswer


UPLOADED_FILE: dict[str, Any] = {
    "multipart/form-data": {
        "schema": {
            "type": "object",
            "required": ["file"],
            "properties": {"file": BYTES},
        }
    },
    "application/octet-stream": {"schema": BYTES},
}
"""The bodies that hold a file: bytes, which no model describes."""
