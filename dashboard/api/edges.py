"""Scans with their results and reviews from edges: asked for, and taken in."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, BinaryIO, cast

from flask import Flask, Response, request

from dashboard.api import operations
from dashboard.api.models_edges import PACKAGE, CentralHouseAnswer, KnownOfScanAnswer, TakenInAnswer
from dashboard.api.operations import Operation, answered
from dashboard.auth import require
from dashboard.errors import json_error
from data.version import VERSION
from services.permissions import Permission

if TYPE_CHECKING:
    from services.assembly.container import Services

HOUSE = Operation(
    "GET",
    "/api/v1/edge",
    "centralHouse",
    "Whether this house takes scans in from who asks, and what they are called here",
    answer=CentralHouseAnswer,
    says="The house",
    errors=(403,),
)
KNOWN = Operation(
    "GET",
    "/api/v1/edge/scans/<content_sha256>",
    "knownOfScan",
    "What is here already of a scan that an edge has read",
    answer=KnownOfScanAnswer,
    says="What is here; nothing of it for a scan that is not known",
    errors=(403,),
)
TAKE = Operation(
    "POST",
    "/api/v1/edge/scans",
    "takeInFromEdge",
    "Take in what an edge has read: a scan with its results and reviews, each of them once",
    content=PACKAGE,
    status=200,
    answer=TakenInAnswer,
    says="What was new of it; nothing where all of it was here",
    errors=(400, 403, 413, 422),
)
OPERATIONS = (HOUSE, KNOWN, TAKE)


def register(server: Flask, services: Services) -> None:
    """Add the routes below /api/v1/edge."""

    def house() -> Response:
        """Who asks, as this house calls them."""
        user = require(Permission.BRING_FROM_EDGE)
        return answered(CentralHouseAnswer(edge=user.display_name, version=VERSION))

    def known(content_sha256: str) -> Response:
        """What is here of a scan."""
        user = require(Permission.BRING_FROM_EDGE)
        return answered(KnownOfScanAnswer(**asdict(services.edges.known(content_sha256, user))))

    def take() -> Response:
        """Keep what is new of a package."""
        user, limit = require(Permission.BRING_FROM_EDGE), services.edges.max_bytes
        if (request.content_length or 0) > limit:
            return json_error(413, "too_large", f"The limit is {limit} bytes.")
        taken = services.edges.take(user, cast(BinaryIO, request.stream))
        return answered(TakenInAnswer(**asdict(taken)))

    operations.add(server, HOUSE, "api_central_house", house)
    operations.add(server, KNOWN, "api_known_of_scan", known)
    operations.add(server, TAKE, "api_take_in_from_edge", take)
