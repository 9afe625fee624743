"""Signed records of local acceptance as files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, Response, request

from dashboard.auth import require
from dashboard.files.attachments import attachment
from dashboard.files.numbers import AUDIENCE
from services.permissions import Permission
from services.reporting.acceptance_record import record_pdf

if TYPE_CHECKING:
    from services.assembly.container import Services


def register(server: Flask, services: Services) -> None:
    """Add the routes."""
    files = AcceptanceFiles(services)

    def record(test_id: str) -> Response:
        """A record for handing on; with `audience=inside` byte for byte as it was signed."""
        require(Permission.SEE_ACCEPTANCE)
        return files.json(test_id, request.args.get(AUDIENCE))

    def paper(test_id: str) -> Response:
        """The same as PDF."""
        require(Permission.SEE_ACCEPTANCE)
        return files.pdf(test_id, request.args.get(AUDIENCE))

    server.add_url_rule("/exports/acceptance/<test_id>.json", "export_acceptance", record)
    server.add_url_rule("/exports/acceptance/<test_id>.pdf", "export_acceptance_pdf", paper)


class AcceptanceFiles:
    """Makes the answers, for pages and programs alike."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def json(self, test_id: str, audience: str | None) -> Response:
        """The record; raises NotAllowed, NotFound, InvalidInput."""
        user = require(Permission.SEE_ACCEPTANCE)
        content = self._services.acceptance.tests.record(test_id, user, audience)
        return attachment(content, f"lightbox-acceptance-{test_id[:8]}.json", "application/json")

    def pdf(self, test_id: str, audience: str | None) -> Response:
        """The record on paper; raises as `json` does."""
        user = require(Permission.SEE_ACCEPTANCE)
        services = self._services
        file = record_pdf(services.acceptance.tests, services.reporting, test_id, user, audience)
        return attachment(file.content, file.name, file.mime)
