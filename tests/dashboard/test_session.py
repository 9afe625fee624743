"""A session ends when nobody was active; polling is not activity."""

from __future__ import annotations

from flask import Flask

from dashboard.account import register as register_account
from dashboard.auth import Sessions, person
from dashboard.errors import register as register_errors
from data.records import Role
from tests.dashboard.clinic import Clinic
from tests.dashboard.conftest import form_token, log_in


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now

    def minutes(self, minutes: float) -> None:
        self.now += minutes * 60


def _server(clinic: Clinic, clock: Clock) -> Flask:
    from dashboard.build import HERE

    server = Flask("dashboard", root_path=str(HERE), static_folder=None)
    server.secret_key = "k" * 32
    sessions = Sessions(clinic.services, clock)
    sessions.install(server)
    register_errors(server)
    register_account(server, clinic.services, sessions)
    server.add_url_rule("/changes", "changes", lambda: person().name)
    return server


def test_polling_does_not_keep_a_session(clinic: Clinic) -> None:
    clock = Clock()
    clinic.person(Role.CLINICIAN)
    client = _server(clinic, clock).test_client()
    log_in(client, "clinician")
    for _ in range(14):
        clock.minutes(2)
        assert client.get("/changes").status_code == 200
    clock.minutes(3)
    assert client.get("/changes").status_code == 401


def test_pages_and_reported_input_keep_a_session(clinic: Clinic) -> None:
    clock = Clock()
    clinic.person(Role.CLINICIAN)
    client = _server(clinic, clock).test_client()
    log_in(client, "clinician")
    clock.minutes(20)
    token = form_token(client.get("/account").text)
    clock.minutes(20)
    assert client.post("/session", headers={"X-CSRFToken": token}).status_code == 204
    clock.minutes(20)
    assert client.get("/changes").status_code == 200


def test_an_ended_session_is_told_so(clinic: Clinic) -> None:
    clock = Clock()
    clinic.person(Role.CLINICIAN)
    client = _server(clinic, clock).test_client()
    log_in(client, "clinician")
    clock.minutes(31)
    answer = client.get("/account")
    assert answer.location == "/login?next=/account&expired=1"
    assert "nobody was active" in client.get(answer.location).text
    assert client.post("/session", headers={"X-CSRFToken": "x"}).status_code == 401
