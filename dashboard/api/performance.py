"""Performance for programs: /api/v1/performance, and of readers /api/v1/readers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, Response, jsonify

from dashboard.api import operations
from dashboard.api.models_performance import (
    PerformanceAnswer,
    PerformanceParameters,
    ReadersAnswer,
    ReadersParameters,
)
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
READERS = Operation(
    "GET",
    "/api/v1/readers",
    "readers",
    "How readers read: by group, and for department heads by pseudonymous reader",
    query=ReadersParameters,
    answer=ReadersAnswer,
    says="The figures",
    errors=(400, 403),
)
OPERATIONS = (NUMBERS, READERS)


def register(server: Flask, services: Services) -> None:
    """Add the route."""

    def numbers() -> Response:
        """The numbers of the page for the address; without a metric, those of every one."""
        user = require(Permission.SEE_PERFORMANCE)
        query = PerformanceParameters.given()
        asked = services.performance.numbers.asked(query_without_audience(), user)
        every = query.metric is None
        return jsonify(services.performance.exports.numbers(asked, user, every, query.audience))

    def readers() -> Response:
        """The figures of the page's part on readers."""
        user = require(Permission.SEE_STATISTICS)
        ReadersParameters.given()
        task = services.performance.numbers.asked(query_without_audience(), user).task
        return jsonify(services.readers.exports.answer(task, user))

    operations.add(server, READERS, "api_readers", readers)
    operations.add(server, NUMBERS, "api_performance", numbers)
