"""A passkey in the place of the password before an act: its owner's, for that act and session, once."""

from __future__ import annotations

from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import Engine

from data.errors import InvalidInput
from data.records import ExternalPerson, PasskeyAnswer, Role, SignInWay, User
from data.stores.audit import AuditLog
from data.stores.passkeys import PasskeyStore
from services.accounts import Accounts
from services.department_groups import DepartmentGroups
from services.identity_providers.confirmation import Confirmation
from services.identity_providers.federated_accounts import FederatedAccounts
from services.identity_providers.groups import RoleGroups
from services.identity_providers.ways import SignInWays
from services.second_factors.passkeys import ANSWER_WITHIN, NOT_TAKEN
from services.second_factors.second_factors import CHANGE_FACTORS, NO_PASSKEY, SecondFactors
from services.sign_in_settings import SignInSettings
from services.throttling import FREE_ATTEMPTS
from tests.authenticator import Authenticator
from tests.dashboard.clinic import QUICK_HASHER
from tests.services.second_factors.conftest import KEY, PASSWORD
from tests.services.test_sessions import Clock

HOUSE = "https://lightbox.clinic.example"
HERE, SESSION, ACT = f"{HOUSE}/", "a session", "erase P-7K4MX"


@pytest.fixture
def confirmation(engine: Engine, accounts: Accounts, factors: SecondFactors, clock: Clock) -> Confirmation:
    return Confirmation(accounts, AuditLog(engine), lambda: KEY, factors=factors, clock=clock)


@pytest.fixture
def telephone(engine: Engine, jane: User) -> Authenticator:
    telephone = Authenticator(jane.id, HOUSE)
    PasskeyStore(engine).add(telephone.passkey())
    return telephone


def _asked(factors: SecondFactors, user: User, session: str = SESSION, act: str = ACT) -> str:
    return factors.begin_confirming(user.id, session, HERE, act)


def _give(
    confirmation: Confirmation, user: User, answer: str, *, session: str = SESSION, act: str = ACT
) -> None:
    confirmation.confirm(user.id, PasskeyAnswer(answer, session, HERE), "", act)


def _refused(confirmation: Confirmation, user: User, answer: str, **more: str) -> None:
    with pytest.raises(InvalidInput, match=NOT_TAKEN):
        _give(confirmation, user, answer, **more)


def test_a_passkey_confirms_an_act_once_without_a_password(
    engine: Engine, confirmation: Confirmation, factors: SecondFactors, telephone: Authenticator, jane: User
) -> None:
    assert confirmation.takes_passkey(jane.id, HERE)
    assert not confirmation.takes_passkey(jane.id, "http://10.1.2.3:8050/")
    answer = telephone.answers(_asked(factors, jane))
    _give(confirmation, jane, answer)
    _refused(confirmation, jane, answer)
    told = [(event.action, event.detail) for event in AuditLog(engine).recent(2)]
    assert told == [("confirmation failed", "passkey"), ("confirmed", f"{ACT}: by passkey")]


def test_a_passkey_stands_for_password_and_code(
    confirmation: Confirmation, factors: SecondFactors, telephone: Authenticator, jane: User, clock: Clock
) -> None:
    secret = factors.begin_app(jane.id, "jane").secret
    factors.confirm_app(jane.id, PASSWORD, pyotp.TOTP(secret).at(clock()))
    with pytest.raises(InvalidInput, match="code"):
        confirmation.confirm(jane.id, PASSWORD, "", ACT)
    _give(confirmation, jane, telephone.answers(_asked(factors, jane)))


@pytest.mark.parametrize("other", [{"act": "erase P-7K4MY"}, {"session": "another session"}])
def test_an_answer_counts_for_its_act_and_session_alone(
    confirmation: Confirmation,
    factors: SecondFactors,
    telephone: Authenticator,
    jane: User,
    other: dict[str, str],
) -> None:
    _refused(confirmation, jane, telephone.answers(_asked(factors, jane, **other)))
    _refused(confirmation, jane, telephone.answers(_asked(factors, jane)), **other)


def test_the_passkey_of_another_person_confirms_nothing(
    engine: Engine,
    confirmation: Confirmation,
    factors: SecondFactors,
    accounts: Accounts,
    telephone: Authenticator,
    jane: User,
) -> None:
    eve, _ = accounts.create("eve", "Eve", Role.ADMIN)
    eves = Authenticator(eve.id, HOUSE)
    PasskeyStore(engine).add(eves.passkey())
    _refused(confirmation, jane, eves.answers(_asked(factors, jane)))
    _refused(confirmation, jane, eves.answers(_asked(factors, eve)))
    _refused(confirmation, eve, telephone.answers(_asked(factors, jane)))
    _give(confirmation, eve, eves.answers(_asked(factors, eve)))


def test_an_answer_that_comes_too_late_is_none(
    confirmation: Confirmation, factors: SecondFactors, telephone: Authenticator, jane: User, clock: Clock
) -> None:
    late, in_time = (telephone.answers(_asked(factors, jane)) for _ in range(2))
    clock.passes(ANSWER_WITHIN - timedelta(seconds=1))
    _give(confirmation, jane, in_time)
    clock.passes(timedelta(seconds=1))
    _refused(confirmation, jane, late)


def test_a_device_that_did_not_look_who_holds_it_confirms_nothing(
    confirmation: Confirmation, factors: SecondFactors, telephone: Authenticator, jane: User
) -> None:
    telephone.verifies = False
    _refused(confirmation, jane, telephone.answers(_asked(factors, jane)))


def test_what_was_asked_at_sign_in_confirms_nothing_and_nobody_signs_in_by_a_confirmation(
    confirmation: Confirmation, factors: SecondFactors, telephone: Authenticator, jane: User
) -> None:
    for whose in (jane.id, None):
        signing_in = factors.passkeys.begin_asking(whose, HERE)
        _refused(confirmation, jane, telephone.answers(signing_in))
        with pytest.raises(InvalidInput, match=NOT_TAKEN):
            factors.check_passkey(whose, telephone.answers(_asked(factors, jane)), HERE)


def test_wrong_answers_make_confirmations_wait(
    confirmation: Confirmation, factors: SecondFactors, telephone: Authenticator, jane: User, clock: Clock
) -> None:
    for _ in range(FREE_ATTEMPTS):
        _refused(confirmation, jane, "{}")
    answer = telephone.answers(_asked(factors, jane))
    with pytest.raises(InvalidInput, match="try again in"):
        _give(confirmation, jane, answer)
    clock.passes(timedelta(minutes=2))
    _give(confirmation, jane, answer)
    for _ in range(FREE_ATTEMPTS):  # one that was right begins the count anew
        _refused(confirmation, jane, "{}")


def test_who_has_no_passkey_is_told_so(
    confirmation: Confirmation, factors: SecondFactors, jane: User
) -> None:
    assert not confirmation.takes_passkey(jane.id, HERE)
    with pytest.raises(InvalidInput, match=NO_PASSKEY):
        _asked(factors, jane)
    with pytest.raises(InvalidInput, match=NO_PASSKEY):
        _give(confirmation, jane, "{}")


def test_people_of_the_hospital_confirm_there_and_by_no_passkey(
    engine: Engine, accounts: Accounts, factors: SecondFactors, clock: Clock
) -> None:
    groups = RoleGroups((("admin", "keepers"),))
    federated = FederatedAccounts(engine, groups, DepartmentGroups(), hasher=QUICK_HASHER)
    ways = SignInWays(SignInSettings(), engine, accounts, federated)
    confirmation = Confirmation(accounts, AuditLog(engine), lambda: KEY, ways, factors, clock)
    bob = federated.enter(ExternalPerson(SignInWay.LDAP, "ldap:dc=h", "7", "bob", "Dr Bob", ("keepers",)))
    left = Authenticator(bob.id, HOUSE)
    PasskeyStore(engine).add(left.passkey())
    assert not confirmation.takes_passkey(bob.id, HERE)
    with pytest.raises(InvalidInput, match=NO_PASSKEY):
        _asked(factors, bob)
    answer = left.answers(factors.passkeys.begin_asking(bob.id, HERE, f"{SESSION} {ACT}"))
    with pytest.raises(InvalidInput, match=NO_PASSKEY):
        _give(confirmation, bob, answer)


def test_a_passkey_confirms_changes_of_ones_own_factors(
    engine: Engine, accounts: Accounts, factors: SecondFactors, telephone: Authenticator, jane: User
) -> None:
    def given(act: str = CHANGE_FACTORS) -> PasskeyAnswer:
        return PasskeyAnswer(telephone.answers(_asked(factors, jane, act=act)), SESSION, HERE)

    codes = factors.renew_recovery_codes(jane.id, given())
    assert len(codes) == 10
    with pytest.raises(InvalidInput, match=NOT_TAKEN):
        factors.renew_recovery_codes(jane.id, given("end sessions"))
    assert factors.begin_passkey(jane.id, given(), HERE)
    secret = factors.begin_app(jane.id, "jane").secret
    factors.confirm_app(jane.id, given(), pyotp.TOTP(secret).at(factors._clock()))
    factors.remove_app(jane.id, given())
    (kept,) = factors.of(jane.id).passkeys
    used = given()
    factors.remove_passkey(jane.id, used, kept.id)
    assert not factors.has_any(jane.id)
    with pytest.raises(InvalidInput, match=NO_PASSKEY):
        factors.renew_recovery_codes(jane.id, used)
    how = [event.detail for event in AuditLog(engine).recent(50) if event.action == "confirmed"]
    assert how == [f"{CHANGE_FACTORS}: by passkey"] * 5
