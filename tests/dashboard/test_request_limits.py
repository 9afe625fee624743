from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from dashboard.build import build_dashboard
from data.records import Role, User
from tests.dashboard.clinic import Clinic

MOST = 5


class House:
    """A server that takes few requests."""

    def __init__(self, clinic: Clinic, per_minute: int) -> None:
        services = replace(
            clinic.services, settings=replace(clinic.services.settings, requests_per_minute=per_minute)
        )
        self.clinic = clinic
        self.server = build_dashboard(services, secret_key="x" * 40).server
        self.client: FlaskClient = self.server.test_client()

    def token(self, person: User) -> dict[str, str]:
        _, secret = self.clinic.accounts.create_token(person.id, "a program")
        return {"Authorization": f"Bearer {secret}"}

    def asked(self, times: int, header: dict[str, str], address: str = "/api/v1/openapi.json") -> list[int]:
        return [self.client.get(address, headers=header).status_code for _ in range(times)]


@pytest.fixture
def clinic(tmp_path: Path) -> Any:
    clinic = Clinic(tmp_path)
    yield clinic
    clinic.services.close()


def test_beyond_the_limit_is_told_when_to_come_back(clinic: Clinic) -> None:
    house = House(clinic, MOST)
    header = house.token(clinic.person(Role.HEAD))
    assert house.asked(MOST, header) == [200] * MOST
    answer = house.client.get("/api/v1/openapi.json", headers=header)
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    error = answer.json["error"]
    assert error["code"] == "too_many_requests"
    assert error["message"] == (
        f"These are too many requests in a minute; try again in {answer.headers['Retry-After']} seconds."
    )


def test_tokens_of_an_account_count_together_and_others_not_at_all(clinic: Clinic) -> None:
    house, head = House(clinic, MOST), clinic.person(Role.HEAD)
    first, second, other = house.token(head), house.token(head), house.token(clinic.person(Role.MLOPS))
    assert house.asked(MOST, first) == [200] * MOST
    assert house.asked(1, second) == [429]
    assert house.asked(MOST, other) == [200] * MOST


def test_a_wrong_token_is_no_request_of_an_account(clinic: Clinic) -> None:
    assert House(clinic, MOST).asked(MOST + 1, {"Authorization": "Bearer no"}) == [401] * (MOST + 1)


def test_what_load_balancers_ask_is_not_counted(clinic: Clinic) -> None:
    assert House(clinic, 1).asked(3, {}, "/healthz") == [200] * 3


def test_there_may_be_no_limit(clinic: Clinic) -> None:
    house = House(clinic, 0)
    assert house.asked(20, house.token(clinic.person(Role.HEAD))) == [200] * 20
