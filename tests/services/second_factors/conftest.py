from __future__ import annotations

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine

from data.records import Role, User
from data.stores.audit import AuditLog
from data.stores.external_identities import ExternalIdentityStore
from data.stores.passkeys import ChallengeStore, PasskeyStore
from data.stores.second_factors import CodeGeneratorStore, NoticeStore, RecoveryCodeStore
from data.stores.tokens import TokenStore
from data.stores.users import UserStore
from services.accounts import Accounts
from services.second_factors.codes import AppCodes, RecoveryCodes
from services.second_factors.passkeys import Passkeys
from services.second_factors.second_factors import SecondFactors
from services.throttling import throttle_of
from tests.services.test_sessions import Clock

KEY = "k" * 40
PASSWORD = "a rather long sentence"


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
    user, first = accounts.create("jane", "Dr Grey", Role.CLINICIAN)
    return accounts.change_password(user.id, first, PASSWORD)


def factors_of(
    engine: Engine,
    accounts: Accounts,
    clock: Clock,
    *,
    required: frozenset[Role] = frozenset(),
    key: str = KEY,
) -> SecondFactors:
    return SecondFactors(
        accounts,
        AppCodes(CodeGeneratorStore(engine), lambda: key, clock),
        RecoveryCodes(RecoveryCodeStore(engine), clock),
        Passkeys(PasskeyStore(engine), ChallengeStore(engine), "https://lightbox.clinic.example", clock),
        NoticeStore(engine),
        AuditLog(engine),
        ExternalIdentityStore(engine),
        required,
        clock,
    )


@pytest.fixture
def factors(engine: Engine, accounts: Accounts, clock: Clock) -> SecondFactors:
    return factors_of(engine, accounts, clock)
