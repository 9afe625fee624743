"""A session ends by signing out, by idleness, and with the account; what has ended stays ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine, func, select

from data.database import reading
from data.records import Role, User
from data.stores.audit import AuditLog
from data.stores.sessions import SessionStore
from data.stores.tokens import TokenStore
from data.stores.users import UserStore
from data.tables import sessions as table
from services.accounts import Accounts
from services.sessions import FACTOR_WAITS, LONGEST, NOTED_EVERY, Sessions, TimeLeft, sessions_of
from services.throttling import throttle_of
from tests.databases import migrated

IDLE = timedelta(minutes=30)
MOMENT = timedelta(microseconds=1)


class Clock:
    def __init__(self) -> None:
        self.time = datetime(2026, 11, 20, 8, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def passes(self, time: timedelta) -> None:
        self.time += time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions(engine: Engine, clock: Clock) -> Sessions:
    return Sessions(SessionStore(engine), UserStore(engine), AuditLog(engine), IDLE, clock)


@pytest.fixture
def accounts(engine: Engine) -> Accounts:
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    return Accounts(
        UserStore(engine), TokenStore(engine), AuditLog(engine), throttle_of(engine), hasher=quick
    )


@pytest.fixture
def jane(accounts: Accounts) -> User:
    return accounts.create("jane", "Dr Jane Grey", Role.CLINICIAN)[0]


def _count(engine: Engine) -> int:
    with reading(engine) as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def test_a_secret_stands_for_one_person_and_is_not_kept(
    engine: Engine, accounts: Accounts, sessions: Sessions, jane: User
) -> None:
    other = accounts.create("other", "", Role.HEAD)[0]
    secrets = [sessions.begin(jane), sessions.begin(other), sessions.begin(jane)]
    assert [sessions.user(secret) for secret in secrets] == [jane, other, jane]
    assert len(set(secrets)) == 3 and min(len(secret) for secret in secrets) >= 43
    assert sessions.user("") is None and sessions.user(f"{jane.id}|0") is None
    with reading(engine) as connection:
        kept = str(connection.execute(select(table)).all())
    assert not any(secret in kept for secret in secrets)


def test_a_session_ends_at_the_moment_that_idleness_is_full(
    sessions: Sessions, jane: User, clock: Clock
) -> None:
    secret = sessions.begin(jane)
    clock.passes(IDLE - MOMENT)
    assert sessions.user(secret) == jane
    clock.passes(MOMENT)
    assert sessions.user(secret) is None


def test_activity_begins_the_time_anew_and_looking_does_not(
    sessions: Sessions, jane: User, clock: Clock
) -> None:
    active, looked_at = sessions.begin(jane), sessions.begin(jane)
    clock.passes(IDLE - timedelta(minutes=1))
    sessions.active(active)
    assert sessions.user(looked_at) == jane
    clock.passes(timedelta(minutes=1))
    assert sessions.user(looked_at) is None
    clock.passes(IDLE - timedelta(minutes=1) - MOMENT)
    assert sessions.user(active) == jane
    clock.passes(MOMENT)
    assert sessions.user(active) is None


def test_activity_is_kept_every_few_seconds(sessions: Sessions, jane: User, clock: Clock) -> None:
    noted, not_noted = sessions.begin(jane), sessions.begin(jane)
    clock.passes(NOTED_EVERY - MOMENT)
    sessions.active(not_noted)
    clock.passes(MOMENT)
    sessions.active(noted)
    clock.passes(IDLE - NOTED_EVERY)
    assert sessions.user(noted) == jane
    assert sessions.user(not_noted) is None


def test_signing_out_is_an_event_where_somebody_was_signed_in(
    engine: Engine, sessions: Sessions, jane: User, clock: Clock
) -> None:
    signed_in, idle, waiting = sessions.begin(jane), sessions.begin(jane), sessions.begin_waiting(jane)
    sessions.end(waiting)
    sessions.end("nobody's")
    assert AuditLog(engine).recent(1)[0].action != "signed out"
    sessions.end(signed_in)
    sessions.end(signed_in)
    clock.passes(IDLE)
    sessions.end(idle)
    events = [(event.action, event.user_id) for event in AuditLog(engine).recent(2)]
    assert events[0] == ("signed out", jane.id) and events[1][0] != "signed out"


def test_activity_revives_nothing(sessions: Sessions, jane: User, clock: Clock) -> None:
    idle, signed_out = sessions.begin(jane), sessions.begin(jane)
    sessions.end(signed_out)
    clock.passes(IDLE)
    for secret in (idle, signed_out, "nobody's"):
        sessions.active(secret)
        assert sessions.user(secret) is None


def test_what_was_signed_out_stays_so_whoever_else_comes_and_goes(
    sessions: Sessions, jane: User, clock: Clock
) -> None:
    first, second = sessions.begin(jane), sessions.begin(jane)
    sessions.end(first)
    sessions.end(first)
    assert sessions.user(first) is None and sessions.user(second) == jane
    clock.passes(IDLE - MOMENT)
    third = sessions.begin(jane)
    sessions.end(second)
    assert [sessions.user(secret) for secret in (first, second, third)] == [None, None, jane]


def test_what_was_signed_out_stays_so_at_the_next_start(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/lightbox.db"
    engine = migrated(url)
    user = UserStore(engine).add(User("1" * 32, "jane", "Jane", Role.CLINICIAN, created_at=Clock()()), "hash")
    before = sessions_of(engine, IDLE)
    ended, open_one = before.begin(user), before.begin(user)
    before.end(ended)
    engine.dispose()
    engine = migrated(url)
    after = sessions_of(engine, IDLE)
    assert after.user(ended) is None and after.user(open_one) == user
    engine.dispose()


@pytest.mark.parametrize("how", ["reset", "changed", "everywhere", "off"])
def test_sessions_end_with_the_password_and_the_account(
    accounts: Accounts, sessions: Sessions, how: str
) -> None:
    jane, password = accounts.create("jane", "", Role.CLINICIAN)
    other = accounts.create("other", "", Role.CLINICIAN)[0]
    secret, others = sessions.begin(jane), sessions.begin(other)
    if how == "reset":
        accounts.reset_password(jane.id)
    elif how == "changed":
        accounts.change_password(jane.id, password, "a rather long sentence")
    elif how == "everywhere":
        accounts.sign_out_everywhere(jane.id)
    else:
        accounts.set_active(jane.id, False)
    assert sessions.user(secret) is None and sessions.user(others) == other
    if how == "off":
        accounts.set_active(jane.id, True)
        assert sessions.user(secret) is None
    now = accounts.user(jane.id)
    assert now is not None and sessions.user(sessions.begin(now)) == now


def test_an_account_that_is_off_has_no_session_however_it_came_to_be(
    engine: Engine, accounts: Accounts, sessions: Sessions, jane: User
) -> None:
    off = accounts.set_active(jane.id, False)
    assert sessions.user(sessions.begin(off)) is None


def test_a_new_role_counts_at_once(accounts: Accounts, sessions: Sessions, jane: User) -> None:
    secret = sessions.begin(jane)
    accounts.set_role(jane.id, Role.MLOPS)
    user = sessions.user(secret)
    assert user is not None and user.role is Role.MLOPS


def test_idle_sessions_are_forgotten_when_the_next_begins(
    engine: Engine, sessions: Sessions, jane: User, clock: Clock
) -> None:
    sessions.begin(jane)
    clock.passes(MOMENT)
    open_one = sessions.begin(jane)
    clock.passes(IDLE - MOMENT)
    sessions.begin(jane)
    assert _count(engine) == 2 and sessions.user(open_one) == jane


def test_a_session_ends_at_its_longest_however_active(sessions: Sessions, jane: User, clock: Clock) -> None:
    secret = sessions.begin(jane)
    minutes = timedelta(minutes=20)
    while clock() - datetime(2026, 11, 20, 8, tzinfo=UTC) < LONGEST - minutes:
        clock.passes(minutes)
        sessions.active(secret)
    clock.passes(minutes - MOMENT)
    assert sessions.user(secret) == jane
    sessions.active(secret)
    clock.passes(MOMENT)
    assert sessions.user(secret) is None
    sessions.active(secret)
    assert sessions.user(secret) is None and sessions.of_user(jane.id) == []


def test_it_is_told_whether_activity_makes_a_session_last(
    sessions: Sessions, jane: User, clock: Clock
) -> None:
    secret = sessions.begin(jane)
    assert sessions.left(secret) == TimeLeft(IDLE, final=False)
    for _ in range(int((LONGEST - IDLE) / timedelta(minutes=10))):
        clock.passes(timedelta(minutes=10))
        sessions.active(secret)
    assert sessions.left(secret) == TimeLeft(IDLE, final=True)
    clock.passes(timedelta(minutes=26))
    assert sessions.left(secret) == TimeLeft(timedelta(minutes=4), final=True)
    assert sessions.left("nobody's") == TimeLeft(timedelta(), final=False)


def test_who_waits_for_the_second_factor_is_not_signed_in_and_waits_ten_minutes(
    accounts: Accounts, sessions: Sessions, jane: User, clock: Clock
) -> None:
    waiting, full = sessions.begin_waiting(jane), sessions.begin(jane)
    assert sessions.user(waiting) is None and sessions.waiting(waiting) == jane
    assert sessions.waiting(full) is None
    assert [each.id for each in sessions.of_user(jane.id)] == [sha256(full.encode()).hexdigest()]
    clock.passes(FACTOR_WAITS - MOMENT)
    assert sessions.waiting(waiting) == jane
    clock.passes(MOMENT)
    assert sessions.waiting(waiting) is None
    again = sessions.begin_waiting(jane)
    accounts.reset_password(jane.id)
    assert sessions.waiting(again) is None


def test_own_sessions_are_listed_and_ended_and_nobody_elses(
    accounts: Accounts, sessions: Sessions, jane: User, clock: Clock
) -> None:
    other = accounts.create("other", "", Role.CLINICIAN)[0]
    here, there, third = (sessions.begin(jane, place) for place in ("Firefox", "Chrome", "Edge"))
    theirs = sessions.begin(other)
    clock.passes(timedelta(minutes=1))
    sessions.active(there)
    listed = sessions.of_user(jane.id, here)
    assert listed[0].place == "Chrome" and [each.place for each in listed if each.mine] == ["Firefox"]
    sessions.end_of_user(other.id, listed[0].id)
    assert sessions.user(there) == jane
    sessions.end_of_user(jane.id, listed[0].id)
    assert sessions.user(there) is None and sessions.user(third) == jane
    sessions.end_others(jane.id, here)
    assert sessions.user(third) is None and sessions.user(here) == jane and sessions.user(theirs) == other
