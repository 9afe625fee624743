"""Cohort statistics for programs: /api/v1/cohort."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, Response, jsonify

from dashboard.api import operations
from dashboard.api.models_cohort import CohortAnswer, CohortQuery, CompareQuery, ComparisonAnswer
from dashboard.api.operations import Operation
from dashboard.auth import require
from dashboard.files.numbers import query_without_audience
from services.permissions import Permission

if TYPE_CHECKING:
    from services.assembly.container import Services

COHORT = Operation(
    "GET",
    "/api/v1/cohort",
    "cohort",
    "Every number of the cohort page, for any choice of filters",
    query=CohortQuery,
    answer=CohortAnswer,
    says="The numbers",
    errors=(400, 403),
)
COMPARE = Operation(
    "GET",
    "/api/v1/cohort/compare",
    "compareCohorts",
    "Two cohorts side by side: differences with intervals, tests and corrected p values",
    query=CompareQuery,
    answer=ComparisonAnswer,
    says="The differences",
    errors=(400, 403),
)
OPERATIONS = (COHORT, COMPARE)


def register(server: Flask, services: Services) -> None:
    """Add the routes."""
    views = ApiCohort(services)
    operations.add(server, COHORT, "api_cohort", views.cohort)
    operations.add(server, COMPARE, "api_cohort_compare", views.compare)


class ApiCohort:
    """The views. Which filters there are, and what is said of one that there is not, is the service's."""

    def __init__(self, services: Services) -> None:
        self.services = services

    def cohort(self) -> Response:
        """Every number of the cohort page, for the filters in the address."""
        user = require(Permission.SEE_COHORT)
        query = CohortQuery.given()
        asked = self.services.cohort.numbers.asked(query_without_audience())
        return jsonify(self.services.cohort.exports.numbers(asked.filters, user, query.audience))

    def compare(self) -> Response:
        """The cohort of the address beside that of `vs`, an address too; an empty one is every real scan."""
        user = require(Permission.SEE_COHORT)
        query = CompareQuery.given()
        first = self.services.cohort.numbers.asked(query_without_audience())
        second = self.services.cohort.numbers.asked(query.vs)
        exports = self.services.cohort.exports
        return jsonify(exports.compared(first.filters, second.filters, user, query.audience))
