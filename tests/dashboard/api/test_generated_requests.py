"""What the document allows and what it forbids, sent by schemathesis: each answer is one that it names.

The requests are the same each time: hypothesis derives them, and nothing is remembered between runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.config import GenerationConfig, ProjectConfig, ProjectsConfig, SchemathesisConfig
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from dashboard.api.routes import OPERATIONS
from dashboard.build import build_dashboard
from data.records import Role
from tests.dashboard.clinic import Clinic
from tests.dashboard.contract import Contract
from tests.dashboard.furnished import furnish

EXAMPLES = 10  # of each operation in each test
NAMES = [operation.name for operation in OPERATIONS if operation.name != "document"]  # read to begin with
# The others take nothing but texts, of which no one is forbidden.
FORBIDDING = ["mask", "cohort", "compareCohorts", "performance", "askReport", "askDriftRun"]
repeatable = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@dataclass
class Furnished:
    """A server with something at each address, what schemathesis knows of it, and somebody who may."""

    server: Flask
    contract: Contract
    operations: dict[str, Any]
    ids: dict[str, str]
    mlops: dict[str, str]

    def cases(self, name: str, mode: GenerationMode) -> st.SearchStrategy[Case]:
        """Requests to an operation, half of them to what is there."""
        operation = self.operations[name]
        known = {key: value for key, value in self.ids.items() if f"{{{key}}}" in operation.path}
        generated = operation.as_strategy(mode)
        return generated | operation.as_strategy(mode, path_parameters=known) if known else generated


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Furnished]:
    clinic = Clinic(tmp_path_factory.mktemp("clinic"))
    ids = furnish(clinic) | {"kind": "json"}
    server = build_dashboard(clinic.services, secret_key="k" * 32).server
    contract = Contract(server)
    mlops = {"Authorization": f"Bearer {clinic.token(clinic.person(Role.MLOPS))}"}
    # Each test says itself who asks; what is done with parameters that nobody documents is not its matter.
    generation = GenerationConfig(with_security_parameters=False, allow_extra_parameters=False)
    config = SchemathesisConfig(projects=ProjectsConfig(default=ProjectConfig(generation=generation)))
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", server, config=config, headers=mlops)
    operations = [result.ok() for result in schema.get_all_operations()]
    by_name = {operation.definition.raw["operationId"]: operation for operation in operations}
    yield Furnished(server, contract, by_name, ids, mlops)
    clinic.close()


@pytest.mark.parametrize("name", NAMES)
def test_what_is_allowed_is_answered_as_the_document_says(furnished: Furnished, name: str) -> None:
    @repeatable
    @given(case=furnished.cases(name, GenerationMode.POSITIVE))
    def send(case: Case) -> None:
        # What is well-formed may still not be there: 400 says so.
        case.call_and_validate(headers=furnished.mlops, excluded_checks=[positive_data_acceptance])

    send()
    assert furnished.contract.broken == []


@pytest.mark.parametrize("name", FORBIDDING)
def test_what_is_forbidden_is_refused(furnished: Furnished, name: str) -> None:
    @repeatable
    @given(case=furnished.cases(name, GenerationMode.NEGATIVE))
    def send(case: Case) -> None:
        # A parameter without a value is as if it were not there.
        left_out = [negative_data_rejection] if "" in (case.query or {}).values() else []
        case.call_and_validate(headers=furnished.mlops, excluded_checks=left_out)

    send()
    assert furnished.contract.broken == []


@pytest.mark.parametrize("name", NAMES)
def test_who_is_nobody_gets_nothing(furnished: Furnished, name: str) -> None:
    @repeatable
    @given(case=furnished.cases(name, GenerationMode.POSITIVE))
    def send(case: Case) -> None:
        response = case.call(headers={})
        assert response.status_code in (401, 404), response.text
        assert re.fullmatch(r'\{"error":\{"code":"\w+","message":"[^"]+"\}\}\s*', response.text)

    send()
    assert furnished.contract.broken == []
