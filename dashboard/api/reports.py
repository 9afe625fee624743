"""Reports for programs: /api/v1/reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, Response

from dashboard.api import operations
from dashboard.api.models_reports import ReportAnswer, ReportAskBody, ReportsAnswer
from dashboard.api.operations import Files, Operation, answered
from dashboard.auth import require
from dashboard.files.reports import ReportFiles
from data.records import Report, ReportKind
from services.permissions import Permission

if TYPE_CHECKING:
    from services.assembly.container import Services

LISTED = 100
REPORTS = Operation(
    "GET",
    "/api/v1/reports",
    "reports",
    "The kept reports, newest first",
    answer=ReportsAnswer,
    says="The reports",
    errors=(403,),
)
ASK = Operation(
    "POST",
    "/api/v1/reports",
    "askReport",
    "Have a report made; ask for it again until its state is made",
    body=ReportAskBody,
    status=202,
    answer=ReportAnswer,
    says="It is being made",
    errors=(400, 403, 404),  # 404: the drift run that it is to be about
)
REPORT = Operation(
    "GET",
    "/api/v1/reports/<report_id>",
    "report",
    "One report: how far it is, and its files",
    answer=ReportAnswer,
    says="The report",
    errors=(403, 404),
)
DELETE = Operation(
    "DELETE",
    "/api/v1/reports/<report_id>",
    "deleteReport",
    "Delete a report for everybody (heads and MLOps)",
    status=204,
    answer=None,
    says="Deleted",
    errors=(403, 404),
)
FILE = Operation(
    "GET",
    "/api/v1/reports/<report_id>/<kind>",
    "reportFile",
    "A report's file, byte for byte as it was made: pdf, json or, of drift, html",
    answer=Files(("application/pdf", "application/json", "text/html")),
    says="The file",
    errors=(403, 404),
)
OPERATIONS = (REPORTS, ASK, REPORT, DELETE, FILE)


def register(server: Flask, services: Services) -> None:
    """Add the routes."""
    views = ApiReports(services)
    operations.add(server, REPORTS, "api_reports", views.recent)
    operations.add(server, ASK, "api_ask_report", views.ask)
    operations.add(server, REPORT, "api_report", views.report)
    operations.add(server, DELETE, "api_delete_report", views.delete)
    operations.add(server, FILE, "api_report_file", ReportFiles(services).file)


class ApiReports:
    """The views."""

    def __init__(self, services: Services) -> None:
        self.services = services

    def recent(self) -> Response:
        """The kept reports, newest first."""
        require(Permission.USE_REPORTS)
        reports = self.services.reporting.recent(LISTED)
        return answered(ReportsAnswer(reports=[described(report) for report in reports]))

    def ask(self) -> Response:
        """Have a report made: `{"kind": "governance", "from": "2026-01-01", "to": "2026-03-31"}`."""
        user = require(Permission.USE_REPORTS)
        sent = ReportAskBody.given()
        ask: dict[str, str] = sent.model_dump(by_alias=True, exclude_unset=True, exclude={"kind"})
        report = self.services.reporting.request(ReportKind(sent.kind), ask, user)
        return answered(described(report), 202)

    def report(self, report_id: str) -> Response:
        """One report: how far it is, and its files with their hashes."""
        require(Permission.USE_REPORTS)
        return answered(described(self.services.reporting.get(report_id)))

    def delete(self, report_id: str) -> tuple[str, int]:
        """Delete a report for everybody."""
        self.services.reporting.delete(report_id, require(Permission.DELETE_REPORTS))
        return "", 204


def described(report: Report) -> ReportAnswer:
    """Put a report as the API answers it."""
    return ReportAnswer(
        id=report.id,
        kind=report.kind,
        title=report.title,
        ask=dict(report.ask),
        state=report.state,
        failure=report.failure,
        files=dict(report.files or {}),
        signed=report.signed,
        made_by=report.made_name,
        asked_at=report.created_at,
        made_at=report.made_at,
    )
