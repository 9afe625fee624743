"""Events as other systems are told of them: which of DICOM's codes an action has."""

from __future__ import annotations

import socket
from collections.abc import Mapping

from data.records import AuditLink
from reports.audit_record import OWN, AuditAct, AuditCode, AuditRecord
from services.auditing.actions import ACTIONS, ActionKind, action_words

APPLICATION_ACTIVITY = AuditCode("110100", "Application Activity")
LOG_USED = AuditCode("110101", "Audit Log Used")
INSTANCES_ACCESSED = AuditCode("110103", "DICOM Instances Accessed")
INSTANCES_TRANSFERRED = AuditCode("110104", "DICOM Instances Transferred")
EXPORT = AuditCode("110106", "Export")
IMPORT = AuditCode("110107", "Import")
PATIENT_RECORD = AuditCode("110110", "Patient Record")
QUERY = AuditCode("110112", "Query")
SECURITY_ALERT = AuditCode("110113", "Security Alert")
USER_AUTHENTICATION = AuditCode("110114", "User Authentication")
LOGOUT = AuditCode("110123", "Logout")
LOGIN = AuditCode("110122", "Login")
SOFTWARE_CONFIGURATION = AuditCode("110131", "Software Configuration")
RESTRICTED_FUNCTION = AuditCode("110132", "Use of Restricted Function")
SECURITY_ATTRIBUTES = AuditCode("110137", "User Security Attributes Changed")

Coded = tuple[AuditCode, AuditCode | None, AuditAct]
_OF_KIND: Mapping[ActionKind, Coded] = {
    ActionKind.ACCOUNTS: (SECURITY_ALERT, SECURITY_ATTRIBUTES, AuditAct.UPDATE),
    ActionKind.SCANS: (INSTANCES_ACCESSED, None, AuditAct.UPDATE),
    ActionKind.REVIEWS: (PATIENT_RECORD, None, AuditAct.UPDATE),
    ActionKind.PATIENTS: (PATIENT_RECORD, None, AuditAct.UPDATE),
    ActionKind.MODELS: (APPLICATION_ACTIVITY, None, AuditAct.EXECUTE),
    ActionKind.FILES: (EXPORT, None, AuditAct.READ),
    ActionKind.RULES: (APPLICATION_ACTIVITY, None, AuditAct.EXECUTE),
    ActionKind.OTHERS: (SECURITY_ALERT, SOFTWARE_CONFIGURATION, AuditAct.EXECUTE),
    ActionKind.VIEWS: (INSTANCES_ACCESSED, None, AuditAct.READ),
}
_SIGN_IN: Coded = (USER_AUTHENTICATION, LOGIN, AuditAct.EXECUTE)
_SIGN_OUT: Coded = (USER_AUTHENTICATION, LOGOUT, AuditAct.EXECUTE)
_REFUSED: Coded = (SECURITY_ALERT, RESTRICTED_FUNCTION, AuditAct.EXECUTE)
_OF_ACTION: Mapping[str, Coded] = {
    "signed in": _SIGN_IN,
    "signed out": _SIGN_OUT,
    "signed out everywhere": _SIGN_OUT,
    "signed out by the provider": _SIGN_OUT,
    "sign-in failed": _SIGN_IN,
    "sign-in refused": _SIGN_IN,
    "sign-in code failed": _SIGN_IN,
    "sign-in passkey refused": _SIGN_IN,
    "confirmation failed": _REFUSED,
    "token refused": _REFUSED,
    "access.refused": _REFUSED,
    "dicom.receive": (INSTANCES_TRANSFERRED, None, AuditAct.CREATE),
    "scan.add": (INSTANCES_ACCESSED, None, AuditAct.CREATE),
    "scan.send": (INSTANCES_TRANSFERRED, None, AuditAct.READ),
    "scan.download": (EXPORT, None, AuditAct.READ),
    "patient.view": (PATIENT_RECORD, None, AuditAct.READ),
    "patient.search": (QUERY, None, AuditAct.EXECUTE),
    "audit.view": (LOG_USED, None, AuditAct.READ),
    "audit.export": (LOG_USED, None, AuditAct.READ),
    "priors.fetch": (QUERY, None, AuditAct.EXECUTE),
    "import.start": (IMPORT, None, AuditAct.CREATE),
    "report.delete": (PATIENT_RECORD, None, AuditAct.DELETE),
    "report.expire": (PATIENT_RECORD, None, AuditAct.DELETE),
}
_KIND_OF = {action: kind for kind, actions in ACTIONS.items() for action in actions}
_UNKNOWN: Coded = (APPLICATION_ACTIVITY, None, AuditAct.EXECUTE)


def coded(action: str) -> Coded:
    """DICOM's event of an action, its type where DICOM has one, and what was done."""
    kind = _KIND_OF.get(action)
    return _OF_ACTION.get(action) or (_UNKNOWN if kind is None else _OF_KIND[kind])


def server_name() -> str:
    """Who tells of events: Lightbox on this machine."""
    return f"lightbox@{socket.gethostname()}"


def record_of(link: AuditLink, names: Mapping[str, str], patients: Mapping[str, str]) -> AuditRecord:
    """An event as it is told; `names` of people and pseudonyms of `patients` by id."""
    event = link.event
    kind, of_dicom, act = coded(event.action)
    words = action_words(event.action)
    own = AuditCode(event.action, words, OWN)
    return AuditRecord(
        number=event.number,
        hash=link.hash,
        at=event.at,
        kind=kind,
        types=(own,) if of_dicom is None else (of_dicom, own),
        act=act,
        outcome="success" if event.outcome is None else event.outcome.value,
        words=words,
        detail=event.detail,
        user_id=event.user_id or "",
        user_name=names.get(event.user_id or "", ""),
        role=event.role,
        via=event.origin.via.value,
        address=event.origin.address,
        subject=event.subject,
        patient=patients.get(event.patient, ""),
        server=server_name(),
    )
