"""/api/v1: the programming interface, with bearer tokens (or a session and its CSRF token)."""

from __future__ import annotations

import io
from dataclasses import asdict
from typing import IO, TYPE_CHECKING, Any, BinaryIO, cast

from flask import Flask, Response, jsonify, request

from dashboard.api.document import document
from dashboard.auth import READERS, SENDERS, person, require
from dashboard.errors import json_error
from data.errors import InvalidInput, NotFound
from data.records import NOTICE, Result, Review, Role, UploadState, User

if TYPE_CHECKING:
    from services.assembly.container import Services
    from services.reviewing.worklist import ScanView


def register(server: Flask, services: Services) -> None:
    """Add the routes below /api/v1."""
    api = Api(services)
    rule = server.add_url_rule
    rule("/api/v1/openapi.json", "api_document", api.document)
    rule("/api/v1/scans", "api_add_scan", api.add_scan, methods=["POST"])
    rule("/api/v1/scans/<scan_id>", "api_scan", api.scan)
    rule("/api/v1/scans/<scan_id>/mask", "api_mask", api.mask)
    rule("/api/v1/cohort", "api_cohort", api.cohort)
    rule("/api/v1/cohort/compare", "api_cohort_compare", api.cohort_compare)
    # Before the catch-all of the pages, so that a wrong address is an error and not a page.
    rule("/api/<path:path>", "api_nothing", api.nothing, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])


class Api:
    """The views of the programming interface."""

    def __init__(self, services: Services) -> None:
        self.services = services

    def document(self) -> Response:
        """The OpenAPI document."""
        return jsonify(document())

    def nothing(self, path: str) -> Response:
        """Refuse an address that does not exist."""
        return json_error(404, "not_found", "There is no such address.")

    def add_scan(self) -> tuple[Response, int] | Response:
        """Take one file, open it at once, and say which scans are in it."""
        user = require(*SENDERS)
        limit = self.services.reading.uploads.max_bytes
        if (request.content_length or 0) > limit:
            return json_error(413, "too_large", f"The limit is {limit} bytes.")
        name, stream = _sent_file()
        upload = self.services.reading.intake.receive(user, name, stream)
        if upload.state is UploadState.FAILED:
            return json_error(500, "failed", upload.failure or "The file could not be opened.")
        scans = [self._described(scan_id, user) for scan_id in upload.scan_ids + upload.known_scan_ids]
        refusals = [asdict(refusal) for refusal in upload.refusals]
        answer: dict[str, Any] = {"upload": upload.id, "scans": scans, "refusals": refusals, "notice": NOTICE}
        if not scans:
            first = refusals[0]["sentence"] if refusals else "There is no scan in this file."
            answer["error"] = {"code": refusals[0]["code"] if refusals else "empty", "message": first}
            return jsonify(answer), 422
        return jsonify(answer), 201

    def scan(self, scan_id: str) -> Response:
        """One scan with its latest result and reviews."""
        _reader()
        return jsonify(self._described(scan_id, person()))

    def mask(self, scan_id: str) -> Response:
        """The mask of a scan as NIfTI (default) or, with `index`, PNG."""
        _reader()
        self.services.reviewing.worklist.scan(scan_id, person())
        form, layer = request.args.get("form", "nifti"), request.args.get("layer", "ai")
        if form not in ("nifti", "png") or layer not in ("ai", "corrected"):
            raise InvalidInput("form is nifti or png, layer is ai or corrected.")
        index = request.args.get("index", type=int)
        content, name, kind = self.services.reviewing.pictures.mask_file(scan_id, form, layer, index)
        response = Response(content, mimetype=kind)
        response.headers.set("Content-Disposition", "attachment", filename=name)
        return response

    def cohort(self) -> Response:
        """Every number of the cohort page, for the filters in the address."""
        user = require(*READERS)
        asked = self.services.cohort.numbers.asked(request.query_string.decode("utf-8", "replace"))
        return jsonify(self.services.cohort.exports.numbers(asked.filters, user))

    def cohort_compare(self) -> Response:
        """The cohort of the address beside that of `vs`, itself an address; an empty one is every scan."""
        user = require(*READERS)
        asked = self.services.cohort.numbers.asked(request.query_string.decode("utf-8", "replace"))
        if asked.vs is None:
            raise InvalidInput("Give the second cohort's filters as vs, encoded for an address.")
        second = self.services.cohort.numbers.asked(asked.vs)
        return jsonify(self.services.cohort.exports.compared(asked.filters, second.filters, user))

    def _described(self, scan_id: str, user: User) -> dict[str, Any]:
        return described(self.services.reviewing.worklist.scan(scan_id, user), user)


def described(view: ScanView, user: User) -> dict[str, Any]:
    """Put a scan as JSON; the patient's identity only for clinicians."""
    scan = view.scan
    header = asdict(scan.header) | {"acquired_at": _time(scan.header.acquired_at)}
    return {
        "id": scan.id,
        "status": scan.status.value,
        "failure": scan.failure,
        "task": scan.task,
        "patient": _patient(view, user),
        "header": header,
        "shape": [scan.slices, scan.height, scan.width],
        "spacing_mm": [scan.spacing.slice_mm, scan.spacing.row_mm, scan.spacing.column_mm],
        "sequence": asdict(scan.recognised) if scan.recognised else None,
        "warnings": list(scan.warnings),
        "uploaded_at": _time(scan.created_at),
        "result": _result(view.result) if view.result else None,
        "reviews": [_review(review) for review in view.reviews],
        "notice": NOTICE,
    }


def _patient(view: ScanView, user: User) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": view.patient.id, "pseudonym": view.patient.pseudonym}
    identity = view.patient.identity
    if identity is not None and user.role is Role.CLINICIAN:
        birth = identity.birth_date.isoformat() if identity.birth_date else None
        shown |= {"name": identity.name, "patient_id": identity.patient_id, "birth_date": birth}
    return shown


def _result(result: Result) -> dict[str, Any]:
    return asdict(result) | {"created_at": _time(result.created_at)}


def _review(review: Review) -> dict[str, Any]:
    return asdict(review) | {"verdict": review.verdict.value, "created_at": _time(review.created_at)}


def _time(moment: Any) -> str | None:
    return moment.isoformat() if moment is not None else None


def _reader() -> None:
    if person().role not in READERS:
        raise NotFound("There is no such scan.")


def _sent_file() -> tuple[str, BinaryIO]:
    """Return name and stream of the multipart field `file`, or of a raw body with `?name=`."""
    if request.mimetype == "multipart/form-data":
        sent = request.files.get("file")
        if sent is None or not sent.filename:
            raise InvalidInput("The form must have a field named file.")
        return _base_name(sent.filename), cast(BinaryIO, sent.stream)
    name = request.args.get("name", "")
    if not name:
        raise InvalidInput("Send a multipart field named file, or a raw body with ?name=.")
    return _base_name(name), _body()


def _body() -> BinaryIO:
    stream: IO[bytes] = request.stream
    return cast(BinaryIO, stream) if request.content_length != 0 else io.BytesIO()


def _base_name(name: str) -> str:
    return name.replace("\\", "/").rsplit("/", 1)[-1][-255:] or "upload"
