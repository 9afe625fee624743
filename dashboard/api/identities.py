"""Patients who may be one person, for programs: /api/v1/identity-conflicts."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from flask import Flask, Response

from dashboard.api import operations
from dashboard.api.models_identities import (
    IdentityConflictAnswer,
    IdentityConflictsAnswer,
    PatientRecordAnswer,
    SettleConflictBody,
    SettledConflictAnswer,
)
from dashboard.api.operations import Operation, answered
from dashboard.auth import require
from data.errors import InvalidInput
from data.records import ConflictState
from services.permissions import Permission

if TYPE_CHECKING:
    from services.assembly.container import Services
    from services.reviewing.identity_conflicts import ConflictView, PatientRecord

CONFLICTS = Operation(
    "GET",
    "/api/v1/identity-conflicts",
    "identityConflicts",
    "Patients with the same number and name of whom nobody has said whether they are one person",
    answer=IdentityConflictsAnswer,
    says="The oldest ones",
    errors=(403,),
)
SETTLE = Operation(
    "POST",
    "/api/v1/identity-conflicts/<conflict_id>",
    "settleIdentityConflict",
    "Say whether two patients are one person; that cannot be taken back",
    body=SettleConflictBody,
    answer=SettledConflictAnswer,
    says="What holds now",
    errors=(400, 403, 404),
)
OPERATIONS = (CONFLICTS, SETTLE)


def register(server: Flask, services: Services) -> None:
    """Add the routes."""
    views = ApiIdentities(services)
    operations.add(server, CONFLICTS, "api_identity_conflicts", views.conflicts)
    operations.add(server, SETTLE, "api_settle_identity_conflict", views.settle)


class ApiIdentities:
    """The views."""

    def __init__(self, services: Services) -> None:
        self.identities = services.reviewing.identities

    def conflicts(self) -> Response:
        """What nobody has settled."""
        conflicts = self.identities.open(require(Permission.SETTLE_IDENTITIES))
        return answered(IdentityConflictsAnswer(conflicts=[described(conflict) for conflict in conflicts]))

    def settle(self, conflict_id: str) -> Response:
        """Settle it: `{"decision": "same", "birth_date": "1950-01-02"}`."""
        user = require(Permission.SETTLE_IDENTITIES)
        sent = SettleConflictBody.given()
        state = ConflictState(sent.decision)
        if state is ConflictState.SAME:
            birth_date = date.fromisoformat(sent.birth_date) if sent.birth_date else None
            self.identities.same_person(conflict_id, user, birth_date, sent.sex)
        elif sent.birth_date or sent.sex:
            raise InvalidInput("Two people keep what their records say: leave birth_date and sex away.")
        else:
            self.identities.two_people(conflict_id, user)
        return answered(SettledConflictAnswer(id=conflict_id, state=state))


def described(conflict: ConflictView) -> IdentityConflictAnswer:
    """Put a conflict as the API answers it."""
    return IdentityConflictAnswer(id=conflict.id, patients=[_record(record) for record in conflict.records])


def _record(record: PatientRecord) -> PatientRecordAnswer:
    identity = record.identity
    return PatientRecordAnswer(
        id=record.patient.id,
        pseudonym=record.patient.pseudonym,
        name=identity.name,
        patient_id=identity.patient_id,
        birth_date=identity.birth_date,
        sex=identity.sex,
        scans=len(record.scans),
        scan_days=list(record.scan_days),
        scan_ids=[scan.id for scan in record.scans],
    )
