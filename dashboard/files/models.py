"""Bytes of the models page: an uploaded version, and the pictures of a rehearsal."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask, Response, jsonify, request

from dashboard.auth import reader, require
from data.errors import InvalidInput, NotFound
from services.permissions import Permission

if TYPE_CHECKING:
    from services.assembly.container import Services

_ID = re.compile(r"[0-9a-f]{32}")
KEPT_BY_BROWSER = "private, max-age=86400, immutable"


def register(server: Flask, services: Services) -> None:
    """Add the routes."""
    views = ModelFiles(services)
    rule = server.add_url_rule
    rule("/models/<task>/versions", "add_version", views.add_version, methods=["POST"])
    rule("/rehearsals/<rehearsal_id>/<scan_id>.png", "rehearsal_picture", views.picture)


class ModelFiles:
    """The views."""

    def __init__(self, services: Services) -> None:
        self.services = services

    def add_version(self, task: str) -> Response:
        """Take a version as a zip and register it."""
        user = require(Permission.REGISTER_VERSIONS)
        sent = request.files.get("version")
        if sent is None or not sent.filename:
            raise InvalidInput("Choose a zip first.")
        with tempfile.TemporaryDirectory(prefix="lightbox-zip-") as folder:
            archive = Path(folder) / "version.zip"
            sent.save(archive)
            made = self.services.versions.uploads.take(
                task, archive, user, request.form.get("description", "")
            )
        return jsonify({"task": task, "version": made.version})

    def picture(self, rehearsal_id: str, scan_id: str) -> Response:
        """The slice on which two versions differ most, with both outlines."""
        reader()
        if not _ID.fullmatch(rehearsal_id) or not _ID.fullmatch(scan_id):
            raise NotFound("There is no such picture.")
        self.services.reviewing.blinding.refuse_model(scan_id, reader())
        content = self.services.versions.rehearsal_pictures.png(rehearsal_id, scan_id)
        response = Response(content, mimetype="image/png")
        response.headers["Cache-Control"] = KEPT_BY_BROWSER
        return response
