"""A result as a transaction: a bundle that a FHIR server takes whole or not at all.

What is Lightbox's own (report, observations, device, provenance) is found by its identifier and replaced; the
patient and the study are made only where the server has none: those are the hospital's.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from fhir.resources.bundle import Bundle as BundleR5
from fhir.resources.R4B.bundle import Bundle as BundleR4B

from reports.dicom.codes import IMAGING_STUDY, PRESENT
from reports.fhir import device, observations, subjects
from reports.fhir.elements import (
    FhirVersion,
    Resource,
    coding,
    concept,
    full_url,
    identifier,
    meta,
    moment,
    reference,
    tidied,
)
from reports.plain_result import PlainResult, ResultStatus

_MODELS = {FhirVersion.R4: BundleR4B, FhirVersion.R5: BundleR5}
# R4B changed none of the elements that are used here: what these models take is valid in 4.0.1 too.
_SECTIONS = "http://terminology.hl7.org/CodeSystem/v2-0074"
_RADIOLOGY = {"coding": [{"system": _SECTIONS, "code": "RAD", "display": "Radiology"}]}


def bundle(result: PlainResult, release: FhirVersion, numbers: str = "") -> bytes:
    """The bundle as JSON, the same bytes for the same result.

    `numbers` is the URI of the hospital's system of patient numbers; without it a named patient is one of its
    own at the server.
    """
    entries = list(_entries(result, release, numbers))
    made = {
        "resourceType": "Bundle",
        "identifier": identifier(result.key("bundle", result.version)),
        "type": "transaction",
        "timestamp": moment(result.issued),
        "entry": entries,
    }
    model: Any = _MODELS[release]  # the library's metaclass hides from mypy what it is
    checked: str = model.model_validate(tidied(made)).model_dump_json(indent=2)
    return checked.encode()


def _entries(result: PlainResult, release: FhirVersion, numbers: str) -> Iterator[Resource]:
    who = subjects.patient(result, numbers)
    yield _created(result.key("patient"), who, who["identifier"][0])
    if result.images is not None:
        study = subjects.imaging_study(result, result.images, release)
        yield _created(result.key("study"), study, study["identifier"][0])
    made_by = device.device(result, release)
    yield _replaced(device.device_key(result), made_by, made_by["identifier"][0])
    own = [(result.key("lesion", told.number), observations.lesion(result, told)) for told in result.lesions]
    own.append((result.key("answer"), observations.answer(result)))
    own.append((result.key("report"), _report(result, release)))
    for key, resource in own:
        yield _replaced(key, resource, identifier(key))
    targets = [{"reference": full_url(key)} for key, _ in own]
    record = device.provenance(result, targets, release)
    tag = device.version_tag(result)
    key = result.key("provenance", result.version)
    url = f"Provenance?_tag={_token(tag['system'], tag['code'])}"
    yield _entry(key, record, {"method": "PUT", "url": url})


def _report(result: PlainResult, release: FhirVersion) -> Resource:
    """The DiagnosticReport, which all others hang on."""
    shown = [told for told in result.lesions if not told.withdrawn]
    seen = [reference(result.key("answer"), "The answer")]
    seen += [reference(result.key("lesion", told.number), told.label) for told in shown]
    codes = [IMAGING_STUDY]
    if result.codes.examination != IMAGING_STUDY:
        codes.insert(0, result.codes.examination)
    made: Resource = {
        "resourceType": "DiagnosticReport",
        "meta": meta(result),
        "identifier": [identifier(result.key("report"))],
        "status": result.status.value,
        "category": [_RADIOLOGY],
        "code": concept(*codes),
        "subject": reference(result.key("patient"), "The patient"),
        "issued": moment(result.issued),
        "performer": [device.performer(result)],
        "conclusion": "\n".join(result.text),
    }
    if result.status is not ResultStatus.REJECTED:
        made["result"] = seen
    if result.answer is not None:
        # The finding's own code only where it was found: some read nothing but codes.
        concluded = result.codes.finding if result.answer == PRESENT else result.answer
        made["conclusionCode"] = [{"coding": [coding(concluded)], "text": result.headline}]
    if result.accession:
        made["basedOn"] = [{"type": "ServiceRequest", "identifier": subjects.accession_identifier(result)}]
    if result.examined_at is not None:
        made["effectiveDateTime"] = subjects.examined(result)
    if result.images is not None:
        studies = "study" if release is FhirVersion.R5 else "imagingStudy"
        made[studies] = [reference(result.key("study"), "The study that was read")]
    if result.reviewer is not None:
        made["resultsInterpreter"] = [{"display": result.reviewer}]
    if result.pdf is not None:
        data = base64.b64encode(result.pdf).decode()
        made["presentedForm"] = [
            {"contentType": "application/pdf", "data": data, "title": "Report of the reading"}
        ]
    return made


def _created(key: str, resource: Resource, found_by: Resource) -> Resource:
    """An entry that makes a resource where the server has none: never changes one."""
    query = f"identifier={_token(found_by['system'], found_by['value'])}"
    request = {"method": "POST", "url": resource["resourceType"], "ifNoneExist": query}
    return _entry(key, resource, request)


def _replaced(key: str, resource: Resource, found_by: Resource) -> Resource:
    query = f"identifier={_token(found_by['system'], found_by['value'])}"
    return _entry(key, resource, {"method": "PUT", "url": f"{resource['resourceType']}?{query}"})


def _entry(key: str, resource: Resource, request: Resource) -> Resource:
    return {"fullUrl": full_url(key), "resource": resource, "request": request}


def _token(system: str, value: str) -> str:
    r"""A search for an identifier as FHIR's examples write it; commas and the like are `\,` in a value."""
    escaped = "".join(f"\\{letter}" if letter in "\\,$|" else letter for letter in value)
    return f"{quote(system, safe=':/')}|{quote(escaped, safe=':/')}"
