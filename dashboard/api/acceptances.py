"""Local acceptance for programs: /api/v1/acceptances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Flask, Response

from dashboard.api import operations
from dashboard.api.drift import known_task
from dashboard.api.models_acceptances import (
    AcceptanceAnswer,
    AcceptanceNumbersAnswer,
    AcceptanceQuery,
    AcceptancesAnswer,
    AcceptancesQuery,
    CriterionAnswer,
    DutyAnswer,
    ProtocolAnswer,
    ProtocolsAnswer,
    RecordQuery,
)
from dashboard.api.operations import Files, Operation, answered
from dashboard.auth import require
from dashboard.files.acceptance import AcceptanceFiles
from services.acceptance.duties import same_person_words
from services.acceptance.records import for_audience, withheld
from services.cohort.small_numbers import WITHHELD, audience_of_answers, small
from services.permissions import Permission, may

if TYPE_CHECKING:
    from data.records import AcceptanceProtocol, User
    from services.acceptance.findings import Criterion
    from services.acceptance.records import AcceptanceView, ListedTest
    from services.acceptance.testing import AcceptanceTests
    from services.assembly.container import Services
    from services.cohort.small_numbers import Audience

ACCEPTANCES = Operation(
    "GET",
    "/api/v1/acceptances",
    "acceptances",
    "Every acceptance test of a task, the newest first",
    query=AcceptancesQuery,
    answer=AcceptancesAnswer,
    says="The tests",
    errors=(400, 403),
)
PROTOCOLS = Operation(
    "GET",
    "/api/v1/acceptances/protocols",
    "acceptanceProtocols",
    "Every revision of a task's acceptance protocol, the newest first",
    query=AcceptancesQuery,
    answer=ProtocolsAnswer,
    says="The revisions",
    errors=(400, 403),
)
ACCEPTANCE = Operation(
    "GET",
    "/api/v1/acceptances/<test_id>",
    "acceptance",
    "One acceptance test: its numbers against the limits, the verdict, who did what",
    query=AcceptanceQuery,
    answer=AcceptanceNumbersAnswer,
    says="The test",
    errors=(400, 403, 404),
)
RECORD = Operation(
    "GET",
    "/api/v1/acceptances/<test_id>/record",
    "acceptanceRecord",
    "The signed record of a test as JSON or PDF; as it was signed with audience=inside",
    query=RecordQuery,
    answer=Files(("application/json", "application/pdf")),
    says="The record",
    errors=(400, 403, 404),
)
OPERATIONS = (ACCEPTANCES, PROTOCOLS, ACCEPTANCE, RECORD)


def register(server: Flask, services: Services) -> None:
    """Add the routes."""
    views = ApiAcceptances(services)
    operations.add(server, ACCEPTANCES, "api_acceptances", views.recent)
    operations.add(server, PROTOCOLS, "api_acceptance_protocols", views.protocols)
    operations.add(server, ACCEPTANCE, "api_acceptance", views.acceptance)
    operations.add(server, RECORD, "api_acceptance_record", views.record)


class ApiAcceptances:
    """The views."""

    def __init__(self, services: Services) -> None:
        self.services = services

    def recent(self) -> Response:
        """Every test of a task."""
        user = require(Permission.SEE_ACCEPTANCE)
        task = known_task(self.services, AcceptancesQuery.given().task)
        listed = [AcceptanceAnswer(**_told(each)) for each in self._tests.listed(task, user)]
        return answered(AcceptancesAnswer(acceptances=listed))

    def protocols(self) -> Response:
        """Every revision of a task."""
        user = require(Permission.SEE_ACCEPTANCE)
        task = known_task(self.services, AcceptancesQuery.given().task)
        revisions = self.services.acceptance.protocols.revisions(task, user)
        return answered(ProtocolsAnswer(protocols=[_protocol(each) for each in revisions]))

    def acceptance(self, test_id: str) -> Response:
        """One test with its numbers."""
        user = require(Permission.SEE_ACCEPTANCE)
        audience = audience_of_answers(AcceptanceQuery.given().audience, user)
        return answered(_numbers(self._tests.view(test_id, user), audience, user))

    def record(self, test_id: str) -> Response:
        """The signed record as a file."""
        require(Permission.SEE_ACCEPTANCE)
        query, files = RecordQuery.given(), AcceptanceFiles(self.services)
        return (files.pdf if query.form == "pdf" else files.json)(test_id, query.audience)

    @property
    def _tests(self) -> AcceptanceTests:
        return self.services.acceptance.tests


def _told(told: ListedTest | AcceptanceView) -> dict[str, Any]:
    test = told.test
    return {
        "id": test.id,
        "task": test.task,
        "version": test.version,
        "scanner": test.scanner,
        "protocol_revision": told.protocol.revision,
        "begun_by": test.asked_name,
        "begun_at": test.asked_at,
        "state": told.evaluation.state,
        "verdict": test.verdict,
        "signed_by": test.signed_name,
        "signed_at": test.signed_at,
        "record_sha256": test.sha256,
        "as_signed": told.as_signed,
    }


def _numbers(view: AcceptanceView, audience: Audience, user: User) -> AcceptanceNumbersAnswer:
    trained_on = view.test.trained_on
    count = None if trained_on is None else len(trained_on)
    told = for_audience(view.criteria, audience)
    return AcceptanceNumbersAnswer(
        **_told(view) | {"verdict": view.verdict},
        small_numbers_hidden=audience.withholds,
        protocol=_protocol(view.protocol),
        earlier_tests=view.before,
        criteria=[
            _criterion(each, whole, audience, user) for each, whole in zip(told, view.criteria, strict=True)
        ],
        duties=[DutyAnswer(did=duty.did, name=duty.name) for duty in view.duties],
        duties_words=same_person_words(view.duties),
        trained_on_known=trained_on is not None,
        trained_on=None if count is None or (audience.withholds and small(count)) else count,
    )


def _criterion(told: Criterion, whole: Criterion, audience: Audience, user: User) -> CriterionAnswer:
    few = withheld(whole, audience)
    figure: dict[str, Any] = dict.fromkeys(("n", "value", "low", "high")) if few else told.figure.plain()
    said: dict[str, Any] = {"metric": told.metric, "limit": told.limit, "least": told.least, **figure}
    return CriterionAnswer(
        **said,
        verdict=told.verdict,
        more=told.more,
        against=sorted(told.scan_ids) if may(user, Permission.SEE_SCANS) else [],
        note=WITHHELD if few else "",
    )


def _protocol(protocol: AcceptanceProtocol) -> ProtocolAnswer:
    return ProtocolAnswer(
        id=protocol.id,
        task=protocol.task,
        revision=protocol.revision,
        in_force=protocol.in_force,
        limits=protocol.limits,
        fixed_by=protocol.set_name,
        fixed_at=protocol.set_at,
        why=protocol.why,
    )
