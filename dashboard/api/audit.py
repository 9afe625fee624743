"""The audit trail, for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, Response

from dashboard.api import operations
from dashboard.api.models_audit import AuditTrailQuery
from dashboard.api.operations import Files, Operation
from dashboard.auth import require
from dashboard.files.attachments import attachment
from services.addresses import VIEWS_SHOWN, AuditAddress
from services.permissions import Permission

if TYPE_CHECKING:
    from services.assembly.container import Services

TRAIL = Operation(
    "GET",
    "/api/v1/audit",
    "auditTrail",
    "Who did what to what, and when, newest first; that it was taken is an event too",
    query=AuditTrailQuery,
    answer=Files(("application/fhir+json", "application/fhir+ndjson", "text/csv")),
    says="The events",
    errors=(400, 403),
)
OPERATIONS = (TRAIL,)


def register(server: Flask, services: Services) -> None:
    """Add the routes."""
    operations.add(server, TRAIL, "api_audit", ApiAudit(services).trail)


class ApiAudit:
    """The views."""

    def __init__(self, services: Services) -> None:
        self.trails = services.auditing.trail

    def trail(self) -> Response:
        """Every event that is asked for, in the form that is asked for."""
        user, query = require(Permission.SEE_AUDIT), AuditTrailQuery.given()
        address = AuditAddress(
            person=query.person,
            kind=query.kind,
            outcome=query.outcome,
            patient=query.patient,
            views=VIEWS_SHOWN if query.views else "",
            subject=query.subject,
            since=query.since,
            until=query.until,
        )
        file = self.trails.export(address, query.form, user)
        return attachment(file.content, file.name, file.mime)
