"""What made a result: the Device that the AI is, and the Provenance that names it and the person who judged.

After HL7's guide "AI Transparency on FHIR": type of device, kind of AI, and why there is a Provenance.
"""

from __future__ import annotations

from reports.dicom.origin import MANUFACTURER, stable_uuid
from reports.fhir.elements import (
    AI_ASSERTED,
    AI_DEVICE_TYPES,
    AI_KIND,
    RESOURCES,
    FhirVersion,
    Resource,
    identifier,
    meta,
    moment,
    reference,
    tidied,
)
from reports.plain_result import PlainResult, ResultStatus

_PARTICIPANTS = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
_IS_AI = {"system": AI_DEVICE_TYPES, "code": "Artificial-Intelligence"}
_IS_DEEP_LEARNING = {"system": AI_DEVICE_TYPES, "code": "Deep-Learning-Models"}
ALTERNATE_REFERENCE = "http://hl7.org/fhir/StructureDefinition/alternate-reference"
_A_PERSON = "A clinician"
_JUDGED = {
    ResultStatus.FINAL: "accepted",
    ResultStatus.CORRECTED: "corrected",
    ResultStatus.REJECTED: "rejected",
}


def device_key(result: PlainResult) -> str:
    """The UUID of a version of a model: the same for all of its results."""
    made = result.provenance
    return stable_uuid("device", made.model_name, made.model_version, made.weights_sha256)


def device_words(result: PlainResult) -> str:
    """The Device in a few words."""
    made = result.provenance
    return f"{MANUFACTURER} {made.model_name} version {made.model_version}"


def device(result: PlainResult, release: FhirVersion) -> Resource:
    """The Device: model, version, and the SHA-256 of its weights."""
    made, key = result.provenance, device_key(result)
    kind = {"coding": [_IS_AI], "text": "Artificial intelligence"}
    named = {"type": "user-friendly-name"}
    versions = {"model": made.model_version, "weights_sha256": made.weights_sha256, "software": made.software}
    common = {
        "resourceType": "Device",
        "extension": [{"url": AI_KIND, "valueCodeableConcept": {"coding": [_IS_DEEP_LEARNING]}}],
        "identifier": [identifier(key)],
        "status": "active",
        "manufacturer": MANUFACTURER,
        "modelNumber": made.model_name,
        "serialNumber": made.weights_sha256,
        "version": [
            {"type": {"text": name}, "value": value} for name, value in versions.items() if tidied(value)
        ],
    }
    if release is FhirVersion.R5:
        return common | {"name": [named | {"value": device_words(result)}], "type": [kind]}
    return common | {"deviceName": [named | {"name": device_words(result)}], "type": kind}


def performer(result: PlainResult) -> Resource:
    """The Device as the one who reported: FHIR has people there alone, so that it stands in an extension."""
    words = device_words(result)
    told = {"url": ALTERNATE_REFERENCE, "valueReference": reference(device_key(result), words)}
    return {"extension": [told], "display": words}


def version_tag(result: PlainResult) -> Resource:
    """What the Provenance of this version of the result is found by: it has no identifier in FHIR."""
    return {"system": RESOURCES, "code": result.key("provenance", result.version)}


def provenance(result: PlainResult, targets: list[Resource], release: FhirVersion) -> Resource:
    """The Provenance: by which model, from which study, and who judged it."""
    made: Resource = {
        "resourceType": "Provenance",
        "meta": meta(result) | {"tag": [version_tag(result)]},
        "target": targets,
        "occurredDateTime": moment(result.read_at),
        "recorded": moment(result.issued),
        "agent": list(_agents(result)),
    }
    if result.images is not None:
        source = reference(result.key("study"), "The study that was read")
        made["entity"] = [{"role": "source", "what": source}]
    asserted = {"coding": [AI_ASSERTED]}
    if release is FhirVersion.R5:
        return made | {"authorization": [{"concept": asserted}]}
    return made | {"reason": [asserted]}


def _agents(result: PlainResult) -> list[Resource]:
    assembler = {"coding": [{"system": _PARTICIPANTS, "code": "assembler", "display": "Assembler"}]}
    who = reference(device_key(result), device_words(result))
    agents: list[Resource] = [{"type": assembler, "role": [{"coding": [_IS_AI]}], "who": who}]
    if result.reviewer is not None:
        verifier = {
            "coding": [{"system": _PARTICIPANTS, "code": "verifier", "display": "Verifier"}],
            "text": f"Clinician, who {_JUDGED[result.status]} it",
        }
        agents.append({"type": verifier, "who": {"display": tidied(result.reviewer) or _A_PERSON}})
    return agents
