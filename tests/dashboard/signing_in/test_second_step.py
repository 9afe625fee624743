"""Signing in with a second factor, setting it up, and who is led to do so first."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient

from dashboard.build import build_dashboard
from data.database import now
from data.records import Role, User
from data.stores.passkeys import PasskeyStore
from services.assembly.second_factors import build_second_factors
from services.second_factors.codes import STEP_SECONDS
from services.second_factors.second_factors import NO_PASSKEY
from tests.authenticator import Authenticator
from tests.dashboard.clinic import PASSWORD, Clinic
from tests.dashboard.conftest import SignIn, form_token, log_in

FACTOR = "/account/second-factor"


def _code(secret: str, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at((now() + timedelta(seconds=steps * STEP_SECONDS)).timestamp())


def _set_up(client: FlaskClient) -> tuple[str, list[str]]:
    """Set an app up by the page's form; its secret, and the recovery codes that are shown."""
    secret = re.search(r'id="app-key">(\w+)<', client.get(FACTOR).text)
    assert secret is not None
    form = {"password": PASSWORD, "code": _code(secret[1], -1)}  # so that the next two are unused
    page = client.post(f"{FACTOR}/app", data=form, headers=client.csrf).text  # type: ignore[attr-defined]
    client.csrf = {"X-CSRFToken": form_token(page)}  # type: ignore[attr-defined]
    return secret[1], re.findall(r"<code>([\w-]{29})</code>", page)


def _give(client: FlaskClient, code: str):
    form = {"csrf_token": form_token(client.get("/login/second-factor").text), "code": code}
    return client.post("/login/second-factor", data=form)


def _in(client: FlaskClient) -> bool:
    return client.get("/changes").status_code == 200


def _person(clinic: Clinic, name: str = "clinician") -> User:
    return next(user for user in clinic.accounts.all() if user.name == name)


def test_with_an_app_the_password_alone_signs_nobody_in(server: Flask, sign_in: SignIn) -> None:
    here, there = sign_in(), sign_in()
    secret, codes = _set_up(here)
    assert len(codes) == 10 and codes[0] not in here.get(FACTOR).text
    assert _in(here) and not _in(there)
    client = server.test_client()
    assert log_in(client, "clinician", next="/worklist?q=x").location == "/login/second-factor"
    assert not _in(client) and client.get("/account").status_code == 302
    wrong = _give(client, "000000")
    assert wrong.status_code == 401 and "is not right" in wrong.text and not _in(client)
    assert _give(client, _code(secret)).location == "/worklist?q=x"
    assert _in(client)
    again = server.test_client()
    log_in(again, "clinician")
    assert _give(again, _code(secret)).status_code == 401  # used once
    assert _give(again, codes[3]).location == "/account"  # where the use of a recovery code is told
    assert "A recovery code was used" in again.get("/account").text


def test_without_the_password_there_is_no_second_step(server: Flask) -> None:
    client = server.test_client()
    assert client.get("/login/second-factor").location == "/login?expired=1"
    form = {"csrf_token": form_token(client.get("/login").text), "code": "000000"}
    assert client.post("/login/second-factor", data=form).location == "/login?expired=1"


def test_what_signs_in_changes_only_with_the_password(clinic: Clinic, sign_in: SignIn) -> None:
    client = sign_in()
    _set_up(client)
    wrong = {"password": "not it"}
    for address in ("app/remove", "recovery-codes", "passkeys/options"):
        assert client.post(f"{FACTOR}/{address}", data=wrong, headers=client.csrf).status_code == 400
    assert clinic.services.second_factors.of(_person(clinic).id).any
    kept = client.get_cookie("lightbox_session")
    answer = client.post(f"{FACTOR}/app/remove", data={"password": PASSWORD}, headers=client.csrf)
    assert answer.location == f"{FACTOR}?changed=1" and _in(client)
    assert client.get_cookie("lightbox_session") != kept
    assert not clinic.services.second_factors.of(_person(clinic).id).any


def test_a_role_that_needs_a_second_factor_sets_it_up_before_anything_else(clinic: Clinic) -> None:
    settings = clinic.services.settings
    object.__setattr__(settings, "second_factor", frozenset({Role.MLOPS}))
    factors = build_second_factors(clinic.database, settings, clinic.accounts)
    clinic.replace(second_factors=factors)
    server = build_dashboard(clinic.services, secret_key="k" * 32).server
    clinic.person(Role.MLOPS)
    clinic.person(Role.HEAD)
    free, client = server.test_client(), server.test_client()
    log_in(free, "head")
    assert _in(free)
    log_in(client, "mlops")
    assert client.get("/worklist").location == FACTOR and client.get("/account").location == FACTOR
    refused = client.get("/changes")
    assert (refused.status_code, refused.json["error"]["code"]) == (403, "second_factor")
    page = client.get(FACTOR).text
    assert "Your role asks for a second factor" in page
    client.csrf = {"X-CSRFToken": form_token(page)}  # type: ignore[attr-defined]
    _set_up(client)
    assert _in(client)


def test_who_lost_a_factor_is_told_of_its_removal(clinic: Clinic, server: Flask, sign_in: SignIn) -> None:
    client = sign_in()
    _set_up(client)
    clinic.services.second_factors.reset(_person(clinic).id, by=clinic.person(Role.ADMIN))
    assert not _in(client)
    again = server.test_client()
    assert log_in(again, "clinician", next="/worklist").location == "/account"
    page = again.get("/account").text
    assert "An administrator has removed your second factors" in page
    again.post("/account/notices", data={"csrf_token": form_token(page)})
    assert "has removed" not in again.get("/account").text
    assert log_in(server.test_client(), "clinician", next="/worklist").location == "/worklist"


def test_a_reset_password_does_not_go_past_the_second_factor(
    clinic: Clinic, server: Flask, sign_in: SignIn
) -> None:
    secret, _ = _set_up(sign_in())
    first = clinic.accounts.reset_password(_person(clinic).id)
    client = server.test_client()
    assert log_in(client, "clinician", first).location == "/login/second-factor"
    assert client.get("/account/password").status_code == 302
    assert _give(client, _code(secret)).location == "/account/password"


def test_own_sessions_are_shown_in_words_and_ended_with_the_password(server: Flask, sign_in: SignIn) -> None:
    here = sign_in()
    there = server.test_client()
    firefox = {"User-Agent": "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"}
    token = form_token(there.get("/login", headers=firefox).text)
    form = {"csrf_token": token, "name": "clinician", "password": PASSWORD}
    there.post("/login", data=form, headers=firefox)
    page = here.get("/account").text
    assert "Firefox on Windows, from 127.0.0.1" in page
    session = re.search(r'name="session" value="(\w{64})"', page)
    assert session is not None
    wrong = here.post("/account/sessions", data={"session": session[1]}, headers=here.csrf)
    assert wrong.status_code == 400 and _in(there)
    ended = {"session": session[1], "password": PASSWORD}
    assert here.post("/account/sessions", data=ended, headers=here.csrf).status_code == 302
    assert _in(here) and not _in(there)
    third = sign_in()
    here.post("/account/sessions", data={"session": "others", "password": PASSWORD}, headers=here.csrf)
    assert _in(here) and not _in(third)
    _set_up(here)  # whose app shows codes is asked for none with this
    typed = {"session": "others", "password": PASSWORD, "confirmed": "{}"}  # who has typed one means that
    assert here.post("/account/sessions", data=typed, headers=here.csrf).status_code == 302
    answered = typed | {"password": ""}
    refused = here.post("/account/sessions", data=answered, headers=here.csrf)
    assert refused.status_code == 400 and NO_PASSKEY in refused.text


def test_what_a_passkey_is_to_sign_is_told_for_known_acts_and_who_has_one(
    clinic: Clinic, sign_in: SignIn
) -> None:
    client = sign_in()

    def ask(act: str) -> tuple[int, str]:
        answer = client.post("/confirm/passkey", data={"act": act}, headers=client.csrf)
        return answer.status_code, answer.text

    status, said = ask("end sessions")
    assert status == 400 and NO_PASSKEY in said
    PasskeyStore(clinic.database).add(Authenticator(_person(clinic).id, "http://localhost").passkey())
    assert "Use a passkey instead" in client.get(FACTOR).text
    for act in ("end sessions", "change second factors", "erase P-7K4MX"):
        status, told = ask(act)
        assert (status, json.loads(told)["userVerification"]) == (200, "required")
    for act in ("", "promote", "erase P-7K4MX; drop"):
        assert ask(act)[0] == 400 and "nothing that has to be confirmed" in ask(act)[1]


def test_a_stranger_locks_nobody_out_of_a_browser_they_know(
    server: Flask, clinic: Clinic, sign_in: SignIn
) -> None:
    known, stranger = sign_in(), server.test_client()
    known.post("/logout", headers=known.csrf)
    for _ in range(5):
        log_in(stranger, "clinician", "a wrong password")
    assert "too many wrong passwords" in log_in(stranger, "clinician").text
    assert log_in(known, "clinician", next="/worklist").location == "/worklist"


def test_a_name_that_does_not_exist_is_answered_as_one_that_does(server: Flask, clinic: Clinic) -> None:
    clinic.person(Role.CLINICIAN)
    answers = []
    for name in ("clinician", "nobody-here"):
        client = server.test_client()
        texts = [log_in(client, name, "a wrong password") for _ in range(6)]
        answers.append([(text.status_code, re.sub(r'value="[^"]*"', "", text.text)) for text in texts])
    assert answers[0] == answers[1]


@pytest.mark.parametrize("address", ["/login", "/login/second-factor", FACTOR])
def test_no_script_of_the_plain_pages_stands_in_them(sign_in: SignIn, address: str) -> None:
    client = sign_in()
    for script in re.findall(r"<script[^>]*>", client.get(address).text):
        assert 'src="/assets/' in script


def test_passkeys_are_not_offered_where_browsers_refuse_them(server: Flask, sign_in: SignIn) -> None:
    client = sign_in()
    assert "Set up a passkey" in client.get(FACTOR).text  # localhost
    page = client.get(FACTOR, base_url="http://127.0.0.1:8050").text
    assert "Set up a passkey" not in page
    fresh = server.test_client()
    assert "Sign in with a passkey" in fresh.get("/login").text
    assert "Sign in with a passkey" not in fresh.get("/login", base_url="http://127.0.0.1:8050").text
    token = form_token(fresh.get("/login", base_url="http://10.0.0.1").text)
    data = {"csrf_token": token}
    refused = fresh.post("/login/passkey/options", data=data, base_url="http://10.0.0.1")
    assert refused.status_code == 400 and "over https" in refused.json["error"]["message"]
