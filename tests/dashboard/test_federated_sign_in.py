"""To the hospital's sign-in and back, in pages: the whole way, and everything that may come in between."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient

from dashboard.build import build_dashboard
from dashboard.components.sign_in_ways import ways_of_accounts
from dashboard.pages import admin as admin_page
from dashboard.pages import sign_in_ways as ways_page
from data.errors import InvalidInput
from data.records import ExternalPerson, Role, Scan, SignInWay, User
from services.identity_providers.oidc import OidcProvider
from services.identity_providers.oidc_tokens import LOGOUT_EVENT
from services.sign_in_settings import LdapSettings, OidcSettings, SignInSettings
from tests.dashboard.clinic import PASSWORD, Clinic
from tests.dashboard.conftest import SignIn, callback, form_token, log_in
from tests.dashboard.hospital import ways_of
from tests.integration.servers import free_port
from tests.oidc_provider import TestProvider, oidc_provider

LIGHTBOX = "http://localhost"
NUMBERS = count(1)
GROUPS = (("head", "leads"), ("clinician", "radiology"))


CALLBACK = f"{LIGHTBOX}/sign-in/oidc/callback"


@pytest.fixture(scope="module")
def provider() -> Iterator[TestProvider]:
    with oidc_provider(LIGHTBOX) as provider:
        yield provider


@pytest.fixture(scope="module")
def clinic(provider: TestProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    """One for all tests: each has people of its own."""
    clinic = Clinic(tmp_path_factory.mktemp("clinic"), networks=False)
    settings = SignInSettings(oidc=provider.settings(), groups=GROUPS)
    clinic.replace(sign_in_ways=ways_of(clinic, settings, OidcProvider(settings.oidc, CALLBACK)))
    yield clinic
    clinic.close()


@pytest.fixture(scope="module")
def server(clinic: Clinic) -> Flask:
    return build_dashboard(clinic.services, secret_key="k" * 32).server


@pytest.fixture
def ada(provider: TestProvider) -> str:
    """Somebody in the group of clinicians, of whom nobody has heard yet."""
    login = f"ada-{next(NUMBERS)}"
    provider.knows(login, "radiology", name="Dr Ada Lovelace")
    provider.spoil("")
    return login


@pytest.fixture
def other_house(clinic: Clinic) -> Callable[..., FlaskClient]:
    """A client of a server on the same accounts with other ways of signing in."""

    def made(settings: SignInSettings, **ways: Any) -> FlaskClient:
        services = replace(clinic.services, sign_in_ways=ways_of(clinic, settings, **ways))
        return build_dashboard(services, secret_key="k" * 32).server.test_client()

    return made


def _user(clinic: Clinic, name: str) -> User:
    (user,) = [user for user in clinic.accounts.all() if user.name == name]
    return user


def _status_of(client: FlaskClient, scan: Scan) -> int:
    return client.get(f"/api/v1/scans/{scan.id}").status_code


def _path(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"


def _go(client: FlaskClient, provider: TestProvider, login: str, target: str = "/worklist") -> str:
    """From Lightbox to the provider and through it: the address of the answer."""
    begun = client.get("/sign-in/oidc", query_string={"next": target})
    assert begun.status_code == 302, begun.text
    return _path(provider.answer_to(begun.location, login))


def _is_in(client: FlaskClient) -> bool:
    return client.get("/changes").status_code == 200


def test_somebody_comes_by_the_provider_to_the_page_they_asked_for(
    provider: TestProvider, ada: str, server: Flask, clinic: Clinic
) -> None:
    client = server.test_client()
    page = client.get(client.get("/worklist?q=ada").location).text
    assert "Sign in with your hospital account" in page
    assert 'href="/sign-in/oidc?next=/worklist%3Fq%3Dada"' in page
    answer = client.get(_go(client, provider, ada, "/worklist?q=ada"))
    assert answer.location == "/worklist?q=ada"
    assert _is_in(client)
    assert _user(clinic, ada).role is Role.CLINICIAN


def test_the_providers_groups_say_whose_scans_somebody_sees(
    provider: TestProvider, ada: str, clinic: Clinic, other_house: Callable[..., FlaskClient]
) -> None:
    admin = clinic.person(Role.ADMIN, "departments.keeper")
    made = clinic.services.departments.departments.make("North", [], ["North Institute"], admin)
    own, other = (clinic.add_volume("u", site=site) for site in ("North Institute", "elsewhere"))
    settings = SignInSettings(
        oidc=provider.settings(),
        groups=GROUPS,
        departments=(("North", "north"), ("*", "whole-house")),
    )
    provider.knows(ada, "radiology", "north", name="Dr Ada Lovelace")
    client = other_house(settings, oidc=OidcProvider(settings.oidc, CALLBACK))
    client.get(_go(client, provider, ada))
    assert _user(clinic, ada).departments == frozenset({made.id})
    assert [_status_of(client, scan) for scan in (own, other)] == [200, 404]
    second = other_house(settings, oidc=OidcProvider(settings.oidc, CALLBACK))
    provider.knows(ada, "radiology", name="Dr Ada Lovelace")
    second.get(_go(second, provider, ada))
    assert _user(clinic, ada).departments == frozenset()
    assert [_status_of(client, scan) for scan in (own, other)] == [404, 404]  # the first session too


def test_the_account_page_says_by_which_way_and_offers_no_password(
    provider: TestProvider, ada: str, server: Flask
) -> None:
    client = server.test_client()
    client.get(_go(client, provider, ada))
    page = client.get("/account").text
    assert "Signed in through the hospital&#39;s sign-in (OpenID Connect)" in page
    assert "Change password" not in page
    assert client.get("/account/password").status_code == 400
    csrf = {"X-CSRFToken": form_token(page)}
    form = {"old": "x", "new": "another long passphrase", "again": "another long passphrase"}
    assert client.post("/account/password", data=form, headers=csrf).status_code == 400


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example/x", "/\\evil.example", "javascript:alert(1)", "/x" * 900],
)
def test_it_never_leads_to_somewhere_else(
    provider: TestProvider, ada: str, server: Flask, target: str
) -> None:
    client = server.test_client()
    assert client.get(_go(client, provider, ada, target)).location == "/"


def test_a_callback_counts_once_and_then_leads_on_or_says_so(
    provider: TestProvider, ada: str, server: Flask
) -> None:
    client = server.test_client()
    answer = _go(client, provider, ada)
    client.get(answer)
    assert client.get(answer).location == "/"  # the back button
    client.post("/logout", headers={"X-CSRFToken": form_token(client.get("/account").text)})
    again = client.get(answer)
    assert again.status_code == 400
    assert "a sign-in that is over" in again.text and not _is_in(client)


def test_the_answer_to_one_browser_is_worth_nothing_in_another(
    provider: TestProvider, ada: str, server: Flask
) -> None:
    answer = _go(server.test_client(), provider, ada)
    other = server.test_client()
    page = other.get(answer)
    assert page.status_code == 400 and "another browser began" in page.text
    assert not _is_in(other)


@pytest.mark.parametrize("query", ["", "?code=x", "?state=", "?code=x&state=made-up", "?error=access_denied"])
def test_a_callback_without_its_state_is_a_page_in_words(
    provider: TestProvider, ada: str, server: Flask, query: str
) -> None:
    page = server.test_client().get(f"/sign-in/oidc/callback{query}")
    assert page.status_code == 400 and "a sign-in that is over" in page.text


def test_two_tabs_may_be_on_their_way_at_once(provider: TestProvider, ada: str, server: Flask) -> None:
    client = server.test_client()
    first, second = (_go(client, provider, ada, target) for target in ("/worklist", "/cohort"))
    assert client.get(second).location == "/cohort"
    assert client.get(first).location == "/" and _is_in(client)


def test_an_attempt_lasts_ten_minutes(
    provider: TestProvider, ada: str, server: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = server.test_client()
    answer = _go(client, provider, ada)
    with client.session_transaction() as kept:
        kept["oidc_attempts"] = [each | {"at": each["at"] - 601} for each in kept["oidc_attempts"]]
    assert client.get(answer).status_code == 400
    assert not _is_in(client)


def test_who_breaks_it_off_at_the_provider_is_told_so(
    provider: TestProvider, ada: str, server: Flask
) -> None:
    client = server.test_client()
    begun = client.get("/sign-in/oidc?next=/worklist").location
    page = client.get(_path(provider.broken_off(begun)))
    assert page.status_code == 403
    assert "did not let you in, or you broke it off" in page.text
    assert 'href="/sign-in/oidc?next=/worklist"' in page.text  # once more, to the same place


def test_an_answer_that_does_not_hold_lets_nobody_in(provider: TestProvider, ada: str, server: Flask) -> None:
    client = server.test_client()
    provider.spoil("signature")
    page = client.get(_go(client, provider, ada))
    assert page.status_code == 403 and "its signature does not fit" in page.text
    assert not _is_in(client)


def test_without_a_group_that_counts_there_is_no_entry(
    provider: TestProvider, ada: str, server: Flask, clinic: Clinic
) -> None:
    provider.knows(ada, "kitchen")
    client = server.test_client()
    page = client.get(_go(client, provider, ada))
    assert page.status_code == 403 and "none of your groups may use Lightbox" in page.text
    assert ada not in {user.name for user in clinic.accounts.all()} and not _is_in(client)


def test_another_group_is_another_role_and_ends_the_other_sessions(
    provider: TestProvider, ada: str, server: Flask, clinic: Clinic
) -> None:
    here, there = server.test_client(), server.test_client()
    there.get(_go(there, provider, ada))
    provider.knows(ada, "radiology", "leads")
    here.get(_go(here, provider, ada))
    assert _user(clinic, ada).role is Role.HEAD
    assert _is_in(here) and not _is_in(there)


def test_an_account_of_the_same_name_is_not_taken_over(
    provider: TestProvider, ada: str, server: Flask, clinic: Clinic
) -> None:
    user = clinic.person(Role.ADMIN, ada)
    client = server.test_client()
    page = client.get(_go(client, provider, ada))
    assert page.status_code == 403 and f"There is an account called {ada} here already" in page.text
    assert not _is_in(client) and clinic.accounts.user(user.id).role is Role.ADMIN  # type: ignore[union-attr]


def test_signing_out_signs_out_at_the_provider_too(provider: TestProvider, ada: str, server: Flask) -> None:
    client = server.test_client()
    with requests.Session() as browser:
        begun = client.get("/sign-in/oidc").location
        client.get(_path(provider.answer_to(begun, ada, browser)))
        page = client.post("/logout", headers={"X-CSRFToken": form_token(client.get("/account").text)})
        assert f'content="0; url={provider.url}/session/end?id_token_hint=' in page.text
        assert not _is_in(client)


def test_a_local_session_just_ends(provider: TestProvider, sign_in: SignIn) -> None:
    client = sign_in()
    assert client.post("/logout", headers=client.csrf).location == "/login"  # type: ignore[attr-defined]


def test_a_logout_at_the_provider_ends_the_sessions_that_began_there(
    provider: TestProvider, ada: str, server: Flask, clinic: Clinic
) -> None:
    clinic.person(Role.CLINICIAN, "local")
    client, local = server.test_client(), server.test_client()
    client.get(_go(client, provider, ada))
    log_in(local, "local")
    claims = {"iss": provider.url, "aud": "lightbox", "sub": ada, "events": {LOGOUT_EVENT: {}}}
    token = provider.signed(**claims, iat=int(time.time()))
    address = "/sign-in/oidc/backchannel-logout"
    assert server.test_client().post(address, data={"logout_token": "forged"}).status_code == 400
    assert server.test_client().post(address).status_code == 400
    assert _is_in(client)
    assert server.test_client().post(address, data={"logout_token": token}).status_code == 200
    assert not _is_in(client) and _is_in(local)


def test_a_provider_that_is_away_is_said_and_passwords_go_on(
    clinic: Clinic, other_house: Callable[..., FlaskClient]
) -> None:
    oidc = OidcSettings(f"http://127.0.0.1:{free_port()}", "lightbox")
    clinic.person(Role.CLINICIAN, "somebody")
    client = other_house(SignInSettings(oidc=oidc, groups=GROUPS), oidc=OidcProvider(oidc, CALLBACK))
    page = client.get("/sign-in/oidc?next=/worklist")
    assert page.status_code == 503
    assert "does not answer at present" in page.text and '<details class="lb-login-local" open>' in page.text
    assert "does not answer at present" in client.get("/login").text
    assert log_in(client, "somebody", PASSWORD).status_code == 302


def test_where_nothing_is_set_up_nothing_is_there(other_house: Callable[..., FlaskClient]) -> None:
    client = other_house(SignInSettings())
    page = client.get("/login").text
    assert "hospital" not in page and "<details" not in page
    assert client.get("/sign-in/oidc").status_code == 404
    assert client.get("/sign-in/oidc/callback?code=x&state=y").status_code == 404
    assert client.post("/sign-in/oidc/backchannel-logout").status_code == 400
    form = {"csrf_token": form_token(page), "name": "a", "password": "b"}
    assert client.post("/sign-in/ldap", data=form).status_code == 404
    assert client.post("/sign-in/ldap", data={"name": "a"}).status_code == 400  # without a CSRF token


HER_OWN = "her own"


class OnePerson:
    """A directory that knows one name and password."""

    def sign_in(self, name: str, password: str) -> ExternalPerson | None:
        if (name, password) != ("grace", HER_OWN):
            return None
        return ExternalPerson(SignInWay.LDAP, "ldap:dc=h", "1906", name, "Dr Grace Hopper", ("radiology",))

    def probe(self) -> None:
        pass


def test_a_name_and_password_of_the_directory_sign_in_by_a_form_of_their_own(
    clinic: Clinic, other_house: Callable[..., FlaskClient]
) -> None:
    ldap = LdapSettings(("ldaps://h.example",), "cn=x", "y", "dc=h")
    client = other_house(SignInSettings(ldap=ldap, groups=GROUPS), directory=OnePerson())
    page = client.get("/login?next=/worklist%3Fq%3Dx").text
    assert 'action="/sign-in/ldap"' in page and "With a password of Lightbox" in page
    form = {"csrf_token": form_token(page), "name": "grace", "next": "/worklist?q=x"}
    wrong = client.post("/sign-in/ldap", data=form | {"password": "guess"})
    assert wrong.status_code == 401 and "The name or the password is wrong" in wrong.text
    assert 'id="ldap-name" name="name" value="grace"' in wrong.text
    assert client.post("/login", data=form | {"password": HER_OWN}).status_code == 401  # the other form
    assert client.post("/sign-in/ldap", data=form | {"password": HER_OWN}).location == "/worklist?q=x"
    assert "the hospital&#39;s directory (LDAP)" in client.get("/account").text
    assert _user(clinic, "grace").role is Role.CLINICIAN


def test_an_administrator_sees_the_ways_and_links_who_waits(
    provider: TestProvider, ada: str, server: Flask, clinic: Clinic
) -> None:
    admin = clinic.person(Role.ADMIN, f"admin-of-{ada}")
    local = clinic.person(Role.HEAD, ada)
    client = server.test_client()
    assert client.get(_go(client, provider, ada)).status_code == 403
    ways, accounts = clinic.services.sign_in_ways, clinic.accounts
    ways.try_out(SignInWay.OIDC, admin)
    shown = str(ways_page.ways(ways))
    assert provider.url in shown and "'yes'" in shown and "radiology" in shown
    waiting = str(ways_page.identities(ways, accounts, admin))
    assert "waits" in waiting and f"value='{local.id}'" in waiting  # the account of the same name is proposed
    (identity,) = [each for each in ways.federated.all(admin) if each.subject == ada]
    with pytest.raises(InvalidInput, match="Choose the account"):
        ways_page.act(ways, admin, identity.id, "link", None)
    assert ways_page.act(ways, admin, identity.id, "link", local.id).startswith("Linked.")
    assert client.get(_go(client, provider, ada)).location == "/worklist"
    assert _user(clinic, ada).id == local.id
    people = str(
        admin_page.people(
            accounts, clinic.services.second_factors, admin, ways_of_accounts(ways.federated.all(admin))
        )
    )
    assert "OpenID Connect" in people and "Password of Lightbox" in people
    assert ways_page.act(ways, admin, identity.id, "unlink", None).startswith("Unlinked;")
    assert not _is_in(client)


def test_the_password_of_who_comes_from_the_hospital_is_not_reset_here(
    provider: TestProvider, ada: str, server: Flask, sign_in: SignIn, clinic: Clinic
) -> None:
    client = server.test_client()
    client.get(_go(client, provider, ada))
    administrator = sign_in(Role.ADMIN, name=f"chief-of-{ada}")
    other = clinic.person(Role.HEAD, f"local-{ada}")
    assert "signs in with the hospital" in _reset(administrator, _user(clinic, ada))
    assert _is_in(client)
    assert "one-time password of" in _reset(administrator, other)


def _reset(administrator: FlaskClient, user: User) -> str:
    """Press "Reset password" in the list of people; what comes back."""
    (output,) = {
        each["output"]
        for each in administrator.get("/_dash-dependencies").json
        for place in each["inputs"]
        if '"type":"admin-action"' in place["id"]
    }
    button = {"type": "admin-action", "user": user.id, "verb": "reset"}
    key = json.dumps(button, separators=(",", ":"), sort_keys=True)
    inputs = [[{"id": button, "property": "n_clicks", "value": 1}]]
    return str(callback(administrator, output, inputs, changed=f"{key}.n_clicks").text)
