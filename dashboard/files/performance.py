"""The files of performance: /exports/performance.*, readers, the Assess-AI table, pictures of runs."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from flask import Flask, Response, request

from dashboard.auth import require
from dashboard.files.attachments import attachment
from dashboard.files.numbers import AUDIENCE, query_without_audience
from data.errors import InvalidInput
from data.records import User
from services.performance.numbers import PerformanceQuery
from services.permissions import Permission

if TYPE_CHECKING:
    from services.assembly.container import Services
    from services.cohort.exports import Export


def register(server: Flask, services: Services) -> None:
    """Add the routes."""
    views = PerformanceFiles(services)
    rule = server.add_url_rule
    # Kinds by name: a PDF is a report, and reports have an address of their own.
    rule("/exports/performance.<any(csv,xlsx,parquet,json,png):kind>", "export_performance", views.export)
    rule("/exports/assess-ai.csv", "export_assess_ai", views.assess_ai)
    rule("/exports/readers.csv", "export_readers", views.readers)
    rule("/performance-pictures", "performance_picture", views.picture)


class PerformanceFiles:
    """The views."""

    def __init__(self, services: Services) -> None:
        self.services = services

    def export(self, kind: str) -> Response:
        """The numbers of every metric as a table, or the chart as PNG."""
        user = require(Permission.SEE_PERFORMANCE)
        audience = request.args.get(AUDIENCE)
        return _attached(self.services.performance.exports.export(self._asked(user), kind, user, audience))

    def assess_ai(self) -> Response:
        """Readings of a version as Assess-AI takes them."""
        user = require(Permission.SEE_STATISTICS)
        return _attached(self.services.performance.assess_ai.export(self._asked(user), user))

    def readers(self) -> Response:
        """How readers read, by group and, for who may see them, by pseudonym; for the house."""
        user = require(Permission.SEE_STATISTICS)
        return _attached(self.services.readers.exports.export(self._asked(user).task, user))

    def picture(self) -> Response:
        """A picture that the run behind a version left; `path` says which."""
        user = require(Permission.SEE_STATISTICS)
        path = request.args.get("path", "")
        if not path:
            raise InvalidInput("Say which picture by its path.")
        address = urlencode({name: value for name, value in request.args.items() if name != "path"})
        asked = self.services.performance.numbers.asked(address, user)
        content = self.services.performance.details.picture(asked, path)
        kind = "image/png" if path.lower().endswith(".png") else "image/jpeg"
        return Response(content, mimetype=kind)

    def _asked(self, user: User) -> PerformanceQuery:
        return self.services.performance.numbers.asked(query_without_audience(), user)


def _attached(export: Export) -> Response:
    return attachment(export.content, export.name, export.mime)
