"""Results for other systems, for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, Response

from dashboard.api import operations
from dashboard.api.models_exports import ExportQuery
from dashboard.api.operations import Files, Operation
from dashboard.files.exports import ExportFiles
from services.exporting.forms import Ask

if TYPE_CHECKING:
    from services.assembly.container import Services

EXPORT = Operation(
    "GET",
    "/api/v1/scans/<scan_id>/export",
    "exportResult",
    "A scan's latest result as a file for another system; 404 says why it cannot be had so",
    query=ExportQuery,
    answer=Files(
        (
            *("application/dicom", "application/fhir+json", "application/hl7-v2", "application/zip"),
            *("text/csv", "text/plain"),
        )
    ),
    says="The file",
    errors=(400, 404, 409),
)
OPERATIONS = (EXPORT,)


def register(server: Flask, services: Services) -> None:
    """Add the routes."""
    operations.add(server, EXPORT, "api_export_result", ApiExports(services).export)


class ApiExports:
    """The views."""

    def __init__(self, services: Services) -> None:
        self.services = services

    def export(self, scan_id: str) -> Response:
        """The result in the form asked for; by pseudonym unless `identity` is asked for."""
        query = ExportQuery.given()
        ask = Ask(query.layer, query.identity, query.labelmap, query.pdf)
        return ExportFiles(self.services).response(scan_id, query.form, ask)
