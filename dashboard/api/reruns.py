"""Stored results read again, for programs: /api/v1/results/{result_id}/reruns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, Response

from dashboard.api import operations
from dashboard.api.models_reruns import RerunAnswer, RerunsAnswer
from dashboard.api.operations import Operation, answered
from dashboard.auth import require
from data.records import Rerun
from services.permissions import Permission

if TYPE_CHECKING:
    from services.assembly.container import Services

PATH = "/api/v1/results/<result_id>/reruns"
ASK = Operation(
    "POST",
    PATH,
    "rerunResult",
    "Have a stored result read again from what it was made of, in the background",
    status=202,
    answer=RerunAnswer,
    says="The rerun, waiting; one that waits already is not doubled",
    errors=(403, 404),
)
LIST = Operation(
    "GET",
    PATH,
    "reruns",
    "What came of reading a stored result again, newest first",
    answer=RerunsAnswer,
    says="The reruns of the result",
    errors=(403, 404),
)
OPERATIONS = (ASK, LIST)


def register(server: Flask, services: Services) -> None:
    """Add the routes."""

    def ask(result_id: str) -> Response:
        """Have a result read again."""
        user = require(Permission.RERUN_RESULTS)
        return answered(_described(services.versions.reruns.request(result_id, user)), 202)

    def listed(result_id: str) -> Response:
        """What came of it."""
        user = require(Permission.RERUN_RESULTS)
        reruns = services.versions.reruns.of_result(result_id, user)
        return answered(RerunsAnswer(reruns=[_described(rerun) for rerun in reruns]))

    operations.add(server, ASK, "api_rerun_result", ask)
    operations.add(server, LIST, "api_reruns", listed)


def _described(rerun: Rerun) -> RerunAnswer:
    report = rerun.report
    return RerunAnswer(
        id=rerun.id,
        scan_id=rerun.scan_id,
        result_id=rerun.result_id,
        outcome=rerun.outcome,
        sentence=report.sentence,
        asked_by=rerun.asked_name,
        asked_at=rerun.asked_at,
        finished_at=rerun.finished_at,
        ingredients=report.ingredients,
        numbers=report.numbers,
        read_by=report.read_by,
    )
