"""People of the hospital's sign-in show once more who they are, before they erase: at the provider, anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from dashboard.build import build_dashboard
from data.errors import InvalidInput
from data.records import ExternalPerson, SignInWay, User
from data.stores.audit import AuditLog
from services.identity_providers import confirmation as confirming
from services.identity_providers.confirmation import Confirmation
from services.identity_providers.faults import ProviderAway, SignInRefused
from services.identity_providers.oidc import Arrival, OidcProvider
from services.sign_in_settings import LdapSettings, SignInSettings
from services.throttling import Origin
from tests.dashboard.clinic import Clinic
from tests.dashboard.conftest import form_token
from tests.dashboard.hospital import ways_of
from tests.oidc_provider import TestProvider, oidc_provider

LIGHTBOX = "http://localhost"
GROUPS = (("admin", "keepers"),)
ACT = "erase P-7K4MX"
HERE = Origin("10.0.0.1")


@pytest.fixture(scope="module")
def provider() -> Iterator[TestProvider]:
    with oidc_provider(LIGHTBOX) as provider:
        provider.knows("ada", "keepers", name="Dr Ada Lovelace")
        provider.knows("eve", "keepers", name="Dr Eve")
        yield provider


@pytest.fixture(scope="module")
def clinic(provider: TestProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    clinic = Clinic(tmp_path_factory.mktemp("clinic"), networks=False)
    settings = SignInSettings(oidc=provider.settings(), groups=GROUPS)
    oidc = OidcProvider(settings.oidc, f"{LIGHTBOX}/sign-in/oidc/callback")
    ways = ways_of(clinic, settings, oidc)
    asking = Confirmation(clinic.accounts, AuditLog(clinic.database), lambda: "k" * 32, ways)
    clinic.replace(sign_in_ways=ways, retention=replace(clinic.services.retention, confirmation=asking))
    yield clinic
    clinic.close()


@pytest.fixture(scope="module")
def server(clinic: Clinic) -> Flask:
    return build_dashboard(clinic.services, secret_key="k" * 32).server


@pytest.fixture
def signed_in(server: Flask, provider: TestProvider) -> FlaskClient:
    """Ada's browser, in which she has come by the provider."""
    client = server.test_client()
    assert _through(client, provider, "/sign-in/oidc", "ada").status_code == 302
    return client


def _through(client: FlaskClient, provider: TestProvider, address: str, login: str):  # type: ignore[no-untyped-def]
    """From an address of ours to the provider and through it."""
    begun = client.get(address)
    assert begun.status_code == 302, begun.text
    back = urlsplit(provider.answer_to(begun.location, login))
    return client.get(f"{back.path}?{back.query}")


def _once_more(client: FlaskClient, provider: TestProvider, login: str = "ada", act: str = ACT):  # type: ignore[no-untyped-def]
    return _through(client, provider, f"/sign-in/oidc/once-more?act={act}", login)


def _user(clinic: Clinic, name: str) -> User:
    (user,) = [user for user in clinic.accounts.all() if user.name == name]
    return user


def _proof(client: FlaskClient) -> str:
    with client.session_transaction() as session:
        return str(session["confirmed"]["proof"])


def test_who_has_signed_in_anew_is_confirmed_for_that_act_alone(
    clinic: Clinic, provider: TestProvider, signed_in: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = _once_more(signed_in, provider)
    assert (answer.status_code, "You are confirmed" in answer.text) == (200, True)
    asking, ada, proof = clinic.services.retention.confirmation, _user(clinic, "ada"), _proof(signed_in)
    assert asking.at_provider(ada.id)
    asking.confirm(ada.id, proof, "", ACT)
    for given, act in ((proof, "erase P-7K4MY"), ("", ACT), (proof[:-2], ACT), ("a password", ACT)):
        with pytest.raises(InvalidInput, match="sign in at the hospital once more"):
            asking.confirm(ada.id, given, "", act)
    monkeypatch.setattr(confirming, "LASTS", timedelta(seconds=-5))
    with pytest.raises(InvalidInput):
        asking.confirm(ada.id, proof, "", ACT)


def test_the_confirmation_of_another_person_counts_for_nothing(
    clinic: Clinic, provider: TestProvider, server: Flask, signed_in: FlaskClient
) -> None:
    eves = server.test_client()
    _through(eves, provider, "/sign-in/oidc", "eve")
    answer = _once_more(signed_in, provider, "eve")
    assert (answer.status_code, "Somebody else has signed in there" in answer.text) == (403, True)
    with signed_in.session_transaction() as session:
        assert "confirmed" not in session
    _once_more(signed_in, provider)
    asking = clinic.services.retention.confirmation
    with pytest.raises(InvalidInput):
        asking.confirm(_user(clinic, "eve").id, _proof(signed_in), "", ACT)
    refused = [
        event.detail for event in AuditLog(clinic.database).recent(50) if "confirmation" in event.action
    ]
    assert "another person signed in" in refused


def test_a_provider_that_did_not_ask_anew_confirms_nobody(
    clinic: Clinic, provider: TestProvider, signed_in: FlaskClient
) -> None:
    ada = _user(clinic, "ada")
    ways = clinic.services.sign_in_ways
    (identity,) = ways.federated.of(ada.id)
    person = ExternalPerson(SignInWay.OIDC, identity.issuer, identity.subject, "ada", "Dr Ada", ("keepers",))
    asking = clinic.services.retention.confirmation
    for auth_time in (None, 9_000):
        with pytest.raises(SignInRefused, match="did not ask for your password anew"):
            asking.came_back(ada, Arrival(person, "token", "", auth_time), 10_000.0, ACT)
    asking.confirm(
        ada.id, asking.came_back(ada, Arrival(person, "token", "", 10_001), 10_000.0, ACT), "", ACT
    )


def test_only_acts_that_are_confirmed_lead_to_the_provider_and_only_who_is_signed_in(
    server: Flask, signed_in: FlaskClient
) -> None:
    assert signed_in.get("/sign-in/oidc/once-more?act=promote").status_code == 400
    stranger = server.test_client().get(f"/sign-in/oidc/once-more?act={ACT}")
    assert stranger.status_code in (302, 401)
    assert "/login" in stranger.headers.get("Location", "/login")


class OneDirectory:
    """Knows Bob by one password, until it goes away."""

    away = False

    def sign_in(self, name: str, password: str) -> ExternalPerson | None:
        if self.away:
            raise ProviderAway("ldaps://h.example: it cannot be reached.")
        known = (name, password) == ("bob", "his own")
        person = ExternalPerson(SignInWay.LDAP, "ldap:dc=h", "7", "bob", "Dr Bob", ("keepers",))
        return person if known else None

    def probe(self) -> None:
        """It is never asked here."""


def test_who_comes_by_the_directory_gives_its_password(clinic: Clinic) -> None:
    directory = OneDirectory()
    ways = ways_of(clinic, SignInSettings(groups=GROUPS), directory=directory)
    bob = ways.sign_in_at_directory("bob", "his own", HERE)
    asking = Confirmation(clinic.accounts, AuditLog(clinic.database), lambda: "k" * 32, ways)
    assert not asking.at_provider(bob.id)
    asking.confirm(bob.id, "his own", "", ACT)
    for wrong in ("", "another"):
        with pytest.raises(InvalidInput):
            asking.confirm(bob.id, wrong, "", ACT)
    directory.away = True
    with pytest.raises(ProviderAway):
        asking.confirm(bob.id, "his own", "", ACT)


def _in(client: FlaskClient) -> bool:
    return client.get("/session").status_code == 200


def _end_others(client: FlaskClient, **given: str) -> int:
    page = client.get("/account").text
    form = {"csrf_token": form_token(page), "session": "others", **given}
    return client.post("/account/sessions", data=form).status_code


def test_people_of_the_provider_end_their_other_sessions_once_they_have_signed_in_anew(
    clinic: Clinic, provider: TestProvider, server: Flask, signed_in: FlaskClient
) -> None:
    other = server.test_client()
    _through(other, provider, "/sign-in/oidc", "ada")
    assert "sign in at the hospital" in signed_in.get("/account").text
    assert _end_others(signed_in) == 400
    _once_more(signed_in, provider)  # for another act
    assert _end_others(signed_in) == 400 and _in(other)
    assert _once_more(signed_in, provider, act="end sessions").status_code == 200
    assert _end_others(signed_in) == 302
    assert _in(signed_in) and not _in(other)
    (event,) = [each for each in AuditLog(clinic.database).recent(5) if each.action == "confirmed"]
    assert event.detail == "end sessions: by the hospital's sign-in (OpenID Connect)"


def test_people_of_the_directory_end_their_other_sessions_with_its_password(clinic: Clinic) -> None:
    settings = SignInSettings(ldap=LdapSettings(("ldaps://h.example",), "cn=x", "y", "dc=h"), groups=GROUPS)
    ways = ways_of(clinic, settings, directory=OneDirectory())
    asking = Confirmation(clinic.accounts, AuditLog(clinic.database), lambda: "k" * 32, ways)
    retention = replace(clinic.services.retention, confirmation=asking)
    services = replace(clinic.services, sign_in_ways=ways, retention=retention)
    server = build_dashboard(services, secret_key="k" * 32).server
    here, there = (_by_directory(server) for _ in range(2))
    assert "of the hospital's directory, to end one" in here.get("/account").text
    assert _end_others(here, password="another") == 400  # pragma: allowlist secret
    assert _in(there)
    assert _end_others(here, password="his own") == 302  # pragma: allowlist secret
    assert _in(here) and not _in(there)


def _by_directory(server: Flask) -> FlaskClient:
    client = server.test_client()
    form = {"csrf_token": form_token(client.get("/login").text), "name": "bob", "password": "his own"}
    assert client.post("/sign-in/ldap", data=form).status_code == 302
    return client
