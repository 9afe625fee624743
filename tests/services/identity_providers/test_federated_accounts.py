"""From the hospital's identity to an account: roles by groups, no account taken over, administrators link."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine

from data.errors import InvalidInput, NotAllowed
from data.records import CodeGenerator, ExternalPerson, Passkey, Role, SignInWay, User
from data.stores.audit import AuditLog
from data.stores.passkeys import PasskeyStore
from data.stores.second_factors import CodeGeneratorStore, RecoveryCodeStore
from services.accounts import Accounts, accounts_of
from services.department_groups import DepartmentGroups
from services.identity_providers.faults import SignInRefused
from services.identity_providers.federated_accounts import FederatedAccounts
from services.identity_providers.groups import RoleGroups
from tests.databases import migrated

HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
ISSUER = "https://idp.hospital.example"
GROUPS = RoleGroups([("head", "leads"), ("clinician", "radiology"), ("admin", "CN=LB Admins,OU=IT,DC=h")])


@pytest.fixture
def database() -> Iterator[Engine]:
    engine = migrated("sqlite://")
    yield engine
    engine.dispose()


@pytest.fixture
def accounts(database: Engine) -> Accounts:
    return accounts_of(database, HASHER)


@pytest.fixture
def federated(database: Engine) -> FederatedAccounts:
    return FederatedAccounts(database, GROUPS, DepartmentGroups(), hasher=HASHER)


@pytest.fixture
def admin(accounts: Accounts) -> User:
    return accounts.create("root", "Root", Role.ADMIN)[0]


def _ada(*groups: str, name: str = "ada", subject: str = "1815", issuer: str = ISSUER) -> ExternalPerson:
    return ExternalPerson(SignInWay.OIDC, issuer, subject, name, "Dr Ada Lovelace", groups)


def _waiting(federated: FederatedAccounts, by: User, subject: str = "1815") -> str:
    (identity,) = [each for each in federated.all(by) if each.subject == subject]
    assert identity.user_id is None
    return identity.id


@pytest.mark.parametrize(
    ("groups", "role"),
    [
        (("radiology",), Role.CLINICIAN),
        (("radiology", "leads"), Role.HEAD),  # the first line of the mapping counts, not the first group
        (("RADIOLOGY",), Role.CLINICIAN),
        (("cn=lb admins, ou=it, dc=h",), Role.ADMIN),
        (("LB Admins",), None),  # part of a distinguished name is another group
        (("radiology-guests",), None),
        ((), None),
    ],
)
def test_groups_give_the_role_of_the_first_line_that_fits(groups: tuple[str, ...], role: Role | None) -> None:
    assert GROUPS.role(groups) is role


def test_the_first_sign_in_makes_an_account_that_has_no_password(
    federated: FederatedAccounts, accounts: Accounts
) -> None:
    user = federated.enter(_ada("radiology"))
    assert (user.name, user.display_name, user.role) == ("ada", "Dr Ada Lovelace", Role.CLINICIAN)
    assert not user.must_change_password
    for guess in ("", "ada", "1815"):
        with pytest.raises(InvalidInput):
            accounts.sign_in("ada", guess)
    assert federated.enter(_ada("radiology", name="ada.king")).id == user.id  # a new name: the same


def test_another_subject_with_the_same_name_or_another_issuer_is_somebody_else(
    federated: FederatedAccounts,
) -> None:
    federated.enter(_ada("radiology"))
    for other in (_ada("radiology", subject="1816"), _ada("radiology", issuer="https://other.example")):
        with pytest.raises(SignInRefused, match="There is an account called ada here already"):
            federated.enter(other)


def test_an_account_that_is_here_is_not_taken_over_and_an_administrator_links_it(
    federated: FederatedAccounts, accounts: Accounts, admin: User
) -> None:
    user, password = accounts.create("Ada", "Dr Ada", Role.CLINICIAN)
    with pytest.raises(SignInRefused, match="An administrator can link the two"):
        federated.enter(_ada("leads"))
    assert accounts.user(user.id).role is Role.CLINICIAN  # type: ignore[union-attr]
    federated.link(_waiting(federated, admin), user.id, admin)
    assert federated.enter(_ada("leads")).id == user.id
    assert accounts.user(user.id).role is Role.HEAD  # type: ignore[union-attr]
    with pytest.raises(InvalidInput):  # the one-time password of before
        accounts.sign_in("ada", password)


def test_linking_ends_the_ways_of_before_so_that_who_loses_the_group_is_out(
    federated: FederatedAccounts, accounts: Accounts, admin: User, database: Engine
) -> None:
    user, _ = accounts.create("Ada", "Dr Ada", Role.CLINICIAN)
    moment = datetime(2026, 11, 20, 8, tzinfo=UTC)
    CodeGeneratorStore(database).put(CodeGenerator(user.id, "sealed", moment, moment, 0))
    RecoveryCodeStore(database).put(user.id, ["0" * 64], moment)
    PasskeyStore(database).add(Passkey("2" * 32, user.id, "AAAA", "AAAA", 3, "Key", moment))
    with pytest.raises(SignInRefused):
        federated.enter(_ada("radiology"))
    federated.link(_waiting(federated, admin), user.id, admin)
    assert CodeGeneratorStore(database).get(user.id) is None
    assert RecoveryCodeStore(database).left(user.id) == 0
    assert PasskeyStore(database).of_user(user.id) == []


def test_a_namesake_gets_an_account_of_their_own(
    federated: FederatedAccounts, accounts: Accounts, admin: User
) -> None:
    accounts.create("ada", "Another Ada", Role.HEAD)
    with pytest.raises(SignInRefused):
        federated.enter(_ada("radiology"))
    made = federated.make_account(_waiting(federated, admin), admin)
    assert made.name == "ada-2"
    assert federated.enter(_ada("radiology")).id == made.id


def test_what_is_linked_is_linked_once(federated: FederatedAccounts, accounts: Accounts, admin: User) -> None:
    user, _ = accounts.create("ada", "", Role.HEAD)
    with pytest.raises(SignInRefused):
        federated.enter(_ada("radiology"))
    identity = _waiting(federated, admin)
    federated.link(identity, user.id, admin)
    with pytest.raises(InvalidInput, match="has an account already"):
        federated.link(identity, user.id, admin)
    with pytest.raises(InvalidInput, match="has an account already"):
        federated.make_account(identity, admin)


def test_without_a_group_that_counts_nobody_gets_in(federated: FederatedAccounts, accounts: Accounts) -> None:
    with pytest.raises(SignInRefused, match="none of your groups may use Lightbox"):
        federated.enter(_ada("kitchen"))
    assert accounts.all() == []
    assert federated.all(accounts.create("root", "", Role.ADMIN)[0]) == []  # nobody has to link them


def test_who_loses_the_last_group_loses_sessions_and_tokens(
    federated: FederatedAccounts, accounts: Accounts
) -> None:
    user = federated.enter(_ada("radiology"))
    _, secret = accounts.create_token(user.id, "script")
    with pytest.raises(SignInRefused):
        federated.enter(_ada())
    assert accounts.user(user.id).session_epoch == user.session_epoch + 1  # type: ignore[union-attr]
    assert accounts.user_by_token(secret) is None


def test_another_group_is_another_role_and_ends_other_sessions(
    federated: FederatedAccounts, accounts: Accounts
) -> None:
    user = federated.enter(_ada("radiology"))
    assert federated.enter(_ada("radiology")).session_epoch == user.session_epoch
    changed = federated.enter(_ada("leads"))
    assert (changed.role, changed.session_epoch) == (Role.HEAD, user.session_epoch + 1)


def test_the_last_administrator_is_told_why_the_groups_do_not_count(
    federated: FederatedAccounts, accounts: Accounts, database: Engine
) -> None:
    boss = federated.enter(_ada("cn=lb admins,ou=it,dc=h"))
    with pytest.raises(SignInRefused, match="you are the last one here"):
        federated.enter(_ada("radiology"))
    assert accounts.user(boss.id).role is Role.ADMIN  # type: ignore[union-attr]
    assert AuditLog(database).recent(1)[0].action == "sign-in refused"


def test_the_last_administrator_with_a_password_keeps_it(
    federated: FederatedAccounts, accounts: Accounts, admin: User
) -> None:
    federated.enter(_ada("cn=lb admins,ou=it,dc=h", name="boss", subject="2"))  # an administrator without one
    with pytest.raises(SignInRefused):
        federated.enter(_ada("radiology", name="root"))
    with pytest.raises(InvalidInput, match="last administrator with a password"):
        federated.link(_waiting(federated, admin), admin.id, admin)
    accounts.create("second", "", Role.ADMIN)
    federated.link(_waiting(federated, admin), admin.id, admin)


def test_an_account_that_is_switched_off_stays_out(federated: FederatedAccounts, accounts: Accounts) -> None:
    user = federated.enter(_ada("radiology"))
    accounts.set_active(user.id, False)
    with pytest.raises(SignInRefused, match="switched off"):
        federated.enter(_ada("radiology"))


def test_an_identity_that_is_unlinked_begins_anew(
    federated: FederatedAccounts, accounts: Accounts, admin: User
) -> None:
    user = federated.enter(_ada("radiology"))
    (identity,) = federated.of(user.id)
    federated.unlink(identity.id, admin)
    assert accounts.user(user.id).session_epoch == user.session_epoch + 1  # type: ignore[union-attr]
    with pytest.raises(SignInRefused, match="An administrator can link"):
        federated.enter(_ada("radiology"))


@pytest.mark.parametrize(
    ("name", "kept"),
    [("Ada Lovelace", "Ada.Lovelace"), ("ada@h.example", "ada@h.example"), ("+ada/../x", "ada....x")],
)
def test_a_name_of_the_provider_becomes_a_name_of_an_account(
    federated: FederatedAccounts, name: str, kept: str
) -> None:
    assert federated.enter(_ada("radiology", name=name)).name == kept


def test_a_subject_that_cannot_be_kept_whole_is_refused(federated: FederatedAccounts) -> None:
    with pytest.raises(InvalidInput, match="cannot be kept"):
        federated.enter(_ada("radiology", subject="s" * 256))
    assert federated.enter(_ada("radiology", subject="s" * 255)).name == "ada"


@pytest.mark.parametrize("role", [Role.CLINICIAN, Role.HEAD, Role.MLOPS])
def test_only_administrators_link(federated: FederatedAccounts, accounts: Accounts, role: Role) -> None:
    user, _ = accounts.create("somebody", "", role)
    for act in (
        lambda: federated.all(user),
        lambda: federated.link("x", user.id, user),
        lambda: federated.make_account("x", user),
        lambda: federated.unlink("x", user),
    ):
        with pytest.raises(NotAllowed):
            act()


def test_passwords_can_be_left_to_administrators(database: Engine) -> None:
    accounts = accounts_of(database, HASHER, passwords_for_all=False)
    _, first = accounts.create("ada", "", Role.CLINICIAN)
    _, second = accounts.create("root", "", Role.ADMIN)
    with pytest.raises(InvalidInput, match="Only administrators sign in with an account of Lightbox"):
        accounts.sign_in("ada", first)
    with pytest.raises(InvalidInput, match="Use your hospital account"):  # nor by a passkey
        accounts.check_local(next(user for user in accounts.all() if user.name == "ada"))
    assert accounts.sign_in("root", second).role is Role.ADMIN
