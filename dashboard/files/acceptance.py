"""Signed records of local acceptance as files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, Response, request

from dashboard.auth import require
from dashboard.files.attachments import attachment
from dashboard.files.numbers import AUDIENCE
from services.permissions import Permission

if TYPE_CHECKING:
    from services.assembly.container import Services


def register(server: Flask, services: Services) -> None:
    """Add the route."""

    def record(test_id: str) -> Response:
        """A record for handing on; with `audience=inside` byte for byte as it was signed."""
        user = require(Permission.SEE_ACCEPTANCE)
        content = services.acceptance.tests.record(test_id, user, request.args.get(AUDIENCE))
        return attachment(content, f"lightbox-acceptance-{test_id[:8]}.json", "application/json")

    server.add_url_rule("/exports/acceptance/<test_id>.json", "export_acceptance", record)
