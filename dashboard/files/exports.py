"""Results as files for other systems."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, Response, request

from dashboard.auth import reader
from dashboard.files.attachments import attachment
from services.exporting.forms import Ask
from services.exporting.versions import COUNTING

if TYPE_CHECKING:
    from services.assembly.container import Services


def register(server: Flask, services: Services) -> None:
    """Add the route below /scans/<id>/."""
    views = ExportFiles(services)
    server.add_url_rule("/scans/<scan_id>/export/<form>", "export_result", views.file)


class ExportFiles:
    """The views."""

    def __init__(self, services: Services) -> None:
        self.services = services

    def file(self, scan_id: str, form: str) -> Response:
        """What counts of a scan's result in this form; `layer=ai` the AI's own answer.

        By pseudonym unless `identity=yes` is asked; `labelmap=yes` says how a SEG is written, `pdf=yes` puts
        the report into FHIR and HL7 v2.
        """
        given = request.args
        named, labelmap, pdf = (given.get(name) == "yes" for name in ("identity", "labelmap", "pdf"))
        return self.response(scan_id, form, Ask(given.get("layer", COUNTING), named, labelmap, pdf))

    def response(self, scan_id: str, form: str, ask: Ask) -> Response:
        """The answer with the file."""
        file = self.services.exports.file(scan_id, form, reader(), ask)
        return attachment(file.content, file.name, file.mime)
