"""The files of reports, for everybody who reads statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, Response

from dashboard.auth import require
from dashboard.files.attachments import attachment
from services.permissions import Permission

if TYPE_CHECKING:
    from services.assembly.container import Services

# A report of another maker runs its own scripts: in a frame of its own, without our cookies, and with
# no way to any network.
SANDBOX = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'unsafe-inline'; img-src data: blob:; font-src data:; connect-src 'none'"
)


def register(server: Flask, services: Services) -> None:
    """Add the route below /reports/<id>/."""
    views = ReportFiles(services)
    server.add_url_rule("/reports/<report_id>/report.<kind>", "report_file", views.file)


class ReportFiles:
    """The views."""

    def __init__(self, services: Services) -> None:
        self.services = services

    def file(self, report_id: str, kind: str) -> Response:
        """A file of a report, byte for byte as it was made."""
        user = require(Permission.USE_REPORTS)
        file = self.services.reporting.file(report_id, kind, user)
        if kind != "html":
            return attachment(file.content, file.name, file.mime)
        response = Response(file.content, mimetype=file.mime)
        response.headers["Content-Security-Policy"] = SANDBOX
        response.headers["Cache-Control"] = "no-store"
        return response
