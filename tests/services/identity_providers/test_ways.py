"""The ways of signing in as the server keeps them: a directory behind the form, and what answers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine

from data.errors import InvalidInput, NotAllowed
from data.records import ExternalPerson, Role, SignInWay
from data.stores.audit import AuditLog
from services.accounts import accounts_of
from services.department_groups import DepartmentGroups
from services.identity_providers.faults import ProviderAway, SignInRefused
from services.identity_providers.federated_accounts import FederatedAccounts
from services.identity_providers.groups import RoleGroups
from services.identity_providers.ways import SignInWays
from services.sign_in_settings import LdapSettings, SignInSettings
from services.throttling import Origin
from tests.databases import migrated

HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
GROUPS = (("clinician", "radiology"),)
HERE = Origin("10.0.0.1")
SETTINGS = SignInSettings(ldap=LdapSettings(("ldaps://h.example",), "cn=x", "y", "dc=h"), groups=GROUPS)


class OnePerson:
    """A directory that knows Ada, until it goes away."""

    away = False

    def sign_in(self, name: str, password: str) -> ExternalPerson | None:
        self.probe()
        if (name, password) != ("ada", "her own"):
            return None
        return ExternalPerson(SignInWay.LDAP, "ldap:dc=h", "1815", "ada", "Dr Ada", ("radiology",))

    def probe(self) -> None:
        if self.away:
            raise ProviderAway("ldaps://h.example: it cannot be reached.")


@pytest.fixture
def database() -> Iterator[Engine]:
    engine = migrated("sqlite://")
    yield engine
    engine.dispose()


@pytest.fixture
def directory() -> OnePerson:
    return OnePerson()


@pytest.fixture
def ways(database: Engine, directory: OnePerson) -> SignInWays:
    federated = FederatedAccounts(database, RoleGroups(GROUPS), DepartmentGroups(), hasher=HASHER)
    accounts = accounts_of(database, HASHER)
    return SignInWays(SETTINGS, database, accounts, federated, directory=directory)


def test_somebody_of_the_directory_has_an_account_here(ways: SignInWays) -> None:
    user = ways.sign_in_at_directory("ada", "her own", HERE)
    assert (user.name, user.role) == ("ada", Role.CLINICIAN)
    assert ways.sign_in_at_directory("ada", "her own", HERE).id == user.id


def test_wrong_passwords_of_the_directory_make_a_name_wait(ways: SignInWays, database: Engine) -> None:
    for _ in range(5):
        with pytest.raises(SignInRefused, match="The name or the password is wrong"):
            ways.sign_in_at_directory("ada", "guess", HERE)
    with pytest.raises(InvalidInput, match="try again in a minute"):
        ways.sign_in_at_directory("ada", "her own", HERE)
    assert AuditLog(database).recent(1)[0].action == "sign-in failed"


def test_a_right_password_starts_the_count_anew(ways: SignInWays) -> None:
    for _ in range(3):
        for _ in range(4):
            with pytest.raises(SignInRefused):
                ways.sign_in_at_directory("ada", "guess", HERE)
        ways.sign_in_at_directory("ada", "her own", HERE)


def test_strangers_guesses_do_not_keep_somebody_out_of_a_browser_that_they_know(ways: SignInWays) -> None:
    user = ways.sign_in_at_directory("ada", "her own", HERE)
    browser = ways._accounts.throttle.remember("", user.id)
    for number in range(31):  # from everywhere, more than a name may have over all sources
        with pytest.raises((SignInRefused, InvalidInput)):
            ways.sign_in_at_directory("ada", "guess", Origin(f"10.0.1.{number}"))
    with pytest.raises(InvalidInput, match="try again"):
        ways.sign_in_at_directory("ada", "her own", HERE)
    assert ways.sign_in_at_directory("ada", "her own", Origin("10.0.0.1", browser)).id == user.id


def test_a_directory_that_is_away_makes_nobody_wait(ways: SignInWays, directory: OnePerson) -> None:
    directory.away = True
    for _ in range(7):
        with pytest.raises(ProviderAway):
            ways.sign_in_at_directory("ada", "her own", HERE)
    directory.away = False
    assert ways.sign_in_at_directory("ada", "her own", HERE).name == "ada"


def test_whether_a_way_answers_is_asked_each_minute_and_by_a_button(
    ways: SignInWays, directory: OnePerson
) -> None:
    assert [status.answers for status in ways.statuses()] == [None]
    assert ways.away(SignInWay.LDAP) == ""
    ways.tick()
    assert ways.statuses()[0].answers is True
    directory.away = True
    admin = ways._accounts.create("root", "", Role.ADMIN)[0]
    status = ways.try_out(SignInWay.LDAP, admin)
    assert (status.answers, status.detail) == (False, "ldaps://h.example: it cannot be reached.")
    assert ways.away(SignInWay.LDAP) == "The hospital's sign-in does not answer at present."
    clinician = ways._accounts.create("carl", "", Role.CLINICIAN)[0]
    with pytest.raises(NotAllowed):
        ways.try_out(SignInWay.LDAP, clinician)


def test_a_way_that_is_not_set_up_is_refused(database: Engine) -> None:
    federated = FederatedAccounts(database, RoleGroups(()), DepartmentGroups(), hasher=HASHER)
    ways = SignInWays(SignInSettings(), database, accounts_of(database, HASHER), federated)
    ways.tick()
    assert ways.statuses() == []
    with pytest.raises(SignInRefused, match="No directory is set up"):
        ways.sign_in_at_directory("ada", "her own", HERE)
    with pytest.raises(SignInRefused, match="No OpenID provider is set up"):
        ways.ended_at_provider("x")
