"""Reports for programs, and their files for everybody who reads statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Flask, Response, jsonify, request

from dashboard.auth import require
from data.errors import InvalidInput
from data.records import Report, ReportKind
from services.permissions import Permission

if TYPE_CHECKING:
    from services.assembly.container import Services

LISTED = 100
# A report of another maker runs its own scripts: in a frame of its own, without our cookies, and with
# no way to any network.
SANDBOX = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'unsafe-inline'; img-src data: blob:; font-src data:; connect-src 'none'"
)


def register(server: Flask, services: Services) -> None:
    """Add the routes below /api/v1/reports and /reports/<id>/."""
    views = ReportFiles(services)
    rule = server.add_url_rule
    rule("/reports/<report_id>/report.<kind>", "report_file", views.file)
    rule("/api/v1/reports", "api_reports", views.recent)
    rule("/api/v1/reports", "api_ask_report", views.ask, methods=["POST"])
    rule("/api/v1/reports/<report_id>", "api_report", views.one)
    rule("/api/v1/reports/<report_id>", "api_delete_report", views.delete, methods=["DELETE"])
    rule("/api/v1/reports/<report_id>/<kind>", "api_report_file", views.file)


class ReportFiles:
    """The views."""

    def __init__(self, services: Services) -> None:
        self.services = services

    def recent(self) -> Response:
        """The kept reports, newest first."""
        require(Permission.USE_REPORTS)
        return jsonify({"reports": [described(one) for one in self.services.reporting.recent(LISTED)]})

    def ask(self) -> tuple[Response, int]:
        """Have a report made: `{"kind": "governance", "from": "2026-01-01", "to": "2026-03-31"}`."""
        user = require(Permission.USE_REPORTS)
        asked: Any = request.get_json(silent=True)
        if not isinstance(asked, dict) or not all(isinstance(value, str) for value in asked.values()):
            raise InvalidInput("Send a JSON object of texts, with the kind of report as kind.")
        kind = asked.pop("kind", None)
        if kind not in {one.value for one in self.services.reporting.kinds}:
            raise InvalidInput("There is no such kind of report.")
        report = self.services.reporting.request(ReportKind(kind), asked, user)
        return jsonify(described(report)), 202

    def one(self, report_id: str) -> Response:
        """One report: how far it is, and its files with their hashes."""
        require(Permission.USE_REPORTS)
        return jsonify(described(self.services.reporting.get(report_id)))

    def delete(self, report_id: str) -> tuple[str, int]:
        """Delete a report for everybody."""
        self.services.reporting.delete(report_id, require(Permission.DELETE_REPORTS))
        return "", 204

    def file(self, report_id: str, kind: str) -> Response:
        """A file of a report, byte for byte as it was made."""
        found = self.services.reporting.file(report_id, kind, require(Permission.USE_REPORTS))
        response = Response(found.content, mimetype=found.mime)
        if kind == "html":
            response.headers["Content-Security-Policy"] = SANDBOX
        else:
            response.headers.set("Content-Disposition", "attachment", filename=found.name)
        response.headers["Cache-Control"] = "no-store"
        return response


def described(report: Report) -> dict[str, Any]:
    """Put a report as JSON."""
    return {
        "id": report.id,
        "kind": report.kind.value,
        "title": report.title,
        "ask": dict(report.ask),
        "state": report.state.value,
        "failure": report.failure,
        "files": dict(report.files or {}),
        "signed": report.signed,
        "made_by": report.made_name,
        "asked_at": report.created_at.isoformat(),
        "made_at": report.made_at.isoformat() if report.made_at else None,
    }
