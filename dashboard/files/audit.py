"""The audit trail as a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, Response, request

from dashboard.auth import require
from dashboard.files.attachments import attachment
from services.addresses import AuditAddress
from services.permissions import Permission

if TYPE_CHECKING:
    from services.assembly.container import Services


def register(server: Flask, services: Services) -> None:
    """Add the route."""
    views = AuditFiles(services)
    server.add_url_rule("/exports/audit.<kind>", "export_audit", views.export)


class AuditFiles:
    """The view."""

    def __init__(self, services: Services) -> None:
        self.services = services

    def export(self, kind: str) -> Response:
        """Every event that the page's query asks for, as CSV or FHIR."""
        user = require(Permission.SEE_AUDIT)
        address = AuditAddress.read(request.query_string.decode())
        file = self.services.auditing.trail.export(address, kind, user)
        return attachment(file.content, file.name, file.mime)
