"""What a reader draws without the AI: on its way in, and back to who drew it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, Response, jsonify

from dashboard.auth import require
from dashboard.files.reviews import sent_drawing
from dashboard.files.scans import readable
from dashboard.files.volumes import VOXEL_TYPE
from services.permissions import Permission

if TYPE_CHECKING:
    from services.assembly.container import Services


def register(server: Flask, services: Services) -> None:
    """Add the routes below /scans/<id>/unaided/."""
    views = UnaidedFiles(services)
    rule = server.add_url_rule
    rule("/scans/<scan_id>/unaided/mask", "keep_unaided_mask", views.keep, methods=["POST"])
    rule("/scans/<scan_id>/unaided/mask.bin", "unaided_mask", views.mask)


class UnaidedFiles:
    """The views."""

    def __init__(self, services: Services) -> None:
        self._unaided = services.reviewing.unaided

    def keep(self, scan_id: str) -> Response:
        """Take a mask as it was drawn: `mask` is gzip of one byte a voxel in display order."""
        user = require(Permission.REVIEW)
        return jsonify({"mask": self._unaided.keep_mask(scan_id, user, sent_drawing(user))})

    def mask(self, scan_id: str) -> Response:
        """What this person has drawn so far, a byte a voxel; for nobody else, and not once it was given."""
        user = require(Permission.REVIEW)
        readable(scan_id)
        response = Response(self._unaided.mask(scan_id, user).tobytes(), mimetype="application/octet-stream")
        response.headers[VOXEL_TYPE] = "uint8"
        response.headers["Cache-Control"] = "no-store"
        return response
