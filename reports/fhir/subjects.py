"""Who and what a result is of: Patient and ImagingStudy, made at a server only where it has none."""

from __future__ import annotations

from reports.dicom.origin import stable_uid
from reports.fhir.elements import (
    DICOM_UIDS,
    FhirVersion,
    Resource,
    moment,
    reference,
    tidied,
)
from reports.plain_result import NameParts, PlainResult, SourceImages, name_parts

MODALITIES = "http://dicom.nema.org/resources/ontology/DCM"
_SEXES = {"F": "female", "M": "male", "O": "other"}
_IDENTIFIER_TYPES = "http://terminology.hl7.org/CodeSystem/v2-0203"
PSEUDONYMS = f"urn:oid:{stable_uid('pseudonyms')}"
PATIENT_NUMBERS = f"urn:oid:{stable_uid('patient numbers')}"
"""The systems of what patients are called, where the hospital's own system of numbers is not known."""


def patient_identifier(result: PlainResult, numbers: str) -> Resource:
    """What the patient is found by; `numbers` is the hospital's system of patient numbers, "" if unknown."""
    subject = result.subject
    number = tidied(subject.patient_id or "")
    if not subject.named or not number:
        return {"system": PSEUDONYMS, "value": subject.pseudonym}
    kind = {"coding": [{"system": _IDENTIFIER_TYPES, "code": "MR", "display": "Medical record number"}]}
    return {"type": kind, "system": numbers or PATIENT_NUMBERS, "value": number}


def patient(result: PlainResult, numbers: str) -> Resource:
    """The Patient: by pseudonym, or as the person is named."""
    subject = result.subject
    made: Resource = {"resourceType": "Patient", "identifier": [patient_identifier(result, numbers)]}
    if result.sex in _SEXES:
        made["gender"] = _SEXES[result.sex]
    if not subject.named:
        return made
    name = _name(name_parts(subject))
    if name:
        made["name"] = [{"use": "official"} | name]
    if subject.birth_date is not None:
        made["birthDate"] = subject.birth_date.isoformat()
    return made


def _name(parts: NameParts) -> Resource:
    given = [part for part in (parts.given, parts.middle) if part]
    told = {"family": parts.family, "given": given, "prefix": [parts.prefix], "suffix": [parts.suffix]}
    return {key: said for key, said in told.items() if said not in ("", [], [""])}


def accession_identifier(result: PlainResult) -> Resource:
    """The accession number as an identifier; its system is the hospital's and not known."""
    kind = {"system": _IDENTIFIER_TYPES, "code": "ACSN", "display": "Accession ID"}
    return {"type": {"coding": [kind]}, "value": result.accession}


def study_identifier(images: SourceImages) -> Resource:
    """What an archive's ImagingStudy is found by."""
    return {"system": DICOM_UIDS, "value": f"urn:oid:{images.study_uid}"}


def imaging_study(result: PlainResult, images: SourceImages, release: FhirVersion) -> Resource:
    """The ImagingStudy: the one series that was read, with its instances where they are known."""
    code = {"system": MODALITIES, "code": "".join(tidied(images.modality).split()) or "OT"}
    modality = {"coding": [code]} if release is FhirVersion.R5 else code
    series: Resource = {"uid": images.series_uid, "modality": modality}
    if images.instances:
        series["numberOfInstances"] = len(images.instances)
        series["instance"] = [
            {
                "uid": instance.sop_instance_uid,
                "sopClass": {
                    "system": "urn:ietf:rfc3986",
                    "code": f"urn:oid:{instance.sop_class_uid}",
                },
            }
            for instance in images.instances
        ]
    made: Resource = {
        "resourceType": "ImagingStudy",
        "identifier": [study_identifier(images)],
        "status": "available",
        "modality": [modality],
        "subject": reference(result.key("patient"), "The patient"),
        "series": [series],
    }
    if result.accession:
        made["identifier"] = [study_identifier(images), accession_identifier(result)]
    if result.examined_at is not None:
        made["started"] = examined(result)
    return made


def examined(result: PlainResult) -> str:
    """When the pictures were taken; the day alone where that is all the file says."""
    assert result.examined_at is not None
    if result.examined_day_only:
        return f"{result.examined_at.astimezone():%Y-%m-%d}"
    return moment(result.examined_at)
