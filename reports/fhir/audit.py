"""Events of the audit trail as AuditEvents of FHIR R4B and R5, by the codes of IHE's Basic Audit patterns.

Of a patient nothing is told but the pseudonym, as an identifier of Lightbox's own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from fhir.resources.auditevent import AuditEvent as AuditEventR5
from fhir.resources.bundle import Bundle as BundleR5
from fhir.resources.R4B.auditevent import AuditEvent as AuditEventR4B
from fhir.resources.R4B.bundle import Bundle as BundleR4B

from reports.audit_record import AuditAct, AuditCode, AuditRecord
from reports.dicom.origin import stable_uuid
from reports.dicom_audit import OUTCOMES
from reports.fhir.elements import RESOURCES, SYSTEMS, FhirVersion, Resource, full_url, moment, tidied

_EVENTS: dict[FhirVersion, Any] = {FhirVersion.R4: AuditEventR4B, FhirVersion.R5: AuditEventR5}
_BUNDLES: dict[FhirVersion, Any] = {FhirVersion.R4: BundleR4B, FhirVersion.R5: BundleR5}
_INTERACTIONS = "http://hl7.org/fhir/restful-interaction"
_INTERACTION = {
    AuditAct.CREATE: "create",
    AuditAct.READ: "read",
    AuditAct.UPDATE: "update",
    AuditAct.DELETE: "delete",
    AuditAct.EXECUTE: "operation",
}
_PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
_SEVERITIES = {"success": "success", "refused": "error", "failed": "fatal"}
_OBJECT_TYPES = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
_OBJECT_ROLES = "http://terminology.hl7.org/CodeSystem/object-role"
_SOURCE_TYPES = "http://terminology.hl7.org/CodeSystem/security-source-type"
_OUTCOME_CODES = "http://hl7.org/fhir/issue-severity"
_SOURCE_ROLE, _DESTINATION_ROLE = (
    AuditCode("110153", "Source Role ID"),
    AuditCode("110152", "Destination Role ID"),
)


def audit_event(record: AuditRecord, release: FhirVersion) -> Resource:
    """One AuditEvent, validated; its id follows from the event."""
    made = _r5(record) if release is FhirVersion.R5 else _r4(record)
    checked: str = _EVENTS[release].model_validate(tidied(made)).model_dump_json()
    return dict(json.loads(checked))


def audit_ndjson(records: Iterable[AuditRecord], release: FhirVersion) -> bytes:
    """One AuditEvent a line."""
    return b"".join(json.dumps(audit_event(record, release)).encode() + b"\n" for record in records)


def audit_bundle(records: Iterable[AuditRecord], release: FhirVersion) -> bytes:
    """A collection of AuditEvents."""
    entries = [
        {"fullUrl": full_url(_key(record)), "resource": audit_event(record, release)} for record in records
    ]
    made = {"resourceType": "Bundle", "type": "collection"} | ({"entry": entries} if entries else {})
    checked: str = _BUNDLES[release].model_validate(made).model_dump_json(indent=1)
    return checked.encode()


def _key(record: AuditRecord) -> str:
    return stable_uuid("audit", record.key)


def _r4(record: AuditRecord) -> Resource:
    return {
        "resourceType": "AuditEvent",
        "id": _key(record),
        "type": _coding(record.kind),
        "subtype": _subtypes(record),
        "action": record.act.value,
        "recorded": moment(record.at),
        "outcome": OUTCOMES[record.outcome],
        "outcomeDesc": record.outcome,
        "agent": [
            known | {"network": {"address": address, "type": "2"}} if address else known
            for known, address in _agents(record)
        ],
        "source": {
            "observer": {"display": record.server},
            "type": [{"system": _SOURCE_TYPES, "code": "4", "display": "Application Server"}],
        },
        "entity": [
            {
                "what": {"identifier": {"system": RESOURCES, "value": value}},
                "type": {"system": _OBJECT_TYPES, "code": kind},
                "role": {"system": _OBJECT_ROLES, "code": role},
                "detail": [{"type": name, "valueString": words} for name, words in details],
            }
            for value, kind, role, details in _entities(record)
        ],
    }


def _r5(record: AuditRecord) -> Resource:
    made: Resource = {
        "resourceType": "AuditEvent",
        "id": _key(record),
        "category": [{"coding": [_coding(record.kind)]}],
        "code": {"coding": _subtypes(record), "text": record.words},
        "action": record.act.value,
        "recorded": moment(record.at),
        "outcome": {
            "code": {"system": _OUTCOME_CODES, "code": _SEVERITIES[record.outcome]},
            "detail": [{"text": record.outcome}],
        },
        "agent": [
            known | ({"networkString": address} if address else {}) for known, address in _agents(record)
        ],
        "source": {
            "observer": {"display": record.server},
            "type": [{"coding": [{"system": _SOURCE_TYPES, "code": "4", "display": "Application Server"}]}],
        },
        "entity": [
            {
                "what": {"identifier": {"system": RESOURCES, "value": value}},
                "role": {"coding": [{"system": _OBJECT_ROLES, "code": role}]},
                "detail": [{"type": {"text": name}, "valueString": words} for name, words in details],
            }
            for value, _, role, details in _entities(record)
        ],
    }
    if record.patient:
        made["patient"] = {"identifier": {"system": RESOURCES, "value": record.patient}}
    return made


def _subtypes(record: AuditRecord) -> list[Resource]:
    interaction = _INTERACTION[record.act]
    return [
        *(_coding(code) for code in record.types),
        {"system": _INTERACTIONS, "code": interaction, "display": interaction},
    ]


def _agents(record: AuditRecord) -> list[tuple[Resource, str]]:
    """Who did it and Lightbox itself, each with the address that it came from."""
    server = {
        "type": {"coding": [_coding(_DESTINATION_ROLE)]},
        "who": {"display": record.server},
        "requestor": not record.user_id,
    }
    if not record.user_id:
        return [(server, record.address)]
    person = {
        "type": {"coding": [{"system": _PARTICIPATION, "code": "IRCP", "display": "information recipient"}]},
        "who": {
            "identifier": {"system": RESOURCES, "value": record.user_id},
            "display": record.user_name or record.user_id,
        },
        "requestor": True,
        "role": [{"text": record.role}] if record.role else [],
    }
    client = {
        "type": {"coding": [_coding(_SOURCE_ROLE)]},
        "who": {"display": record.via},
        "requestor": False,
    }
    return [(person, ""), (client, record.address), (server, "")]


def _entities(record: AuditRecord) -> list[tuple[str, str, str, list[tuple[str, str]]]]:
    """What it is about, as identifier, type, role and details: the patient and the thing itself."""
    told = {"event": str(record.number), "hash": record.hash, "via": record.via, "detail": record.detail}
    about = (record.subject or "-", "2", "4", [(name, words) for name, words in told.items() if words])
    return [(record.patient, "1", "1", []), about] if record.patient else [about]


def _coding(code: AuditCode) -> Resource:
    return {"system": SYSTEMS[code.scheme], "code": code.value, "display": code.meaning}
