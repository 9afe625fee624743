"""Names and passwords against a real directory: slapd, which takes nobody without TLS."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from data.records import Role, SignInWay
from services.identity_providers import ldap
from services.identity_providers.faults import ProviderAway
from services.identity_providers.ldap import LdapDirectory
from services.sign_in_settings import LdapSettings, SignInSettings
from services.throttling import Origin
from tests.dashboard.clinic import Clinic
from tests.dashboard.hospital import ways_of
from tests.integration.directory import BASE, PASSWORD, LdapServer, slapd
from tests.integration.servers import free_port

pytestmark = pytest.mark.integration

WRONG = "wrong"
PEOPLE = ("ada", "bob", "twin")
GROUPS = {
    "radiology": ("ada", "bob"),
    "leads": ("bob",),
    "hospital": ("radiology",),  # of groups
    "loop": ("hospital", "ring"),
    "ring": ("loop",),
}


@pytest.fixture(scope="module")
def server() -> Iterator[LdapServer]:
    with slapd(PEOPLE, GROUPS) as running:
        yield running


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    clinic = Clinic(tmp_path, networks=False)
    yield clinic
    clinic.close()


def _directory(server: LdapServer, **changes: object) -> LdapDirectory:
    return LdapDirectory(server.settings(**changes), server.ca)


def _dn(*groups: str) -> tuple[str, ...]:
    return tuple(sorted(f"cn={group},{BASE}" for group in groups))


@pytest.mark.parametrize("way", ["ldaps", "ldap"])
def test_somebody_signs_in_by_ldaps_and_by_starttls(server: LdapServer, way: str) -> None:
    directory = _directory(server, servers=(getattr(server, way),))
    directory.probe()
    person = directory.sign_in("ada", PASSWORD)
    assert person is not None
    assert (person.way, person.name, person.display_name) == (SignInWay.LDAP, "ada", "Dr Ada")
    assert person.groups == _dn("radiology")
    assert len(person.subject) == 36 and person.issuer == f"ldap:{BASE}"  # entryUUID
    again = directory.sign_in("ADA", PASSWORD)
    assert again is not None and again.subject == person.subject


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("ada", "wrong"),
        ("ada", ""),  # would bind as nobody in particular
        ("ada", "\x00"),
        ("nobody", PASSWORD),
        ("", PASSWORD),
        ("*", PASSWORD),
        ("a*", PASSWORD),
        ("ada)(uid=*", PASSWORD),
        ("ada)(|(uid=*))(", PASSWORD),
        ("\\61da", PASSWORD),
    ],
)
def test_what_does_not_fit_lets_nobody_in(server: LdapServer, name: str, password: str) -> None:
    assert _directory(server).sign_in(name, password) is None


def test_a_filter_that_fits_several_people_lets_nobody_in(server: LdapServer) -> None:
    everybody = "(|(objectClass=inetOrgPerson)(uid={name}))"
    assert _directory(server, filter=everybody).sign_in("ada", PASSWORD) is None


def test_groups_of_groups_count_where_they_are_set(server: LdapServer) -> None:
    nested = _directory(server, nested_groups=True).sign_in("bob", PASSWORD)
    plain = _directory(server).sign_in("bob", PASSWORD)
    assert nested is not None and plain is not None
    assert plain.groups == _dn("radiology", "leads")
    assert nested.groups == _dn("radiology", "leads", "hospital", "loop", "ring")  # and they end


def test_groups_of_the_directory_say_role_and_departments(server: LdapServer, clinic: Clinic) -> None:
    admin = clinic.person(Role.ADMIN)
    made = clinic.services.departments.departments.make("Neuroradiology North", [], [], admin)
    settings = SignInSettings(
        ldap=server.settings(),
        groups=(("clinician", f"CN=radiology,{BASE}"),),
        departments=(("neuroradiology north", f"CN=leads, {BASE}"), ("*", "leads")),
    )
    ways = ways_of(clinic, settings, directory=_directory(server))
    bob = ways.sign_in_at_directory("bob", PASSWORD, Origin("10.0.0.1"))
    assert (bob.role, bob.departments) == (Role.CLINICIAN, frozenset({made.id}))
    ada = ways.sign_in_at_directory("ada", PASSWORD, Origin("10.0.0.1"))
    assert (ada.role, ada.departments) == (Role.CLINICIAN, frozenset())


def test_the_next_server_is_asked_where_one_is_away(server: LdapServer) -> None:
    away = f"ldaps://127.0.0.1:{free_port()}"
    assert _directory(server, servers=(away, server.ldaps)).sign_in("ada", PASSWORD) is not None
    with pytest.raises(ProviderAway, match="does not answer at present") as refused:
        _directory(server, servers=(away,)).sign_in("ada", PASSWORD)
    assert away in refused.value.detail and "cannot be reached" in refused.value.detail


@pytest.mark.parametrize("way", ["ldaps", "ldap"])
def test_a_certificate_that_cannot_be_verified_gets_no_password(server: LdapServer, way: str) -> None:
    stranger = LdapDirectory(server.settings(servers=(getattr(server, way),)))  # trusts the machine's only
    with pytest.raises(ProviderAway) as refused:
        stranger.sign_in("ada", PASSWORD)
    assert "certificate cannot be verified" in refused.value.detail


def test_a_certificate_of_another_host_gets_no_password(server: LdapServer) -> None:
    port = server.ldaps.rpartition(":")[2]
    with pytest.raises(ProviderAway) as refused:
        _directory(server, servers=(f"ldaps://localhost:{port}",)).sign_in("ada", PASSWORD)
    assert "certificate cannot be verified" in refused.value.detail


def test_a_wrong_service_account_is_the_administrators_matter(server: LdapServer) -> None:
    with pytest.raises(ProviderAway) as refused:
        _directory(server, bind_password=WRONG).sign_in("ada", PASSWORD)
    assert "service account" in refused.value.detail


def test_a_base_that_is_not_there_is_said(server: LdapServer) -> None:
    with pytest.raises(ProviderAway):
        _directory(server, base="dc=elsewhere").probe()


@pytest.mark.parametrize("scheme", ["ldaps", "ldap"])
def test_a_server_that_says_nothing_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, scheme: str
) -> None:
    monkeypatch.setattr(ldap, "ANSWERS_WITHIN_S", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = LdapSettings(
            (f"{scheme}://127.0.0.1:{silent.getsockname()[1]}",), "cn=x", "y", "dc=hospital"
        )
        refused: list[ProviderAway] = []

        def try_it() -> None:
            try:
                LdapDirectory(settings).sign_in("ada", PASSWORD)
            except ProviderAway as error:
                refused.append(error)

        thread = threading.Thread(target=try_it, daemon=True)
        thread.start()
        thread.join(30)
    assert len(refused) == 1
