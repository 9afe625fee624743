"""What the audit trail's actions are called, and which belong together.

An action is written by the service that does it; here stands what people read in its place. One that is
not here is shown as it was written.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum


class ActionKind(StrEnum):
    """What an action is about; the value stands in addresses."""

    ACCOUNTS = "accounts"
    SCANS = "scans"
    REVIEWS = "reviews"
    PATIENTS = "patients"
    MODELS = "models"
    FILES = "files"
    RULES = "rules"
    OTHERS = "others"
    VIEWS = "views"


KIND_WORDS: Mapping[ActionKind, str] = {
    ActionKind.ACCOUNTS: "People and signing in",
    ActionKind.SCANS: "Scans and readings",
    ActionKind.REVIEWS: "Reviews and measurements",
    ActionKind.PATIENTS: "Patients",
    ActionKind.MODELS: "Model versions",
    ActionKind.FILES: "Files that left",
    ActionKind.RULES: "Goals, limits, schedules and alerts",
    ActionKind.OTHERS: "Other systems and imports",
    ActionKind.VIEWS: "Looked at",
}

ACTIONS: Mapping[ActionKind, Mapping[str, str]] = {
    ActionKind.ACCOUNTS: {
        "signed in": "Signed in",
        "sign-in failed": "Sign-in failed",
        "sign-in refused": "Sign-in refused",
        "signed out": "Signed out",
        "signed out by the provider": "Signed out by the hospital's sign-in",
        "signed out everywhere": "Signed out everywhere",
        "sessions ended": "Other sessions ended",
        "sessions ended by an administrator": "Sessions ended by an administrator",
        "confirmed": "Confirmed once more before an act",
        "confirmation failed": "Asked to confirm once more, and wrong",
        "sign-in code failed": "Second factor failed",
        "second factor set up": "Second factor set up",
        "second factor removed": "Second factor removed",
        "second factors reset": "Second factors removed by an administrator",
        "recovery codes made": "Recovery codes made",
        "sign-in passkey refused": "Passkey refused",
        "account created": "Account created",
        "account switched on": "Account switched on",
        "account switched off": "Account switched off",
        "password changed": "Password changed",
        "password reset": "Password reset",
        "identity linked": "Hospital account linked",
        "identity unlinked": "Hospital account unlinked",
        "role changed": "Role changed",
        "reader group changed": "Group of readers changed",
        "departments of an account": "Departments of an account changed",
        "mails chosen": "Mails chosen",
        "token created": "API token created",
        "token revoked": "API token revoked",
        "token refused": "API token refused",
        "access.refused": "Refused: not permitted",
    },
    ActionKind.SCANS: {
        "dicom.receive": "Received by DICOM",
        "scan.add": "Scan added",
        "scan.sync": "NewContents by an edge",
        "reading.cancel": "Reading cancelled",
        "result.rerun": "Result read again to compare",
        "scan.withdraw": "Scan withdrawn",
        "scan.restore": "Scan restored",
        "scan.take": "Scan taken",
        "scan.give": "Scan given to somebody",
        "scan.put-back": "Scan put back",
        "scan.urgency": "Urgency said",
        "scan.department": "Scan moved to a department",
        "demo.add": "Demonstration scans added",
        "demo.remove": "Demonstration scans removed",
    },
    ActionKind.REVIEWS: {
        "review.accepted": "Result accepted",
        "review.rejected": "Result rejected",
        "review.corrected": "Result corrected",
        "review.unsure": "Result looked at, unsure",
        "review.labelled": "Label imported",
        "review.taking-back": "Review taken back",
        "review.request": "Reviews asked for",
        "review.withdraw": "Request for reviews taken back",
        "second-reading.ask": "Second reading asked for",
        "second-reading.withdraw": "Second reading taken back",
        "unaided.ask": "Reading without the AI asked for",
        "unaided.take": "Reading without the AI begun",
        "unaided.give": "Reading without the AI given",
        "unaided.show-result": "Reading without the AI ended: result shown",
        "annotation.added": "Measurement added",
        "annotation.moved": "Measurement moved",
        "annotation.deleted": "Measurement deleted",
        "feedback.send": "Message about a result sent",
        "feedback.answer": "Message about a result answered",
        "feedback.close": "Message about a result closed",
    },
    ActionKind.PATIENTS: {
        "scan.move": "Scan given to another patient",
        "patient.merge": "Two patients merged",
        "patient.keep-apart": "Two patients kept apart",
        "patient.holdings": "Looked at what is kept of a patient",
        "patient.erase": "Patient erased",
        "patient.erased": "Erasing ended: files are gone",
        "hold.place": "Legal hold placed",
        "hold.lift": "Legal hold lifted",
        "retention.expire": "Scans expired and erased",
        "retention.expired": "Expiry ended: files are gone",
        "retention.refusals": "What was refused expired and was erased",
        "priors.fetch": "Earlier studies fetched",
    },
    ActionKind.MODELS: {
        "model.register": "Version to be registered",
        "model.registered": "Version registered",
        "model.rehearse": "Rehearsal asked for",
        "model.rehearsed": "Rehearsal ended",
        "model.rehearsal-cancelled": "Rehearsal cancelled",
        "retraining.propose": "Retraining proposed",
        "retraining.start": "Retraining started",
        "retraining.decline": "Retraining declined",
        "retraining.cancel": "Retraining cancelled",
        "model.evaluate": "Evaluation asked for",
        "model.evaluation-cancelled": "Evaluation cancelled",
        "model.promotion": "Version promoted",
        "model.promotion-failed": "Promotion failed",
        "model.rollback": "Version rolled back",
        "model.rollback-failed": "Roll-back failed",
        "model.override-asked": "Override of the gate asked for",
        "model.override-refused": "Override of the gate refused",
        "model.challenger": "Challenger named",
        "model.followed": "Version taken over from MLflow",
        "model.unusable": "Version of MLflow not usable",
        "model.card": "Model card written on",
        "acceptance.protocol": "Acceptance protocol fixed",
        "acceptance.protocol-ended": "Acceptance protocol ended",
        "acceptance.begin": "Acceptance test begun",
        "acceptance.sign": "Acceptance test signed",
        "version suspended": "Version suspended",
        "suspension: end asked for": "End of a suspension asked for",
        "suspension: lifted": "Suspension lifted",
        "suspension: not lifted": "Suspension not lifted",
        "suspension: asking taken back": "End of a suspension no longer asked for",
    },
    ActionKind.FILES: {
        "picture.released": "Pictures with text released",
        "picture.blacked-out": "Text in pictures blacked out",
        "picture.held": "Pictures with text held again",
        "scan.export": "Scan's files taken",
        "reading.report": "Reading report taken",
        "cohort.export": "Cohort numbers taken",
        "performance.export": "Performance numbers taken",
        "readers.export": "Figures of readers taken",
        "drift.export": "Drift numbers taken",
        "board.export": "Board's numbers taken",
        "audit.export": "Audit trail taken",
        "model.card-file": "Model card taken",
        "report.ask": "Report asked for",
        "report.download": "Report downloaded",
        "report.delete": "Report deleted",
        "report.expire": "Report expired",
        "retraining.pack": "Retraining pack asked for",
        "retraining.fetch": "Retraining pack fetched",
        "backup.make": "Backup made",
    },
    ActionKind.RULES: {
        "performance.goal": "Goal set",
        "department made": "Department made",
        "department changed": "Department changed",
        "department deleted": "Department deleted",
        "departments given": "Scans given their departments",
        "drift.limit": "Drift limit set",
        "board.make": "Board made",
        "board.change": "Board changed",
        "board.delete": "Board deleted",
        "unaided.rule": "Share without the AI set",
        "stop rules on": "Stop rules switched on",
        "stop rules off": "Stop rules switched off",
        "alert acknowledged": "Alert acknowledged",
        "alert muted": "Alert muted",
        "alert closed": "Alert closed",
        "alert tested": "Test of alerts sent",
        "retention.rule": "Rule of expiry changed",
        "retention.run": "Expiry run",
        "schedule made": "Schedule made",
        "schedule changed": "Schedule changed",
        "schedule paused": "Schedule paused",
        "schedule goes on": "Schedule resumed",
        "schedule run by hand": "Schedule run by hand",
        "schedule deleted": "Schedule deleted",
    },
    ActionKind.OTHERS: {
        "scan.send": "Result sent to a remote node",
        "delivery sent again": "Delivery sent again",
        "delivery stopped": "Delivery stopped",
        "routing rule added": "Routing rule added",
        "routing rule deleted": "Routing rule deleted",
        "remote node added": "Remote node added",
        "remote node changed": "Remote node changed",
        "remote node removed": "Remote node removed",
        "sender watch": "Watching of a sender changed",
        "priors rule": "Rule for earlier studies set",
        "import.start": "Import started",
        "import.pause": "Import paused",
        "import.resume": "Import resumed",
        "audit.chain": "Chain of the audit trail begun",
        "audit.restored": "Audit trail taken as it is after a restore",
    },
    ActionKind.VIEWS: {
        "scan.view": "Scan looked at",
        "scan.read": "Scan read by the API",
        "scan.download": "Scan's pictures downloaded",
        "patient.view": "Patient looked at",
        "patient.search": "Scans or patients searched",
        "audit.view": "Audit trail looked at",
    },
}

_WORDS = {action: words for actions in ACTIONS.values() for action, words in actions.items()}
_ABOUT_SCANS = ("scan.", "reading.", "review.", "annotation.", "second-reading.", "unaided.")
_ABOUT_OTHERS = {"review.request", "review.withdraw", "unaided.rule"}


def action_words(action: str) -> str:
    """What people read for an action."""
    return _WORDS.get(action, action)


def is_about_scan(action: str) -> bool:
    """Whether the subject of such an event is the id of a scan."""
    return action.startswith(_ABOUT_SCANS) and action not in _ABOUT_OTHERS


def detail_words(detail: str) -> str:
    """What people read for an event's detail: of what a report was asked for, names and values."""
    if not detail.startswith("{"):
        return detail
    try:
        return ", ".join(f"{name} {value}" for name, value in json.loads(detail).items())
    except ValueError:
        return detail
