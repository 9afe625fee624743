"""Resumable uploads: a tus 1.0.0 server (core, creation, termination) over `services.reading.uploads`.

The protocol: https://tus.io/protocols/resumable-upload
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from flask import Flask, Response, jsonify, request

from dashboard.auth import require
from dashboard.errors import json_error
from data.errors import InvalidInput
from services.permissions import Permission
from services.reading.uploads import UploadOutcome, WrongOffset
from services.reading_words import queue_words

if TYPE_CHECKING:
    from services.assembly.container import Services

VERSION = "1.0.0"
EXTENSIONS = "creation,termination"
CHUNK_TYPE = "application/offset+octet-stream"
NAME_LENGTH = 255


def register(server: Flask, services: Services) -> None:
    """Add the routes below /uploads."""
    uploads = TusUploads(services)
    rule = server.add_url_rule
    options: dict[str, Any] = {"provide_automatic_options": False}
    rule("/uploads", "tus_options", uploads.options, methods=["OPTIONS"], **options)
    rule("/uploads", "tus_create", uploads.create, methods=["POST"], **options)
    rule("/uploads", "recent_uploads", uploads.recent, methods=["GET"], **options)
    rule("/uploads/<upload_id>", "tus_options_one", uploads.options, methods=["OPTIONS"], **options)
    # Flask would answer HEAD from GET; the protocol gives it a meaning of its own.
    rule("/uploads/<upload_id>", "tus_offset", uploads.offset, methods=["HEAD"], **options)
    rule("/uploads/<upload_id>", "tus_append", uploads.append, methods=["PATCH"], **options)
    rule("/uploads/<upload_id>", "tus_abandon", uploads.abandon, methods=["DELETE"], **options)
    rule("/uploads/<upload_id>/cancel", "cancel_upload", uploads.cancel, methods=["POST"])


class TusUploads:
    """The views; each speaks for the person who is signed in."""

    def __init__(self, services: Services) -> None:
        self.uploads = services.reading.uploads

    def options(self, upload_id: str | None = None) -> Response:
        """Say what this server can do."""
        response = _tus(204)
        response.headers["Tus-Version"] = VERSION
        response.headers["Tus-Extension"] = EXTENSIONS
        response.headers["Tus-Max-Size"] = str(self.uploads.max_bytes)
        return response

    def create(self) -> Response:
        """Begin an upload of a stated length."""
        user = require(Permission.SEND_SCANS)
        if unsuitable := _wrong_version():
            return unsuitable
        size = _count("Upload-Length")
        if size > self.uploads.max_bytes:
            return _with_tus(json_error(413, "too_large", self._too_large()))
        said = _metadata(request.headers.get("Upload-Metadata", ""))
        upload = self.uploads.create(user, _name(said), size, as_volume=_as_volume(said))
        response = _tus(201)
        response.headers["Location"] = f"/uploads/{upload.id}"
        response.headers["Upload-Offset"] = str(upload.offset)
        return response

    def offset(self, upload_id: str) -> Response:
        """Say how far an upload has come."""
        user = require(Permission.SEND_SCANS)
        if unsuitable := _wrong_version():
            return unsuitable
        upload = self.uploads.resumed(user, upload_id)
        response = _tus(200)
        response.headers["Upload-Offset"] = str(upload.offset)
        response.headers["Upload-Length"] = str(upload.size)
        return response

    def append(self, upload_id: str) -> Response:
        """Take the bytes that follow the stated offset."""
        user = require(Permission.SEND_SCANS)
        if unsuitable := _wrong_version():
            return unsuitable
        if request.mimetype != CHUNK_TYPE:
            return _with_tus(json_error(415, "invalid", f"Chunks are sent as {CHUNK_TYPE}."))
        upload = self.uploads.get(user, upload_id)
        start = _count("Upload-Offset")
        if start + (request.content_length or 0) > upload.size:
            return _with_tus(json_error(413, "too_large", "More bytes came than were announced."))
        try:
            upload = self.uploads.append(user, upload_id, start, cast(BinaryIO, request.stream))
        except WrongOffset as error:
            return _with_tus(json_error(409, "wrong_offset", str(error)))
        response = _tus(204)
        response.headers["Upload-Offset"] = str(upload.offset)
        return response

    def abandon(self, upload_id: str) -> Response:
        """Forget an upload and its bytes."""
        user = require(Permission.SEND_SCANS)
        if unsuitable := _wrong_version():
            return unsuitable
        self.uploads.get(user, upload_id)
        self.uploads.abandon(user, upload_id)
        return _tus(204)

    def recent(self) -> Response:
        """List what this person sent lately, with what became of it (JSON, not part of tus)."""
        user = require(Permission.SEND_SCANS)
        return jsonify([_described(outcome) for outcome in self.uploads.outcomes(user)])

    def cancel(self, upload_id: str) -> Response:
        """End the readings of what came of an upload; how many ended (JSON, not part of tus)."""
        user = require(Permission.CANCEL_READINGS)
        return jsonify({"cancelled": self.uploads.cancel(user, upload_id)})

    def _too_large(self) -> str:
        return f"The file is larger than the {self.uploads.max_bytes >> 20:,} MiB that this server accepts."


def _described(outcome: UploadOutcome) -> dict[str, Any]:
    upload = outcome.upload
    return {
        "id": upload.id,
        "name": upload.name,
        "size": upload.size,
        "offset": upload.offset,
        "state": upload.state.value,
        "created_at": upload.created_at.isoformat(),
        "failure": upload.failure,
        "refusals": [{"name": r.name, "code": r.code, "sentence": r.sentence} for r in upload.refusals],
        "scans": [
            {"id": s.id, "label": s.label, "status": s.status.value, "known": s.known, "failure": s.failure}
            for s in outcome.scans
        ],
        "queue": None if outcome.queue is None else queue_words(outcome.queue),
        "starting": outcome.starting,
    }


def _tus(status: int) -> Response:
    return _with_tus(Response(status=status))


def _with_tus(response: Response) -> Response:
    response.headers["Tus-Resumable"] = VERSION
    response.headers["Cache-Control"] = "no-store"
    return response


def _wrong_version() -> Response | None:
    if request.headers.get("Tus-Resumable") == VERSION:
        return None
    response = _with_tus(json_error(412, "version", f"This server speaks tus {VERSION}."))
    response.headers["Tus-Version"] = VERSION
    return response


def _count(header: str) -> int:
    text = request.headers.get(header, "")
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise InvalidInput(f"The header {header} must be a number of bytes.")
    return int(text)


def _metadata(header: str) -> dict[str, str]:
    """What a header of tus says of a file: `key base64,key base64`."""
    pairs = (pair.strip().partition(" ") for pair in header.split(","))
    try:
        return {key: base64.b64decode(value, validate=True).decode() for key, _, value in pairs}
    except ValueError as error:  # no base64, or no UTF-8 in it
        raise InvalidInput("The header Upload-Metadata could not be read.") from error


def _as_volume(metadata: Mapping[str, str]) -> bool:
    """Whether the file's numbered pictures are said to be the slices of one volume."""
    said = metadata.get("as_volume", "false")
    if said not in ("true", "false"):
        raise InvalidInput("as_volume is true or false.")
    return said == "true"


def _name(metadata: Mapping[str, str]) -> str:
    """The file's name; paths are cut off."""
    name = metadata.get("filename") or metadata.get("name", "")
    kept = "".join(letter for letter in name.replace("\\", "/").rsplit("/", 1)[-1] if letter.isprintable())
    return kept[-NAME_LENGTH:] or "upload"
