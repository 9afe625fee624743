"""Everything below /api: the operations of each subject, their document, and no other address."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, current_app, jsonify, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from dashboard.api import (
    acceptances,
    audit,
    cohort,
    drift,
    edges,
    evaluations,
    exports,
    identities,
    measuring,
    operations,
    patients,
    performance,
    reports,
    reruns,
    scans,
    unaided,
)
from dashboard.api.document import document
from dashboard.api.models_common import OpenApiAnswer
from dashboard.api.operations import Operation
from dashboard.errors import json_error

if TYPE_CHECKING:
    from services.assembly.container import Services

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
DOCUMENT = Operation(
    "GET",
    "/api/v1/openapi.json",
    "document",
    "This document",
    answer=OpenApiAnswer,
    says="The document",
)
_SUBJECTS = (
    scans, reruns, exports, unaided, measuring, identities, patients, cohort, performance, evaluations,
    reports, drift, acceptances, audit, edges,
)  # fmt: skip
OPERATIONS = (*(operation for subject in _SUBJECTS for operation in subject.OPERATIONS), DOCUMENT)
"""All there are, as the document lists them."""


def register(server: Flask, services: Services) -> None:
    """Add the routes below /api; before those of pages, so that a wrong address is an error and no page."""
    for subject in _SUBJECTS:
        subject.register(server, services)
    operations.add(server, DOCUMENT, "api_document", described)
    server.before_request(_without_nul)
    server.add_url_rule("/api/<path:path>", "api_nothing", nothing, methods=list(METHODS))


def described() -> Response:
    """The OpenAPI document."""
    return jsonify(_document())


@cache
def _document() -> dict[str, Any]:
    return document(OPERATIONS)  # the same for as long as the program runs


def nothing(path: str) -> Response:
    """Refuse an address that does not exist, or that does not take this method."""
    allowed = [method for method in METHODS if _answers(method)]
    if not allowed:
        return json_error(404, "not_found", "There is no such address.")
    answer = json_error(405, "not_allowed", "This address does not take that kind of request.")
    answer.headers["Allow"] = ", ".join(allowed)
    return answer


def _without_nul() -> Response | None:
    """No id holds this character, and some databases cannot even be asked for it."""
    nowhere = request.path.startswith("/api/") and "\0" in request.path
    return json_error(404, "not_found", "There is no such address.") if nowhere else None


def _answers(method: str) -> bool:
    adapter: Any = current_app.create_url_adapter(request)
    try:
        endpoint, _ = adapter.match(method=method)
    except (HTTPException, RequestRedirect):
        return False
    return bool(endpoint != "api_nothing")
