"""An event as a DICOM audit message: the XML of PS3.15 A.5.1, as IHE's ITI-20 sends it."""

from __future__ import annotations

import base64
from xml.etree.ElementTree import Element, SubElement, tostring

from reports.audit_record import OWN, AuditCode, AuditRecord

OUTCOMES = {"success": "0", "refused": "4", "failed": "8"}
"""EventOutcomeIndicator: success, minor failure (it was refused), serious failure."""
APPLICATION = AuditCode("110150", "Application")
_PERSON, _SYSTEM_OBJECT = "1", "2"
_PATIENT_ROLE, _JOB_ROLE = "1", "20"
_PATIENT_NUMBER = ("2", "Patient Number", "RFC-3881")


def audit_message(record: AuditRecord) -> bytes:
    """The message as XML in UTF-8, without a declaration."""
    root = Element("AuditMessage")
    _event(root, record)
    _participants(root, record)
    source = SubElement(root, "AuditSourceIdentification", AuditSourceID=_text(record.server))
    SubElement(source, "AuditSourceTypeCode", {"csd-code": "4"})  # an application server process
    _objects(root, record)
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=False)
    return written


def _event(root: Element, record: AuditRecord) -> None:
    event = SubElement(
        root,
        "EventIdentification",
        EventActionCode=record.act.value,
        EventDateTime=record.at.isoformat(timespec="milliseconds"),
        EventOutcomeIndicator=OUTCOMES[record.outcome],
    )
    _code(event, "EventID", record.kind)
    for kind in record.types:
        _code(event, "EventTypeCode", kind)
    SubElement(event, "EventOutcomeDescription").text = record.outcome


def _participants(root: Element, record: AuditRecord) -> None:
    if record.user_id:
        given = {
            "UserID": _text(record.user_id),
            "UserName": _text(record.user_name),
            "UserIsRequestor": "true",
        }
        if record.address:
            given |= {"NetworkAccessPointID": _text(record.address), "NetworkAccessPointTypeCode": "2"}
        person = SubElement(root, "ActiveParticipant", given)
        if record.role:
            _code(person, "RoleIDCode", AuditCode(record.role, record.role, OWN))
    # Who is not known by an account is known by an address at least.
    itself = {"UserID": _text(record.server), "UserIsRequestor": "false" if record.user_id else "true"}
    if record.address and not record.user_id:
        itself |= {"NetworkAccessPointID": _text(record.address), "NetworkAccessPointTypeCode": "2"}
    _code(SubElement(root, "ActiveParticipant", itself), "RoleIDCode", APPLICATION)


def _objects(root: Element, record: AuditRecord) -> None:
    if record.patient:
        patient = _object(root, record.patient, _PERSON, _PATIENT_ROLE)
        _identifier(patient, *_PATIENT_NUMBER)
    about = _object(root, record.subject or "-", _SYSTEM_OBJECT, _JOB_ROLE)
    _identifier(about, "subject", "What it is about", OWN)
    told = {"event": record.key, "hash": record.hash, "via": record.via, "detail": record.detail}
    for name, value in told.items():
        if value:
            encoded = base64.b64encode(value.encode()).decode()
            SubElement(about, "ParticipantObjectDetail", type=name, value=encoded)


def _object(root: Element, key: str, kind: str, role: str) -> Element:
    return SubElement(
        root,
        "ParticipantObjectIdentification",
        ParticipantObjectID=_text(key),
        ParticipantObjectTypeCode=kind,
        ParticipantObjectTypeCodeRole=role,
    )


def _identifier(about: Element, value: str, meaning: str, scheme: str) -> None:
    _code(about, "ParticipantObjectIDTypeCode", AuditCode(value, meaning, scheme))


def _code(parent: Element, name: str, code: AuditCode) -> None:
    given = {"csd-code": code.value, "codeSystemName": code.scheme, "originalText": code.meaning}
    SubElement(parent, name, given)


def _text(text: str) -> str:
    """Without what XML cannot hold."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
