"""Drift for programs: /api/v1/drift."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, Response

from dashboard.api import operations
from dashboard.api.models_drift import (
    AudienceQuery,
    DriftAskBody,
    DriftReferenceAnswer,
    DriftReferencesAnswer,
    DriftRunAnswer,
    DriftRunNumbersAnswer,
    DriftRunsAnswer,
    FeatureQuery,
    InfluentialScanAnswer,
    InfluentialScansAnswer,
    RunReferenceAnswer,
    RunWindowAnswer,
    TaskQuery,
    UsualAnswer,
)
from dashboard.api.operations import Operation, answered
from dashboard.auth import require
from data.errors import InvalidInput, NotFound
from data.records import Against, DriftAsk, DriftReference, DriftRun
from services.cohort.small_numbers import audience_of_answers, audience_of_pages
from services.drift.small_counts import run_outside
from services.permissions import Permission

if TYPE_CHECKING:
    from services.assembly.container import Services

LISTED = 50
RUNS = Operation(
    "GET",
    "/api/v1/drift",
    "driftRuns",
    "The latest drift runs of a task, newest first",
    query=TaskQuery,
    answer=DriftRunsAnswer,
    says="The runs",
    errors=(400, 403),
)
ASK = Operation(
    "POST",
    "/api/v1/drift",
    "askDriftRun",
    "Compare a window of readings with a reference; ask for the run until it is done",
    body=DriftAskBody,
    status=202,
    answer=DriftRunAnswer,
    says="It is queued",
    errors=(400, 403),
)
REFERENCES = Operation(
    "GET",
    "/api/v1/drift/references",
    "driftReferences",
    "The frozen sets that drift of a task is measured against",
    query=TaskQuery,
    answer=DriftReferencesAnswer,
    says="The references",
    errors=(400, 403),
)
RUN = Operation(
    "GET",
    "/api/v1/drift/<run_id>",
    "driftRun",
    "One drift run with every number of its snapshot",
    query=AudienceQuery,
    answer=DriftRunNumbersAnswer,
    says="The run",
    errors=(400, 403, 404),
)
INFLUENTIAL = Operation(
    "GET",
    "/api/v1/drift/<run_id>/influential-scans",
    "driftInfluentialScans",
    "The scans that pull a feature (or overall, or embedding), the strongest first",
    query=FeatureQuery,
    answer=InfluentialScansAnswer,
    says="The scans",
    errors=(400, 403, 404),
)
CULPRITS = Operation(
    "GET",
    "/api/v1/drift/<run_id>/culprits",
    "driftCulprits",
    "The same as influential-scans, at its address of version 0.1",
    query=FeatureQuery,
    answer=InfluentialScansAnswer,
    says="The scans",
    errors=(400, 403, 404),
    deprecated=True,
)
OPERATIONS = (RUNS, ASK, REFERENCES, RUN, INFLUENTIAL, CULPRITS)


def register(server: Flask, services: Services) -> None:
    """Add the routes."""
    views = ApiDrift(services)
    operations.add(server, RUNS, "api_drift_runs", views.recent)
    operations.add(server, ASK, "api_drift_ask", views.ask)
    operations.add(server, REFERENCES, "api_drift_references", views.references)
    operations.add(server, RUN, "api_drift_run", views.run)
    operations.add(server, INFLUENTIAL, "api_drift_influential_scans", views.influential_scans)
    operations.add(server, CULPRITS, "api_drift_culprits", views.influential_scans)


class ApiDrift:
    """The views."""

    def __init__(self, services: Services) -> None:
        self.services = services

    def recent(self) -> Response:
        """The latest runs of a task, newest first."""
        hidden = audience_of_pages(require(Permission.SEE_DRIFT)).withholds
        runs = self.services.drift.runs.runs(self._task(), LISTED)
        return answered(DriftRunsAnswer(runs=[described(run, hidden) for run in runs]))

    def references(self) -> Response:
        """The references of a task."""
        require(Permission.SEE_DRIFT)
        references = self.services.drift.runs.references.all(self._task())
        described = [of_reference(reference) for reference in references]
        return answered(DriftReferencesAnswer(references=described))

    def ask(self) -> Response:
        """Have a run made: `{"task": "brain-tumour", "last": 500}`."""
        user = require(Permission.RUN_DRIFT)
        run = self.services.drift.runs.request(ask_of(self.services, DriftAskBody.given()), user)
        return answered(described(run, audience_of_pages(user).withholds), 202)

    def run(self, run_id: str) -> Response:
        """One run with, when it is done, every number of its snapshot."""
        user, runs = require(Permission.SEE_DRIFT), self.services.drift.runs
        readers = audience_of_answers(AudienceQuery.given().audience, user)
        run = runs.run(run_id)
        snapshot = runs.told(run_id, readers) if run.snapshot_sha256 else None
        hidden = readers.withholds
        answer = DriftRunNumbersAnswer(
            **dict(described(run, hidden)), small_numbers_hidden=hidden, snapshot=snapshot
        )
        return answered(answer)

    def influential_scans(self, run_id: str) -> Response:
        """The scans that pull a feature, the strongest first."""
        user = require(Permission.SEE_SCANS)
        influence = self.services.drift.influential_scans.of(run_id, FeatureQuery.given().feature, user)
        usual = UsualAnswer(
            median=influence.median, q25=influence.q25, q75=influence.q75, usual=influence.usual
        )
        scans = [InfluentialScanAnswer(**vars(scan)) for scan in influence.scans]
        return answered(
            InfluentialScansAnswer(
                feature=influence.feature, unit=influence.unit, reference=usual, scans=scans
            )
        )

    def _task(self) -> str:
        return known_task(self.services, TaskQuery.given().task)


def known_task(services: Services, task: str) -> str:
    """The task, where patients' scans are read for it; raises InvalidInput."""
    tasks = services.versions.registry.clinical
    if task not in tasks:
        raise InvalidInput(f"Give the task: {' or '.join(tasks)}.")
    return task


def ask_of(services: Services, sent: DriftAskBody) -> DriftAsk:
    """What a program asks for; raises InvalidInput."""
    task, reference_id = known_task(services, sent.task), None
    against, named = Against.parsed(sent.reference)
    if named is not None:
        try:
            reference_id = services.drift.runs.references.named(task, named).id
        except NotFound as error:
            raise InvalidInput(str(error)) from error
    return DriftAsk(
        task, reference_id, sent.last, sent.from_ or None, sent.to or None, sent.filters or "", sent.days,
        against,
    )  # fmt: skip


def described(run: DriftRun, hidden: bool) -> DriftRunAnswer:
    """Put a run as the API answers it; `hidden`: without sizes that are small."""
    ask, run = run.ask, run_outside(run) if hidden else run
    return DriftRunAnswer(
        id=run.id,
        task=run.task,
        state=run.state,
        failure=run.failure,
        severity=run.severity,
        version=run.version,
        reference=RunReferenceAnswer(id=run.reference_id, name=run.reference_name, n=run.reference_n),
        window=RunWindowAnswer(
            last=ask.last, days=ask.days, from_=ask.first, to=ask.to, filters=ask.query, n=run.current_n
        ),
        drifted=run.drifted,
        watched=run.watched,
        snapshot_sha256=run.snapshot_sha256,
        asked_at=run.created_at,
        finished_at=run.finished_at,
    )


def of_reference(reference: DriftReference) -> DriftReferenceAnswer:
    """Put a reference as the API answers it."""
    return DriftReferenceAnswer(
        id=reference.id,
        name=reference.name,
        kind=reference.kind,
        version=reference.version,
        n=reference.n,
        sha256=reference.sha256,
        made_at=reference.created_at,
    )
