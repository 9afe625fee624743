"""Corrected masks on their way in: as a file in the scan's own grid, or as drawn on the page."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask, Response, jsonify, request

from dashboard.auth import require
from dashboard.errors import user_facing_error
from dashboard.files.numbers import finite_number
from data.errors import InvalidInput, Outdated
from data.records import Review, User
from services.permissions import Permission
from services.reviewing.review import DrawnMask, MaskFile, Remarks, Seen

if TYPE_CHECKING:
    from services.assembly.container import Services

_SOMEBODY_ELSE = (
    "Somebody else has signed in in this browser since this was drawn. Sign in as yourself, then save again."
)


def register(server: Flask, services: Services) -> None:
    """Add the routes that take corrected masks."""
    views = ReviewFiles(services)
    server.add_url_rule("/scans/<scan_id>/correction", "correct_mask", views.correct_mask, methods=["POST"])
    server.add_url_rule("/scans/<scan_id>/drawing", "draw_mask", views.draw_mask, methods=["POST"])


class ReviewFiles:
    """The views. Both answer `{"review": id}`, and 409 with what counts now where somebody was faster."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def correct_mask(self, scan_id: str) -> Response:
        """Take a corrected mask as a file in the scan's own grid."""
        user = require(Permission.REVIEW)
        sent = request.files.get("mask")
        if sent is None or not sent.filename:
            raise InvalidInput("Choose a mask file first.")
        name = Path(sent.filename.replace("\\", "/")).name
        with tempfile.TemporaryDirectory(prefix="lightbox-mask-") as folder:
            path = Path(folder) / "mask"
            sent.save(path)
            file = MaskFile(path, name, request.form.get("labels", ""), _empty())
            remarks = _remarks(required=False)
            return self._corrected(scan_id, user, file, remarks)

    def draw_mask(self, scan_id: str) -> Response:
        """Take a corrected mask as it was drawn: `mask` is gzip of one byte a voxel in display order."""
        user = require(Permission.REVIEW)
        drawn, remarks = sent_drawing(user), _remarks(required=True)
        return self._corrected(scan_id, user, drawn, remarks)

    def _corrected(self, scan_id: str, user: User, mask: MaskFile | DrawnMask, remarks: Remarks) -> Response:
        try:
            review = self._services.reviewing.reviews.correct(scan_id, user, mask, remarks)
        except Outdated as outdated:
            view = self._services.reviewing.scan_views.scan(scan_id, user)
            result = "" if view.result is None else view.result.id
            return user_facing_error(outdated, current=_current(result, view.current))
        return jsonify({"review": review.id})


def sent_drawing(user: User) -> DrawnMask:
    """The mask that the form brings as it was drawn; raises InvalidInput where it is somebody else's."""
    # A page outlives a session: somebody else may have signed in meanwhile in the same browser.
    if request.form.get("user", user.id) != user.id:
        raise InvalidInput(_SOMEBODY_ELSE)
    sent = request.files.get("mask")
    if sent is None:
        raise InvalidInput("The form must have a file named mask.")
    return DrawnMask(sent.read(), _empty())


def _remarks(*, required: bool) -> Remarks:
    """The form's `result`, `parent`, `comment` and `minutes`; without `result` what counts now is meant."""
    form = request.form
    if required and not ("result" in form and "parent" in form):
        raise InvalidInput("Say which result is corrected, and which review was the current one.")
    seen = Seen(form["result"], form.get("parent") or None) if form.get("result") else None
    minutes = finite_number(form.get("minutes", "").strip() or None, "The minutes must be a number.")
    return Remarks(seen, form.get("comment", ""), minutes)


def _empty() -> bool:
    return request.form.get("empty") == "yes"


def _current(result_id: str, review: Review | None) -> dict[str, str | None]:
    """What counts of a scan, for whoever has seen something else."""
    if review is None:
        return {"result": result_id, "review": None}
    return {
        "result": result_id,
        "review": review.id,
        "verdict": review.verdict.value,
        "reviewer": review.reviewer_name,
        "at": review.created_at.isoformat(),
    }
