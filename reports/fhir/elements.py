"""What all resources are made of: codes, quantities, identifiers, references, and the tags of AI."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from reports.dicom.codes import SCHEME, Code
from reports.dicom.origin import stable_uid
from reports.plain_result import PlainResult, Quantity, ResultStatus

Resource = dict[str, Any]
RESOURCES = f"urn:oid:{stable_uid('resources')}"
"""The system of the UUIDs of Lightbox's own resources."""
UCUM = "http://unitsofmeasure.org"
DICOM_UIDS = "urn:dicom:uid"
SYSTEMS = {
    "SCT": "http://snomed.info/sct",
    "LN": "http://loinc.org",
    "DCM": "http://dicom.nema.org/resources/ontology/DCM",
    SCHEME: f"urn:oid:{stable_uid('codes')}",
}
"""FHIR's addresses of the coding schemes that DICOM names."""

_AI = "http://hl7.org/fhir/uv/aitransparency"
AI_DEVICE_TYPES = f"{_AI}/CodeSystem/AIdeviceTypeCS"
AI_KIND = f"{_AI}/StructureDefinition/aitransparency.AIKind"
_ASSERTED = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"
AI_ASSERTED = {"system": _ASSERTED, "code": "AIAST", "display": "Artificial Intelligence asserted"}
CLINICIAN_ASSERTED = {"system": _ASSERTED, "code": "CLINAST", "display": "clinician asserted"}
_TEST_DATA = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason",
    "code": "HTEST",
    "display": "test health data",
}


class FhirVersion(StrEnum):
    """The releases that results are written in."""

    R4 = "r4"
    R5 = "r5"


def coding(concept: Code) -> Resource:
    """A code with its system."""
    return {
        "system": SYSTEMS[concept.scheme_designator],
        "code": concept.value,
        "display": concept.meaning,
    }


def concept(*codes: Code) -> Resource:
    """A CodeableConcept; the first code's words are its text."""
    return {"coding": [coding(code) for code in codes], "text": codes[0].meaning}


def component(quantity: Quantity) -> Resource:
    """A component of an Observation."""
    value = {"value": quantity.value, "unit": quantity.unit, "system": UCUM, "code": quantity.unit}
    return {"code": concept(quantity.name), "valueQuantity": value}


def identifier(key: str) -> Resource:
    """What a resource of Lightbox's own is found by.

    It is not the URL of the bundle's entry: servers put their own reference wherever that one stands.
    """
    return {"system": RESOURCES, "value": key}


def full_url(key: str) -> str:
    """What a resource is called inside of its bundle."""
    return f"urn:uuid:{key}"


def reference(key: str, words: str) -> Resource:
    """A reference inside of the bundle."""
    return {"reference": full_url(key), "display": words}


def moment(time: datetime) -> str:
    """An instant."""
    return time.isoformat(timespec="milliseconds")


def tidied(part: Any) -> Any:
    """The same without control characters, empty texts and what is then empty: FHIR has no place for them."""
    if isinstance(part, str):
        return "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in part).strip()
    if isinstance(part, dict):
        told = {name: tidied(value) for name, value in part.items()}
        return {name: value for name, value in told.items() if value not in ("", [], {}, None)}
    if isinstance(part, list):
        return [value for value in map(tidied, part) if value not in ("", [], {}, None)]
    return part


def meta(result: PlainResult) -> Resource:
    """The tags of a resource that the AI made, and of a person's judgement; `HTEST` of made-up patients."""
    security = [AI_ASSERTED]
    if result.status in (ResultStatus.FINAL, ResultStatus.CORRECTED):
        security.append(CLINICIAN_ASSERTED)
    if result.synthetic:
        security.append(_TEST_DATA)
    return {"security": security}
