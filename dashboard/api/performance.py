"""Performance for programs: /api/v1/performance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, Response, jsonify, request

from dashboard.api import operations
from dashboard.api.models_performance import PerformanceAnswer, PerformanceParameters
from dashboard.api.operations import Operation
from dashboard.auth import require
from services.permissions import Permission

if TYPE_CHECKING:
    from services.assembly.container import Services

NUMBERS = Operation(
    "GET",
    "/api/v1/performance",
    "performance",
    "Every number of the performance page: validation and real use, by version or month",
    query=PerformanceParameters,
    answer=PerformanceAnswer,
    says="The numbers",
    errors=(400, 403),
)
OPERATIONS = (NUMBERS,)


def register(server: Flask, services: Services) -> None:
    """Add the route."""

    def numbers() -> Response:
        """The numbers of the page for the address; without a metric, those of every one."""
        user = require(Permission.SEE_STATISTICS)
        query = PerformanceParameters.given()
        asked = services.performance.numbers.asked(request.query_string.decode("utf-8", "replace"), user)
        return jsonify(services.performance.exports.numbers(asked, every=query.metric is None))

    operations.add(server, NUMBERS, "api_performance", numbers)
