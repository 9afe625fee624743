"""The files of drift: Evidently's page for a frame, the snapshot, thumbnails, retraining packs."""

from __future__ import annotations

import gzip
import re
from typing import TYPE_CHECKING

from flask import Flask, Response, jsonify, request

from dashboard.auth import require
from dashboard.files.attachments import attachment
from data.errors import NotFound
from services.permissions import Permission

if TYPE_CHECKING:
    from services.assembly.container import Services

ID = re.compile(r"[0-9a-f]{32}")
# Evidently's page runs its own scripts: in an origin of its own, without our cookies, and with no way
# to any network.
SANDBOX = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'unsafe-inline'; img-src data: blob:; font-src data:; connect-src 'none'; "
    "frame-ancestors 'self'"
)
KEPT_BY_BROWSER = "private, max-age=3600"


def register(server: Flask, services: Services) -> None:
    """Add the routes below /drift/."""
    views = DriftFiles(services)
    rule = server.add_url_rule
    rule("/drift/<run_id>/<any(drift,truth):page>.html", "drift_page", views.page)
    rule("/drift/<run_id>/snapshot.json", "drift_snapshot", views.snapshot)
    rule("/drift/<run_id>/state", "drift_state", views.state)
    rule("/drift/thumbnail/<scan_id>.png", "drift_thumbnail", views.thumbnail)
    rule("/retraining/<pack_id>.zip", "retraining_pack", views.pack)


class DriftFiles:
    """The views."""

    def __init__(self, services: Services) -> None:
        self.services = services

    def page(self, run_id: str, page: str) -> Response:
        """A run's page: in a frame as this person's pages are, or with `download` as a file.

        A file leaves the house unless `audience=inside` is asked.
        """
        user, exports = require(Permission.SEE_DRIFT), self.services.drift.exports
        if "download" in request.args:
            file = exports.html(_id(run_id), page, user, request.args.get("audience"))
            return _caged(attachment(file.content, file.name, file.mime))
        response = _caged(Response(exports.shown(_id(run_id), page, user), mimetype="text/html"))
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            response.set_data(gzip.compress(response.get_data(), 5))
            response.headers["Content-Encoding"] = "gzip"
        response.headers["Cache-Control"] = KEPT_BY_BROWSER
        return response

    def snapshot(self, run_id: str) -> Response:
        """Every number of a run; with `audience=inside` byte for byte as it was kept."""
        user = require(Permission.SEE_DRIFT)
        file = self.services.drift.exports.json(_id(run_id), user, request.args.get("audience"))
        return attachment(file.content, file.name, file.mime)

    def state(self, run_id: str) -> Response:
        """How far a run is."""
        require(Permission.SEE_DRIFT)
        run = self.services.drift.runs.run(_id(run_id))
        return jsonify({"state": run.state.value, "progress": self.services.drift.runs.progress(run)})

    def thumbnail(self, scan_id: str) -> Response:
        """A slice with the outline of its mask."""
        user, reviewing = require(Permission.SEE_SCANS), self.services.reviewing
        reviewing.blinding.refuse_model(_id(scan_id), user)
        reviewing.blinding.refuse_reviews(scan_id, user)
        response = Response(reviewing.gallery.thumbnail(scan_id), mimetype="image/png")
        response.headers["Cache-Control"] = KEPT_BY_BROWSER
        return response

    def pack(self, pack_id: str) -> Response:
        """A retraining pack."""
        user = require(Permission.TAKE_RETRAINING_PACKS)
        content = self.services.training.packs.content(_id(pack_id), user)
        return attachment(content, f"lightbox-retraining-{pack_id[:8]}.zip", "application/zip")


def _caged(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = SANDBOX
    return response


def _id(text: str) -> str:
    if not ID.fullmatch(text):
        raise NotFound("There is no such thing.")
    return text
