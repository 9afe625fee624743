"""What the audit trail is told of requests: from where they come, what they look at, what is refused.

Pages tell what they open by `looked`. What is answered as bytes or by the API stands in `LOOKS`, by endpoint.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from flask import Flask, Response, g, has_request_context, request

from data.records import AuditOrigin, AuditVia, User
from services.auditing.accesses import OPENED, PATIENT, READ, REFUSED, SEARCH, TAKEN, TOKEN_REFUSED, TRAIL
from services.auditing.origins import begin, end

if TYPE_CHECKING:
    from services.assembly.container import Services
    from services.auditing.accesses import Accesses

MOST_NAMED = 5  # patients that a search is said to have found
__all__ = ["OPENED", "PATIENT", "TOKEN_REFUSED", "TRAIL", "install", "looked", "refused", "searched"]
LOOKS = {
    "volume_voxels": OPENED,
    "mask_voxels": OPENED,
    "probability_voxels": OPENED,
    "slice_picture": OPENED,
    "mask_picture": OPENED,
    "outline_picture": OPENED,
    "compared_outline": OPENED,
    "heatmap_picture": OPENED,
    "download_mask": TAKEN,
    "download_overlay": TAKEN,
    "api_mask": TAKEN,
    "api_scan": READ,
    "api_annotations": READ,
    "api_reruns": READ,
}
"""Bytes and answers of one scan, whose id is `scan_id` in the address; thumbnails of lists are no look."""


def install(server: Flask, services: Services) -> None:
    """Say of every request where it comes from, and of what is answered that it was looked at."""
    accesses = services.auditing.accesses

    def came() -> None:
        g.accesses = accesses
        by_token = request.path.startswith("/api/") and "Authorization" in request.headers
        via = AuditVia.TOKEN if by_token else AuditVia.BROWSER
        g.audit_origin = begin(AuditOrigin(via, request.remote_addr or ""))

    def went(_: BaseException | None) -> None:
        token = g.pop("audit_origin", None)
        if token is not None:
            end(token)

    server.before_request(came)
    server.after_request(_answered)
    server.teardown_request(went)


def looked(action: str, subject: str, detail: str = "", patient: str = "") -> None:
    """Note that who is asking looks at something; nobody outside a request."""
    accesses, user = _of_request()
    if accesses is not None and user is not None:
        accesses.looked(user, action, subject, detail, patient)


def searched(where: str, number: int, pseudonyms: Sequence[str]) -> None:
    """Note that who is asking searched: for what is not said, as it names people, but whom it found is."""
    accesses, user = _of_request()
    if accesses is not None and user is not None:
        different = sorted(set(pseudonyms))
        named = ": " + ", ".join(different) if 0 < len(different) <= MOST_NAMED else ""
        accesses.looked(user, SEARCH, where, f"{number} found{named}")


def refused(sentence: str, action: str = REFUSED) -> None:
    """Note that who is asking was refused what this request is for."""
    accesses, user = _of_request()
    if accesses is not None:
        accesses.refused(user, action, *_asked_for(sentence))


def _answered(response: Response) -> Response:
    action = LOOKS.get(request.endpoint or "")
    if action is not None and response.status_code < 300:
        values = request.view_args or {}
        looked(action, str(values.get("scan_id") or values.get("result_id") or ""))
    return response


def _asked_for(sentence: str) -> tuple[str, str]:
    """The scan that it was about, else the address; and what was said. A callback's address is its page's."""
    scan_id = (request.view_args or {}).get("scan_id")
    path = request.path
    if path.startswith("/_dash"):
        path = urlsplit(request.referrer or "").path or path
    if scan_id is not None:
        return str(scan_id), f"{request.method} {path}: {sentence}"
    return path, sentence if request.method == "GET" else f"{request.method}: {sentence}"


def _of_request() -> tuple[Accesses | None, User | None]:
    if not has_request_context():
        return None, None
    known: Any = g.get("accesses")
    return cast("Accesses | None", known), cast("User | None", g.get("person"))
