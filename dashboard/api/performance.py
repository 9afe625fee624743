"""Performance for programs: /api/v1/performance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, Response, jsonify

from dashboard.api import operations
from dashboard.api.models_performance import PerformanceAnswer, PerformanceParameters
from dashboard.api.operations import Operation
from dashboard.auth import require
from dashboard.files.numbers import query_without_audience
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
        asked = services.performance.numbers.asked(query_without_audience(), user)
        every = query.metric is None
        return jsonify(services.performance.exports.numbers(asked, user, every, query.audience))

    operations.add(server, NUMBERS, "api_performance", numbers)
