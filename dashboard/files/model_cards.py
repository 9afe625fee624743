"""Model cards as files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, Response, request

from dashboard.auth import require
from dashboard.files.attachments import attachment
from services import addresses
from services.permissions import Permission

if TYPE_CHECKING:
    from services.assembly.container import Services


def register(server: Flask, services: Services) -> None:
    """Add the route."""

    def card(kind: str) -> Response:
        """The card of the version that the address names, as of now."""
        user = require(Permission.SEE_STATISTICS)
        task, version = addresses.model_card_of(request.query_string.decode("utf-8", "replace"))
        file = services.model_cards.file(task, version, kind, user)
        return attachment(file.content, file.name, file.mime)

    server.add_url_rule("/exports/model-card.<kind>", "export_model_card", card)
