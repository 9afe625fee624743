"""Sets of scans that versions read, for programs: /api/v1/evaluations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, Response

from dashboard.api import operations
from dashboard.api.drift import known_task
from dashboard.api.models_evaluations import (
    EvaluationAnswer,
    EvaluationAskBody,
    EvaluationNumbersAnswer,
    EvaluationOutcomeAnswer,
    EvaluationPairAnswer,
    EvaluationQuery,
    EvaluationsAnswer,
    EvaluationsQuery,
    ScanSetAnswer,
    ScanSetsAnswer,
    ScanSetsQuery,
)
from dashboard.api.operations import Operation, answered
from dashboard.auth import require
from data.records import Evaluation, EvaluationState, User
from services.evaluations.plain_numbers import plain_evaluation, plain_outcome, plain_pair
from services.permissions import Permission, may

if TYPE_CHECKING:
    from services.assembly.container import Services

LISTED = 50
EVALUATIONS = Operation(
    "GET",
    "/api/v1/evaluations",
    "evaluations",
    "The latest sets of scans that versions were had to read, newest first",
    query=EvaluationsQuery,
    answer=EvaluationsAnswer,
    says="The evaluations",
    errors=(400, 403),
)
ASK = Operation(
    "POST",
    "/api/v1/evaluations",
    "askEvaluation",
    "Have a version read a set of scans, apart from every result; ask for it until its state is done",
    body=EvaluationAskBody,
    status=202,
    answer=EvaluationAnswer,
    says="It is queued; one of the same that is under way is not doubled",
    errors=(400, 403, 404, 503),  # 404: version, pack or folder; 503: MLflow is away
)
SETS = Operation(
    "GET",
    "/api/v1/evaluations/sets",
    "scanSets",
    "The sets that versions of a task can be had to read: real scans, saved views, packs, folders",
    query=ScanSetsQuery,
    answer=ScanSetsAnswer,
    says="The sets",
    errors=(400, 403),
)
EVALUATION = Operation(
    "GET",
    "/api/v1/evaluations/<evaluation_id>",
    "evaluation",
    "One evaluation: how far it is, and at its end what it came to, beside another one where asked",
    query=EvaluationQuery,
    answer=EvaluationNumbersAnswer,
    says="The evaluation",
    errors=(400, 403, 404),
)
CANCEL = Operation(
    "DELETE",
    "/api/v1/evaluations/<evaluation_id>",
    "cancelEvaluation",
    "End an evaluation that waits or runs: nothing of it counts. One that has ended stays as it is",
    answer=EvaluationAnswer,
    says="The evaluation as it is then",
    errors=(403, 404),
)
OPERATIONS = (EVALUATIONS, ASK, SETS, EVALUATION, CANCEL)


def register(server: Flask, services: Services) -> None:
    """Add the routes."""
    views = ApiEvaluations(services)
    operations.add(server, EVALUATIONS, "api_evaluations", views.recent)
    operations.add(server, ASK, "api_ask_evaluation", views.ask)
    operations.add(server, SETS, "api_scan_sets", views.sets)
    operations.add(server, EVALUATION, "api_evaluation", views.evaluation)
    operations.add(server, CANCEL, "api_cancel_evaluation", views.cancel)


class ApiEvaluations:
    """The views."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.evaluations = services.evaluations.evaluations
        self.outcomes = services.evaluations.outcomes

    def recent(self) -> Response:
        """The latest, of one task or all."""
        user = require(Permission.SEE_MODELS)
        task = EvaluationsQuery.given().task
        if task is not None:
            known_task(self.services, task)
        listed = [described(each) for each in self.evaluations.recent(user, LISTED, task)]
        return answered(EvaluationsAnswer(evaluations=listed))

    def sets(self) -> Response:
        """What can be asked for."""
        require(Permission.EVALUATE_VERSIONS)
        query = ScanSetsQuery.given()
        offered = self.evaluations.sets.offered(known_task(self.services, query.task), query.filters)
        return answered(ScanSetsAnswer(sets=[ScanSetAnswer(**vars(each)) for each in offered]))

    def ask(self) -> Response:
        """Have a set read: `{"task": "brain-tumour", "version": "3", "key": "sex=F"}`."""
        user = require(Permission.EVALUATE_VERSIONS)
        sent = EvaluationAskBody.given()
        task = known_task(self.services, sent.task)
        return answered(
            described(self.evaluations.request(task, sent.version, sent.kind, sent.key, user)), 202
        )

    def evaluation(self, evaluation_id: str) -> Response:
        """One, with its numbers once it is done."""
        user = require(Permission.SEE_MODELS)
        beside = EvaluationQuery.given().beside
        evaluation = self.evaluations.get(evaluation_id, user)
        done = evaluation.state is EvaluationState.DONE
        return answered(
            EvaluationNumbersAnswer(
                **dict(described(evaluation)),
                outcome=self._outcome(evaluation, user) if done else None,
                comparable=[described(each) for each in self.outcomes.others(evaluation, user)],
                beside=self._beside(evaluation, beside, user) if beside else None,
            )
        )

    def cancel(self, evaluation_id: str) -> Response:
        """End one that waits or runs."""
        user = require(Permission.EVALUATE_VERSIONS)
        self.evaluations.cancel(evaluation_id, user)
        return answered(described(self.evaluations.get(evaluation_id, user)))

    def _outcome(self, evaluation: Evaluation, user: User) -> EvaluationOutcomeAnswer:
        made = self.outcomes.of(evaluation.id, user)
        return EvaluationOutcomeAnswer(**plain_outcome(made, sees_scans=may(user, Permission.SEE_SCANS)))

    def _beside(self, first: Evaluation, other_id: str, user: User) -> EvaluationPairAnswer:
        second = self.evaluations.get(other_id, user)
        pair = self.outcomes.beside(first.id, second.id, user)
        return EvaluationPairAnswer(**plain_pair(first, second, pair))


def described(evaluation: Evaluation) -> EvaluationAnswer:
    """Put an evaluation as the API answers it."""
    return EvaluationAnswer(**plain_evaluation(evaluation))
