"""What was observed: the answer of the AI as one Observation, and one a lesion with its sizes."""

from __future__ import annotations

from collections.abc import Sequence

from reports.fhir.device import device_key, device_words
from reports.fhir.elements import (
    DICOM_UIDS,
    Resource,
    component,
    concept,
    identifier,
    meta,
    moment,
    reference,
)
from reports.fhir.subjects import examined
from reports.plain_result import PlainLesion, PlainResult, Quantity, ResultStatus

_CATEGORIES = "http://terminology.hl7.org/CodeSystem/observation-category"
_IMAGING = {"coding": [{"system": _CATEGORIES, "code": "imaging", "display": "Imaging"}]}


def answer(result: PlainResult) -> Resource:
    """Whether what was looked for is there: present, absent, or indeterminate, with the probability."""
    made = _observation(result, result.key("answer"), result.quantities)
    if result.answer is not None:
        made["valueCodeableConcept"] = concept(result.answer)
    members = [lesion for lesion in result.lesions if not lesion.withdrawn]
    if members:
        made["hasMember"] = [
            reference(result.key("lesion", lesion.number), lesion.label) for lesion in members
        ]
    return made | {"note": [{"text": result.headline}]}


def lesion(result: PlainResult, told: PlainLesion) -> Resource:
    """A lesion with its sizes; one that is no longer there is entered in error."""
    made = _observation(result, result.key("lesion", told.number), told.quantities)
    made["identifier"].append({"system": DICOM_UIDS, "value": f"urn:oid:{told.tracking_uid}"})
    if told.withdrawn:
        said = {"note": [{"text": "No longer part of the result."}]}
        return made | {"status": ResultStatus.REJECTED.value} | said
    return made | {"note": [{"text": told.label}]}


def _observation(result: PlainResult, key: str, quantities: Sequence[Quantity]) -> Resource:
    made: Resource = {
        "resourceType": "Observation",
        "meta": meta(result),
        "identifier": [identifier(key)],
        "status": result.status.value,
        "category": [_IMAGING],
        "code": concept(result.codes.finding),
        "subject": reference(result.key("patient"), "The patient"),
        "issued": moment(result.issued),
        "bodySite": concept(result.codes.region),
        "device": reference(device_key(result), device_words(result)),
    }
    if result.examined_at is not None:
        made["effectiveDateTime"] = examined(result)
    if result.images is not None:
        made["derivedFrom"] = [reference(result.key("study"), "The study that was read")]
    components = [component(quantity) for quantity in quantities if quantity.value is not None]
    if components:
        made["component"] = components
    return made
