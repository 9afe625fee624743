"""Large bytes by id: pictures and files of a scan, and the small JSON that pages poll."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from flask import Flask, Response, jsonify, request

from dashboard.auth import person, reader, require
from dashboard.components.results import version_of
from dashboard.files.attachments import attachment
from dashboard.files.numbers import AUDIENCE, finite_number, query_without_audience
from data.errors import NO_SCAN, InvalidInput, NotFound, WithdrawnScan
from data.records import User
from services.permissions import Permission
from services.reviewing.pictures import AI, CORRECTED

if TYPE_CHECKING:
    from services.assembly.container import Services

_ID = re.compile(r"[0-9a-f]{32}")
# A picture by id, slice and window never changes; corrected masks carry the review's id in the query.
KEPT_BY_BROWSER = "private, max-age=86400, immutable"

_STATES = 2048  # pages of scans that stand open
_NO_WINDOW = "The window must be given as numbers."


def register(server: Flask, services: Services) -> None:
    """Add the routes below /scans/<id>/ and /exports/, and /changes."""
    views = ScanFiles(services)
    rule = server.add_url_rule
    rule("/changes", "changes", views.changes)
    rule("/scans/<scan_id>/state", "scan_state", views.state)
    rule("/scans/<scan_id>/slice/<int:index>.png", "slice_picture", views.slice_picture)
    rule("/scans/<scan_id>/mask/<int:index>.png", "mask_picture", views.mask_picture)
    rule("/scans/<scan_id>/outline/<int:index>.png", "outline_picture", views.outline_picture)
    rule("/scans/<scan_id>/compared/<layer_id>/<int:index>.png", "compared_outline", views.compared_outline)
    rule("/scans/<scan_id>/heatmap.png", "heatmap_picture", views.heatmap_picture)
    rule("/scans/<scan_id>/thumbnail.png", "thumbnail", views.thumbnail)
    rule("/scans/<scan_id>/burned-in/<int:index>.png", "burned_in_picture", views.burned_in_picture)
    rule("/scans/<scan_id>/download/mask", "download_mask", views.download_mask)
    rule("/scans/<scan_id>/download/overlay/<int:index>.png", "download_overlay", views.download_overlay)
    rule("/scans/<scan_id>/reading/cancel", "cancel_reading", views.cancel_reading, methods=["POST"])
    rule("/exports/cohort.<kind>", "export_cohort", views.export_cohort)


class ScanFiles:
    """The views; each first makes sure that the person may see scans."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self._state = lru_cache(_STATES)(self._looked_up)

    def changes(self) -> Response:
        """Answer a word that differs whenever any scan, result or review changed."""
        reader()
        return jsonify({"token": self.services.reviewing.worklist.changes_token()})

    def state(self, scan_id: str) -> Response:
        """Answer what a scan page must know to see that it is out of date."""
        user, worklist = reader(), self.services.reviewing.worklist
        try:
            status, version = self._state(scan_id, user, worklist.changes_token(of_scan=scan_id))
        except WithdrawnScan:
            status = version = "withdrawn"
        return jsonify({"status": status, "version": version})

    def _looked_up(self, scan_id: str, user: User, _token: str) -> tuple[str, str]:
        """Status and version of a scan; the same, for somebody who is as he was, while the token is."""
        view = self.services.reviewing.scan_views.scan(scan_id, user)
        return view.scan.status.value, version_of(view)

    def slice_picture(self, scan_id: str, index: int) -> Response:
        """One slice in grey, at the window `low` to `high` where both are given."""
        readable(scan_id)
        low, high = (finite_number(request.args.get(name), _NO_WINDOW) for name in ("low", "high"))
        if low is not None and high is not None and high <= low:
            raise InvalidInput("The upper end of the window must be above the lower end.")
        return _picture(self.services.reviewing.pictures.slice_png(scan_id, index, low, high))

    def mask_picture(self, scan_id: str, index: int) -> Response:
        """The mask on one slice as a transparent fill."""
        self._readable_result(scan_id)
        return _picture(self.services.reviewing.pictures.mask_png(scan_id, index, self._layer(scan_id)))

    def outline_picture(self, scan_id: str, index: int) -> Response:
        """The mask's outline on one slice."""
        self._readable_result(scan_id)
        return _picture(self.services.reviewing.pictures.outline_png(scan_id, index, self._layer(scan_id)))

    def compared_outline(self, scan_id: str, layer_id: str, index: int) -> Response:
        """The outline of one result or correction on one slice, whichever counts now."""
        self._readable_result(scan_id)
        self.services.reviewing.reviews.refuse_hidden(layer_id, reader())
        return _picture(self.services.reviewing.pictures.compared_outline_png(scan_id, layer_id, index))

    def heatmap_picture(self, scan_id: str) -> Response:
        """Where a classification looked."""
        self._readable_result(scan_id)
        return _picture(self.services.reviewing.pictures.heatmap_png(scan_id))

    def thumbnail(self, scan_id: str) -> Response:
        """The small picture in the worklist."""
        readable(scan_id)
        return _picture(self.services.reviewing.scan_views.thumbnail(scan_id))

    def burned_in_picture(self, scan_id: str, index: int) -> Response:
        """A slice with frames around text that was found on it; kept by nobody."""
        user = require(Permission.RELEASE_PICTURES)
        readable(scan_id)
        response = Response(self.services.screening.picture(scan_id, index, user), mimetype="image/png")
        response.headers["Cache-Control"] = "no-store"
        return response

    def download_mask(self, scan_id: str) -> Response:
        """A mask as a file: `form=nifti` (whole scan) or `form=png` with an `index`."""
        form, index = request.args.get("form", "nifti"), request.args.get("index", type=int)
        if form not in ("nifti", "png"):
            raise InvalidInput("A mask can be had as nifti or as png.")
        self._readable_result(scan_id)
        pictures, layer = self.services.reviewing.pictures, self._layer(scan_id)
        return attachment(*pictures.mask_file(scan_id, form, layer, index))

    def download_overlay(self, scan_id: str, index: int) -> Response:
        """One slice with the mask drawn in, as a PNG file; `low` and `high` are the window, where given."""
        self._readable_result(scan_id)
        low, high = (request.args.get(name, type=float) for name in ("low", "high"))
        window = None if low is None or high is None or not low < high < float("inf") else (low, high)
        view = self.services.reviewing.scan_views.scan(scan_id, person())
        pictures, layer = self.services.reviewing.pictures, self._layer(scan_id)
        whose, remark = view.patient.pseudonym, view.not_accepted
        return attachment(*pictures.overlay_file(scan_id, whose, index, layer, window, remark))

    def cancel_reading(self, scan_id: str) -> Response:
        """End the reading of a scan; whether there was one to end."""
        user = require(Permission.SEE_SCANS)  # who may cancel which, the service says
        return jsonify({"cancelled": self.services.reading.cancellation.cancel(scan_id, user)})

    def export_cohort(self, kind: str) -> Response:
        """The cohort that the address selects, as a file."""
        user = require(Permission.SEE_COHORT)
        asked = self.services.cohort.numbers.asked(query_without_audience())
        export = self.services.cohort.exports.export(asked.filters, kind, user, request.args.get(AUDIENCE))
        return attachment(export.content, export.name, export.mime)

    def _readable_result(self, scan_id: str) -> None:
        """As `readable`, and refuse who has yet to read the scan without the AI."""
        readable(scan_id)
        self.services.reviewing.blinding.refuse_model(scan_id, reader())

    def _layer(self, scan_id: str) -> str:
        """The layer asked for; for who has yet to read the scan blind there is no corrected one."""
        layer = request.args.get("layer", AI)
        if layer not in (AI, CORRECTED):
            raise InvalidInput("The mask is either the AI's or the corrected one.")
        if layer == CORRECTED:
            self.services.reviewing.blinding.refuse_reviews(scan_id, reader())
        return layer


def readable(scan_id: str) -> None:
    """Refuse who may not see scans, and what is no id; that the scan exists is for the drawing to say.

    A scan is not loaded here: this runs for every slice that somebody scrolls past.
    """
    reader()
    if not _ID.fullmatch(scan_id):
        raise NotFound(NO_SCAN)


def _picture(content: bytes) -> Response:
    response = Response(content, mimetype="image/png")
    response.headers["Cache-Control"] = KEPT_BY_BROWSER
    return response
