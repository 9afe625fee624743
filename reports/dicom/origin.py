"""What the DICOM objects of one result share: patient, study, equipment, moment and UIDs."""

from __future__ import annotations

import io
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import pydicom
from highdicom import UID as RANDOM_UID
from highdicom.content import AlgorithmIdentificationSequence
from highdicom.sr import CodedConcept
from pydicom.dataset import Dataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from data.formats import SourceSeries
from data.records import OWN_MANUFACTURER, Provenance
from data.version import VERSION

MANUFACTURER = OWN_MANUFACTURER
CHARACTER_SET = "ISO_IR 192"
_NAMESPACE = uuid.UUID("6f1c8a52-95b4-5f0e-8a53-3f6f3c1f6f0a")
_MADE_AT_RANDOM = str(RANDOM_UID()).rpartition(".")[0] + "."  # how UIDs that highdicom makes begin
_MOST_OF_A_NAME = 64
_REQUIRED = (
    *("StudyDate", "StudyTime", "StudyID", "AccessionNumber", "ReferringPhysicianName", "PatientSex"),
)
_REMOVED = "Names, numbers and dates of birth removed, PS3.15 Annex E"


def stable_uid(*parts: str) -> str:
    """A UID that follows from these words alone (2.25, PS3.5 B.2: a UUID as a number)."""
    return f"2.25.{_uuid(parts).int}"


def stable_uuid(*parts: str) -> str:
    """The same as a UUID, in its usual form."""
    return str(_uuid(parts))


def _uuid(parts: Sequence[str]) -> uuid.UUID:
    return uuid.uuid5(_NAMESPACE, "|".join(parts))


def person_name(family: str, given: str = "") -> str:
    """A person's name as DICOM writes it; a single part ends with a caret."""
    parts = ["".join(" " if char in "^=\\" else char for char in part).strip() for part in (family, given)]
    return "^".join(parts)[:_MOST_OF_A_NAME]


@dataclass(frozen=True)
class Subject:
    """The patient as objects name them; `pseudonym` is used where the identity is not told."""

    pseudonym: str
    name: str | None = None  # "Family, Given"
    patient_id: str | None = None
    birth_date: date | None = None
    named: bool = False
    identifiers: tuple[tuple[str, str], ...] = ()  # of the study, as the source wrote them, by keyword

    @property
    def dicom_name(self) -> str:
        """PatientName."""
        if not self.named:
            return person_name(self.pseudonym)
        family, _, given = (self.name or "").partition(", ")
        return person_name(family, given) if family or given else ""


class Outline(StrEnum):
    """Whose outline it is, as descriptions say it."""

    AI = "of the AI"
    CORRECTED = "corrected"
    LABEL = "of an imported label"


@dataclass(frozen=True)
class Origin:
    """What all objects of one version of a result have in common.

    `key` tells this version (a result, a review of it) from all others; `moment` is when it was made;
    `creator` is the reviewer whose outline it is, None for the AI's.
    """

    source: SourceSeries
    subject: Subject
    provenance: Provenance
    key: str
    moment: datetime
    creator: str | None = None
    outline: Outline = Outline.AI

    def uid(self, kind: str, number: int | str = "") -> str:
        """The UID of an object of a kind; the same result has the same."""
        told = f"named {self.subject}" if self.subject.named else self.subject.pseudonym
        return stable_uid(self.key, told, kind, str(number))

    def study(self) -> Dataset:
        """Patient and study as the source's headers have them, with the subject's name."""
        dataset = Dataset()
        dataset.SpecificCharacterSet = CHARACTER_SET
        said = dict.fromkeys(_REQUIRED, "") | self.source.study()
        for keyword, text in said.items():
            setattr(dataset, keyword, text)
        self._name(dataset)
        return dataset

    def _name(self, dataset: Dataset) -> None:
        subject = self.subject
        birth = subject.birth_date if subject.named else None
        dataset.PatientName = subject.dicom_name
        dataset.PatientID = (subject.patient_id or "") if subject.named else subject.pseudonym
        dataset.PatientBirthDate = "" if birth is None else f"{birth:%Y%m%d}"
        for keyword, text in subject.identifiers if subject.named else ():
            setattr(dataset, keyword, text)

    def equipment(self) -> dict[str, Any]:
        """What says in every object which software of which version made it."""
        return {
            "manufacturer": MANUFACTURER,
            "manufacturer_model_name": self.provenance.model_name,
            "software_versions": self.provenance.software.partition(",")[0] or VERSION,
            "device_serial_number": self.provenance.model_version,
        }

    def common(self, kind: str, series_number: int, description: str) -> dict[str, Any]:
        """What the library wants to know of the only object in a series of one kind."""
        return self.equipment() | {
            "series_instance_uid": self.uid(kind, "series"),
            "series_number": series_number,
            "series_description": description,
            "sop_instance_uid": self.uid(kind),
            "instance_number": 1,
            "specific_character_set": CHARACTER_SET,
            "transfer_syntax_uid": ExplicitVRLittleEndian,
        }

    def algorithm(self) -> AlgorithmIdentificationSequence:
        """Which model outlined it, to the weights' hash."""
        made = self.provenance
        return AlgorithmIdentificationSequence(
            name=made.model_name,
            family=CodedConcept("123109", "DCM", "Artificial Intelligence"),
            version=made.model_version,
            source=MANUFACTURER,
            parameters={"weights_sha256": made.weights_sha256, "preprocessing": made.preprocessing},
        )

    def file(self, dataset: Dataset, kind: str) -> bytes:
        """The bytes of a Part 10 file: the same for the same result, whenever it is asked for."""
        _set_moment(dataset, self.moment)
        if not self.subject.named:
            dataset.PatientIdentityRemoved = "YES"
            dataset.DeidentificationMethod = _REMOVED
            dataset.LongitudinalTemporalInformationModified = "UNMODIFIED"
        _make_uids_stable(dataset, self, kind)
        memory = io.BytesIO()
        pydicom.dcmwrite(memory, dataset, enforce_file_format=True)
        return memory.getvalue()


def _set_moment(dataset: Dataset, moment: datetime) -> None:
    """Dates and times of the content in place of those of the writing."""
    local = moment.astimezone()
    for name in ("InstanceCreation", "Content", "PresentationCreation", "Series"):
        if f"{name}Date" in dataset or name == "Series":
            setattr(dataset, f"{name}Date", f"{local:%Y%m%d}")
            setattr(dataset, f"{name}Time", f"{local:%H%M%S.%f}")
    if "DateOfSecondaryCapture" in dataset:
        dataset.DateOfSecondaryCapture = f"{local:%Y%m%d}"
        dataset.TimeOfSecondaryCapture = f"{local:%H%M%S.%f}"
    for equipment in dataset.get("ContributingEquipmentSequence", ()):
        equipment.ContributionDateTime = f"{local:%Y%m%d%H%M%S.%f}"


def _make_uids_stable(dataset: Dataset, origin: Origin, kind: str) -> None:
    """UIDs that the library made at random follow from the result instead."""
    made: dict[str, str] = {}

    def replace(_: Dataset, element: Any) -> None:
        if (
            element.VR == "UI"
            and isinstance(element.value, UID)
            and element.value.startswith(_MADE_AT_RANDOM)
        ):
            number = len(made)
            element.value = UID(made.setdefault(str(element.value), origin.uid(kind, f"inner {number}")))

    dataset.walk(replace)
