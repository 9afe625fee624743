"""The report of a bulk import as a file; for administrators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, Response

from dashboard.auth import require
from dashboard.files.attachments import attachment
from services.permissions import Permission

if TYPE_CHECKING:
    from services.assembly.container import Services


def register(server: Flask, services: Services) -> None:
    """Add the route."""

    def report(import_id: str) -> Response:
        require(Permission.IMPORT)
        content = services.importing.report_csv(import_id)
        return attachment(content, f"import-{import_id[:8]}-not-read.csv", "text/csv")

    server.add_url_rule("/imports/<import_id>/refusals.csv", "import_report", report)
