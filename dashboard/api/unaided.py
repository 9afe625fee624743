"""Readings without the AI for programs: giving one, and the figures of all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, Response

from dashboard.api import operations
from dashboard.api.models_performance import FigureAnswer
from dashboard.api.models_unaided import (
    GivenReadingAnswer,
    PairingAnswer,
    ReaderStudyAnswer,
    ReaderStudyQuery,
    UnaidedReadingBody,
)
from dashboard.api.operations import Operation, answered
from dashboard.auth import require
from data.records import NOTICE, UnaidedFinding
from services.cohort.small_numbers import audience_of_answers
from services.permissions import Permission

if TYPE_CHECKING:
    from services.assembly.container import Services

GIVE = Operation(
    "POST",
    "/api/v1/scans/<scan_id>/unaided-reading",
    "giveUnaidedReading",
    "Say what you see on a scan that you read without the AI first; its result is shown to you from then on",
    body=UnaidedReadingBody,
    answer=GivenReadingAnswer,
    says="What was kept, for good",
    errors=(400, 403, 404),
)
STUDY = Operation(
    "GET",
    "/api/v1/reader-study",
    "readerStudy",
    "How far readers alone, the AI, and readers with the AI agree on scans read without the AI first",
    query=ReaderStudyQuery,
    answer=ReaderStudyAnswer,
    says="The figures",
    errors=(400, 403, 404),
)
OPERATIONS = (GIVE, STUDY)


def register(server: Flask, services: Services) -> None:
    """Add the routes."""
    views = ApiUnaided(services)
    operations.add(server, GIVE, "api_give_unaided", views.give)
    operations.add(server, STUDY, "api_reader_study", views.study)


class ApiUnaided:
    """The views."""

    def __init__(self, services: Services) -> None:
        self.services = services

    def give(self, scan_id: str) -> Response:
        """Keep a reading: `{"finding": "absent", "seconds": 75}`."""
        user, sent = require(Permission.REVIEW), UnaidedReadingBody.given()
        given = self.services.reviewing.unaided.give(
            scan_id, user, UnaidedFinding(sent.finding), comment=sent.comment, seconds=sent.seconds
        )
        return answered(GivenReadingAnswer(reading=given))

    def study(self) -> Response:
        """The figures of one task."""
        user = require(Permission.SEE_STATISTICS)
        query = ReaderStudyQuery.given()
        task, audience = query.task, audience_of_answers(query.audience, user)
        self.services.performance.numbers.require_task(task)
        study = self.services.reviewing.reader_studies.of_task(task, user, audience)
        pairings = [
            PairingAnswer(
                name=each.name,
                agree=each.agree,
                n=each.n,
                kappa=FigureAnswer.model_validate(each.kappa.plain()),
                dice=FigureAnswer.model_validate(each.dice.plain()),
            )
            for each in study.pairings
        ]
        counts = {name: count for name, count in vars(study).items() if name != "pairings"}
        return answered(ReaderStudyAnswer(task=task, **counts, pairings=pairings, notice=NOTICE))
