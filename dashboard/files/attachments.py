"""Files that leave under a name of their own."""

from __future__ import annotations

from flask import Response


def attachment(content: bytes | str, name: str, mime: str) -> Response:
    """Answer with a file to be kept under this name, which no cache keeps; `mime` is its media type."""
    response = Response(content, mimetype=mime.partition(";")[0])
    response.headers.set("Content-Disposition", "attachment", filename=name)
    response.headers["Cache-Control"] = "no-store"
    return response
