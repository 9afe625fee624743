"""Reports of single readings as files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, Response, request

from dashboard.auth import reader
from dashboard.files.attachments import attachment

if TYPE_CHECKING:
    from services.assembly.container import Services


def register(server: Flask, services: Services) -> None:
    """Add the route below /scans/<id>/."""
    views = ReadingReportFiles(services)
    server.add_url_rule("/scans/<scan_id>/report.<kind>", "reading_report", views.file)


class ReadingReportFiles:
    """The views."""

    def __init__(self, services: Services) -> None:
        self.services = services

    def file(self, scan_id: str, kind: str) -> Response:
        """The report as pdf or txt, made now; by pseudonym unless `identity=yes` is asked."""
        return self.response(scan_id, kind, named=request.args.get("identity") == "yes")

    def response(self, scan_id: str, kind: str, *, named: bool) -> Response:
        """The answer with the file."""
        file = self.services.reading_reports.file(scan_id, kind, reader(), named=named)
        return attachment(file.content, file.name, file.mime)
