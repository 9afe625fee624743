"""A session ends when nobody was active, polling is not activity, and what has ended stays ended."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask, session
from flask.testing import FlaskClient

from dashboard.build import build_dashboard
from data.records import Role
from data.stores.audit import AuditLog
from data.stores.sessions import SessionStore
from data.stores.users import UserStore
from services.sessions import Sessions
from tests.dashboard.clinic import PASSWORD, Clinic
from tests.dashboard.conftest import SignIn, callback, form_token, log_in

COOKIE = "lightbox_session"
KEY = "k" * 32


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2020, 1, 1, 8, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def minutes(self, minutes: float) -> None:
        self.now += timedelta(minutes=minutes)


@pytest.fixture
def clock(clinic: Clinic) -> Clock:
    """The sessions' own clock, put in before the server is built."""
    clock, database = Clock(), clinic.database
    idle = timedelta(minutes=clinic.services.settings.session_minutes)
    clinic.replace(
        sessions=Sessions(SessionStore(database), UserStore(database), AuditLog(database), idle, clock)
    )
    return clock


@pytest.fixture
def next_start(clinic: Clinic, tmp_path: Path) -> Iterator[Flask]:
    """The server as it starts anew on the same home folder."""
    again = Clinic(tmp_path, networks=False)
    yield build_dashboard(again.services, secret_key=KEY).server
    again.close()


def _copied(server: Flask, client: FlaskClient) -> FlaskClient:
    """Another browser with a copy of the cookie."""
    kept = client.get_cookie(COOKIE)
    assert kept is not None
    copy = server.test_client()
    copy.set_cookie(COOKIE, kept.value)
    return copy


def _is_in(client: FlaskClient) -> bool:
    status = client.get("/changes").status_code
    assert status in (200, 401)
    return status == 200


def test_polling_does_not_keep_a_session(clock: Clock, sign_in: SignIn) -> None:
    client = sign_in()
    clock.minutes(29)
    for address in ("/changes", "/uploads", "/_dash-layout", "/scans/a/state", "/alerts/token"):
        client.get(address)
    inputs = [{"id": "feedback-changed", "property": "data", "value": 1}]
    assert callback(client, "feedback-waiting.children", inputs).status_code == 200
    clock.minutes(1)
    assert not _is_in(client)


@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("GET", "/account"),
        ("GET", "/worklist"),
        ("GET", "/"),
        ("POST", "/session"),
        ("POST", "/account/tokens"),
        ("POST", "/uploads"),
        ("PATCH", "/uploads/x"),
        ("DELETE", "/uploads/x"),
        ("POST", "/scans/x/correction"),
    ],
)
def test_opening_and_sending_keep_a_session(clock: Clock, sign_in: SignIn, method: str, address: str) -> None:
    client = sign_in()
    clock.minutes(29)
    client.open(address, method=method, headers=client.csrf)
    clock.minutes(29)
    assert _is_in(client)
    clock.minutes(1)
    assert not _is_in(client)


def test_what_is_sent_without_the_csrf_token_is_nobodys_activity(clock: Clock, sign_in: SignIn) -> None:
    client = sign_in()
    clock.minutes(29)
    assert client.post("/session").status_code == 400
    clock.minutes(1)
    assert not _is_in(client)


def test_an_ended_session_is_told_so(clock: Clock, sign_in: SignIn) -> None:
    client = sign_in()
    clock.minutes(31)
    answer = client.get("/account")
    assert answer.location == "/login?next=/account&expired=1"
    assert "nobody was active" in client.get(answer.location).text
    assert client.post("/session", headers={"X-CSRFToken": "x"}).status_code == 401


def test_how_long_a_session_lasts_is_told_and_asking_is_no_activity(clock: Clock, sign_in: SignIn) -> None:
    client = sign_in()
    clock.minutes(26)
    assert client.get("/session").json == {"left_s": 240.0, "idle_s": 1800.0, "final": False}
    clock.minutes(3)
    assert client.get("/session").json["left_s"] == 60.0
    client.post("/session", headers=client.csrf)
    assert client.get("/session").json["left_s"] == 1800.0
    clock.minutes(30)
    assert client.get("/session").status_code == 401


def test_the_end_that_activity_does_not_move_is_told_as_such(
    clinic: Clinic, clock: Clock, tmp_path: Path
) -> None:
    store, users = SessionStore(clinic.database), UserStore(clinic.database)
    idle, longest = timedelta(minutes=30), timedelta(minutes=40)
    clinic.replace(sessions=Sessions(store, users, AuditLog(clinic.database), idle, clock, longest=longest))
    client = build_dashboard(clinic.services, secret_key=KEY).server.test_client()
    clinic.person(Role.HEAD)
    log_in(client, "head")
    assert client.get("/session").json == {"left_s": 1800.0, "idle_s": 1800.0, "final": False}
    clock.minutes(11)
    client.get("/account")
    assert client.get("/session").json == {"left_s": 1740.0, "idle_s": 1800.0, "final": True}
    clock.minutes(29)
    client.get("/account")
    assert not _is_in(client)


def test_somebody_who_never_was_here_is_told_nothing(server: Flask) -> None:
    assert server.test_client().get("/account").location == "/login?next=/account"


def test_signing_out_ends_every_copy_of_the_cookie_for_good(
    server: Flask, sign_in: SignIn, next_start: Flask
) -> None:
    client, other = sign_in(), sign_in(name="other")
    copy, later = _copied(server, client), _copied(next_start, client)
    assert _is_in(copy)
    assert client.post("/logout", headers=client.csrf).location == "/login"
    assert not _is_in(client) and not _is_in(copy)
    assert _is_in(other)
    other.post("/logout", headers=other.csrf)
    assert not _is_in(copy) and not _is_in(later)


def test_a_session_outlives_the_server(sign_in: SignIn, next_start: Flask) -> None:
    assert _is_in(_copied(next_start, sign_in()))


def test_idleness_counts_across_a_start(clock: Clock, sign_in: SignIn, next_start: Flask) -> None:
    # The next server has the real clock, for which nobody was active for years.
    assert not _is_in(_copied(next_start, sign_in()))


def test_signing_in_rotates_the_cookie_and_ends_the_session_before(
    server: Flask, clinic: Clinic, sign_in: SignIn
) -> None:
    client = sign_in()
    before = _copied(server, client)
    clinic.person(Role.HEAD, "hedy")
    token = form_token(client.get("/account").text)
    form = {"csrf_token": token, "name": "hedy", "password": PASSWORD}
    assert client.post("/login", data=form).location == "/"
    assert client.get_cookie(COOKIE) != before.get_cookie(COOKIE)
    assert _is_in(client) and not _is_in(before)


def test_nothing_from_before_the_sign_in_stays_in_the_cookie(server: Flask, clinic: Clinic) -> None:
    clinic.person(Role.CLINICIAN)
    client = server.test_client()
    with client:
        client.get("/login")
        planted = session["csrf_token"]
        log_in(client, "clinician")
        client.get("/account")
        assert session["csrf_token"] != planted


def test_a_new_password_rotates_the_cookie(server: Flask, sign_in: SignIn) -> None:
    client = sign_in()
    before = _copied(server, client)
    form = {"old": PASSWORD, "new": "another long passphrase", "again": "another long passphrase"}
    assert client.post("/account/password", data=form, headers=client.csrf).status_code == 302
    assert _is_in(client) and not _is_in(before)


@pytest.mark.parametrize("how", ["off", "reset"])
def test_the_sessions_of_an_account_end_at_once(clinic: Clinic, sign_in: SignIn, how: str) -> None:
    client, other = sign_in(), sign_in(name="other")
    user = next(user for user in clinic.accounts.all() if user.name == "clinician")
    if how == "off":
        clinic.accounts.set_active(user.id, False)
    else:
        clinic.accounts.reset_password(user.id)
    assert not _is_in(client) and _is_in(other)


def test_a_cookie_of_0_1_means_signing_in_again(server: Flask, clinic: Clinic) -> None:
    user = clinic.person(Role.CLINICIAN)
    client = server.test_client()
    with client.session_transaction() as kept:  # as 0.1 wrote it
        kept.update(sid="s" * 22, seen=2e9, _user_id=f"{user.id}|{user.session_epoch}", _fresh=True)
    answer = client.get("/worklist")
    assert answer.location == "/login?next=/worklist&expired=1"
    assert log_in(client, "clinician", next="/worklist").location == "/worklist"
    assert _is_in(client)


def test_a_cookie_that_this_server_did_not_sign_is_nobody(server: Flask, sign_in: SignIn) -> None:
    client = sign_in()
    copy = _copied(server, client)
    server.secret_key = "another" * 5
    assert not _is_in(copy)
