"""Readings without the AI for programs: giving one, and the figures of all."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from flask import Flask, Response

from dashboard.api import operations
from dashboard.api.models_unaided import (
    PairingAnswer,
    ReaderFigureAnswer,
    ReaderStudyAnswer,
    ReaderStudyQuery,
    UnaidedReadingAnswer,
    UnaidedReadingBody,
)
from dashboard.api.operations import Operation, answered
from dashboard.auth import require
from data.records import NOTICE, UnaidedFinding
from services.permissions import Permission

if TYPE_CHECKING:
    from models.statistics.estimate import Estimate
    from services.assembly.container import Services

GIVE = Operation(
    "POST",
    "/api/v1/scans/<scan_id>/unaided-reading",
    "giveUnaidedReading",
    "Say what you see on a scan that you read without the AI first; its result is shown to you from then on",
    body=UnaidedReadingBody,
    answer=UnaidedReadingAnswer,
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
    errors=(400, 403),
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
        return answered(UnaidedReadingAnswer(reading=given))

    def study(self) -> Response:
        """The figures of one task."""
        user = require(Permission.SEE_STATISTICS)
        task = ReaderStudyQuery.given().task
        self.services.performance.numbers.history(task)  # that there is such a task
        study = self.services.reviewing.reader_studies.of_task(task, user)
        pairings = [
            PairingAnswer(
                name=each.name,
                agree=each.agree,
                n=each.n,
                kappa=_figure(each.kappa),
                dice=_figure(each.dice),
            )
            for each in study.pairings
        ]
        counts = {name: count for name, count in vars(study).items() if name != "pairings"}
        return answered(ReaderStudyAnswer(task=task, **counts, pairings=pairings, notice=NOTICE))


def _figure(figure: Estimate) -> ReaderFigureAnswer:
    value, low, high = (
        None if math.isnan(number) else number for number in (figure.value, figure.low, figure.high)
    )
    return ReaderFigureAnswer(value=value, low=low, high=high, n=figure.n)
