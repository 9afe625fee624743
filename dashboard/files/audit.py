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
    server.add_url_rule("/exports/audit.csv", "export_audit", views.export)


class AuditFiles:
    """The view."""

    def __init__(self, services: Services) -> None:
        self.services = services

    def export(self) -> Response:
        """Every event that the page's query asks for."""
        user = require(Permission.SEE_AUDIT)
        address = AuditAddress.read(request.query_string.decode())
        content = self.services.audit_trail.file(address, user)
        return attachment(content, "lightbox-audit.csv", "text/csv; charset=utf-8")
