"""What a token may: its scopes of what its owner may, for as long as it lasts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import combinations

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine

from data.errors import InvalidInput, NotAllowed, NotFound
from data.records import Role, TokenScope, User
from data.stores.audit import AuditLog
from data.stores.tokens import TokenStore
from data.stores.users import UserStore
from services.accounts import LONGEST_TOKEN_DAYS, TOKEN_DAYS, Accounts
from services.permissions import SCOPE_WORDS, SCOPES, TABLE, Permission, may, require, scope_helps
from services.throttling import throttle_of
from tests.services.test_sessions import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def accounts(engine: Engine, clock: Clock) -> Accounts:
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    stores = UserStore(engine), TokenStore(engine), AuditLog(engine)
    return Accounts(*stores, throttle_of(engine, clock), hasher=quick, clock=clock)


@pytest.fixture
def jane(accounts: Accounts) -> User:
    return accounts.create("jane", "Dr Grey", Role.CLINICIAN)[0]


@pytest.fixture
def admin(accounts: Accounts) -> User:
    return accounts.create("root", "Root", Role.ADMIN)[0]


CLINICIAN = User("c", "c", "Dr C", Role.CLINICIAN)


def test_no_permission_is_in_two_scopes_and_each_scope_has_words() -> None:
    for first, second in combinations(SCOPES.values(), 2):
        assert not first & second
    assert set(SCOPES) == set(SCOPE_WORDS) == set(TokenScope)
    assert all(permissions <= set(TABLE) for permissions in SCOPES.values())


def test_no_token_administers_signs_or_is_the_second_person() -> None:
    every = replace(CLINICIAN, role=Role.ADMIN, scopes=frozenset(TokenScope))
    head = replace(every, role=Role.HEAD)
    assert not may(every, Permission.ADMINISTER)
    for permission in (
        Permission.SIGN_ACCEPTANCE,
        Permission.CONFIRM_OVERRIDES,
        Permission.CONFIRM_LIFTING,
        Permission.SET_STOP_RULES,
    ):
        assert may(replace(head, scopes=None), permission) and not may(head, permission)


def test_a_scope_opens_what_it_says_and_never_more_than_the_role() -> None:
    reading = replace(CLINICIAN, scopes=frozenset({TokenScope.READ}))
    assert may(reading, Permission.SEE_SCANS)
    for refused in (Permission.SEE_IDENTITY, Permission.SEND_SCANS, Permission.REVIEW):
        assert may(CLINICIAN, refused) and not may(reading, refused)
    with pytest.raises(NotAllowed, match="This token does not permit this"):
        require(reading, Permission.REVIEW)
    assert not may(reading, Permission.SEE_AUDIT)
    with pytest.raises(NotAllowed, match="Your role does not permit this"):
        require(reading, Permission.SEE_AUDIT)
    assert not may(replace(CLINICIAN, scopes=frozenset()), Permission.SEE_SCANS)
    assert not scope_helps(CLINICIAN, TokenScope.MODELS) and scope_helps(CLINICIAN, TokenScope.REVIEW)


def test_a_token_ends_by_itself(accounts: Accounts, jane: User, clock: Clock) -> None:
    token, secret = accounts.create_token(jane.id, "nightly", {TokenScope.READ})
    assert token.expires_at == clock() + timedelta(days=TOKEN_DAYS)
    clock.passes(timedelta(days=TOKEN_DAYS, microseconds=-1))
    bearer = accounts.user_by_token(secret)
    assert bearer is not None and bearer.scopes == {TokenScope.READ}
    clock.passes(timedelta(microseconds=1))
    assert accounts.user_by_token(secret) is None


@pytest.mark.parametrize("days", [0, -1, LONGEST_TOKEN_DAYS + 1])
def test_a_token_lasts_a_year_at_most_and_is_for_something(accounts: Accounts, jane: User, days: int) -> None:
    with pytest.raises(InvalidInput, match="from 1 to 365 days"):
        accounts.create_token(jane.id, "nightly", {TokenScope.READ}, days)
    with pytest.raises(InvalidInput, match="what the token may be used for"):
        accounts.create_token(jane.id, "nightly", set())


def test_an_administrator_sees_and_ends_anybodys_token(
    accounts: Accounts, admin: User, jane: User, clock: Clock
) -> None:
    kept, secret = accounts.create_token(jane.id, "nightly")
    accounts.create_token(jane.id, "short", days=1)
    clock.passes(timedelta(days=2))
    assert [token.id for token in accounts.usable_tokens(admin)] == [kept.id]
    accounts.revoke_token_of_other(kept.id, admin)
    assert accounts.user_by_token(secret) is None and accounts.usable_tokens(admin) == []
    with pytest.raises(NotFound):
        accounts.revoke_token_of_other("nothing", admin)
