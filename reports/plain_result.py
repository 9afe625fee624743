"""A result in words, numbers and codes alone: what FHIR resources and HL7 v2 messages are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from data.records import Provenance
from reports.dicom.codes import Code, FindingCodes, coded
from reports.dicom.origin import Subject, stable_uuid

_NAME_COMPONENTS = 5
MAXIMUM_3D = coded("maximum-3d", "Maximum 3D diameter")  # IBSI's code has no system in FHIR and in HL7 v2


@dataclass(frozen=True)
class NameParts:
    """The components of a person's name, in DICOM's order; "" for what is not there."""

    family: str = ""
    given: str = ""
    middle: str = ""
    prefix: str = ""
    suffix: str = ""


def name_parts(subject: Subject) -> NameParts:
    """A patient's name as the files wrote it, else as Lightbox knows it; none without the identity."""
    if not subject.named:
        return NameParts()
    written = identifier_of(subject, "PatientName").partition("=")[0]  # of several scripts the first
    if not written:
        family, _, given = (subject.name or "").partition(", ")
        return NameParts(family, given)
    return NameParts(*written.split("^")[:_NAME_COMPONENTS])


def identifier_of(subject: Subject, keyword: str) -> str:
    """What the source's files said under a keyword of DICOM; "" without the identity."""
    return dict(subject.identifiers).get(keyword, "") if subject.named else ""


class ResultStatus(StrEnum):
    """How far a result is to be relied on; the value is FHIR's word for it."""

    PRELIMINARY = "preliminary"  # nobody has accepted it
    FINAL = "final"  # a clinician accepted it
    CORRECTED = "corrected"  # a clinician corrected it
    REJECTED = "entered-in-error"  # a clinician rejected it: there is no result


@dataclass(frozen=True)
class Quantity:
    """Something measured, in a unit of UCUM; a `value` of None withdraws what stood there."""

    name: Code
    value: float | None
    unit: str


@dataclass(frozen=True)
class PlainLesion:
    """A lesion, or all smaller ones together. `tracking_uid` is that of SEG and SR.

    One that is withdrawn was in an earlier version of the result: its quantities are without values.
    """

    number: int
    label: str
    tracking_uid: str
    quantities: Sequence[Quantity]
    withdrawn: bool = False


@dataclass(frozen=True)
class Instance:
    """A DICOM instance of the scan."""

    sop_class_uid: str
    sop_instance_uid: str


@dataclass(frozen=True)
class SourceImages:
    """The study and series that a scan came from; no instances where its files are not here any more."""

    study_uid: str
    series_uid: str
    modality: str
    instances: Sequence[Instance] = ()


@dataclass(frozen=True)
class PlainResult:
    """All that is told of a result.

    `reading` is the identifier of the result whatever is said of it, `version` of what is said of it now;
    `issued` is when that was said. `answer` is None, and there are no quantities, where it was rejected.
    """

    reading: str
    version: str
    subject: Subject
    sex: str | None
    status: ResultStatus
    codes: FindingCodes
    headline: str
    text: Sequence[str]
    answer: Code | None
    quantities: Sequence[Quantity]
    lesions: Sequence[PlainLesion]
    provenance: Provenance
    images: SourceImages | None
    examined_at: datetime | None
    examined_day_only: bool
    read_at: datetime
    issued: datetime
    reviewer: str | None
    synthetic: bool
    pdf: bytes | None = None

    @property
    def accession(self) -> str:
        """The accession number; "" without the identity."""
        return identifier_of(self.subject, "AccessionNumber")

    def key(self, kind: str, number: int | str = "") -> str:
        """The UUID of a part of this result: the same whatever is said of it, another one with the name."""
        told = "named" if self.subject.named else "pseudonym"
        return stable_uuid(self.reading, told, kind, str(number))
