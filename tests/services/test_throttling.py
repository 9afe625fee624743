"""Guessing is slowed down by name and by source, and a stranger locks nobody out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select

from data.database import reading
from data.errors import InvalidInput
from data.tables import known_browsers, sign_in_attempts
from services.throttling import BROWSER_KNOWN_FOR, FREE_ATTEMPTS, FREE_BY_KIND, Origin, Throttle, throttle_of
from tests.services.test_sessions import Clock

JANE = "1" * 32
STRANGER = Origin("203.0.113.9")
WARD = Origin("10.1.2.3")


@pytest.fixture
def clock() -> Clock:
    clock = Clock()
    clock.time = datetime(2026, 11, 20, 8, tzinfo=UTC)
    return clock


@pytest.fixture
def throttle(engine: Engine, clock: Clock) -> Throttle:
    from data.records import Role, User
    from data.stores.users import UserStore

    UserStore(engine).add(User(JANE, "jane", "Jane", Role.CLINICIAN, created_at=clock()), "hash")
    return throttle_of(engine, clock)


def _fail(throttle: Throttle, times: int, origin: Origin, name: str = "jane") -> None:
    for _ in range(times):
        throttle.sign_in(name, JANE if name == "jane" else None, origin)


def test_a_strangers_guesses_make_no_other_source_wait(throttle: Throttle) -> None:
    _fail(throttle, FREE_ATTEMPTS, STRANGER)
    with pytest.raises(InvalidInput, match="for this name: try again in a minute"):
        throttle.sign_in("JANE", JANE, STRANGER)
    throttle.sign_in("jane", JANE, WARD)


def test_many_sources_make_whoever_is_not_known_wait_and_nobody_else(
    throttle: Throttle, clock: Clock
) -> None:
    browser = throttle.remember("", JANE)
    for number in range(FREE_BY_KIND["name"]):
        _fail(throttle, 1, Origin(f"203.0.113.{number}"))
    with pytest.raises(InvalidInput, match="for this name"):
        throttle.sign_in("jane", JANE, WARD)
    throttle.sign_in("jane", JANE, Origin(WARD.source, browser))


def test_a_known_browser_may_not_guess_for_ever_nor_for_somebody_else(
    throttle: Throttle, clock: Clock
) -> None:
    known = Origin(WARD.source, throttle.remember("", JANE))
    _fail(throttle, FREE_ATTEMPTS, known)
    with pytest.raises(InvalidInput, match="for this name"):
        throttle.sign_in("jane", JANE, known)
    _fail(throttle, FREE_ATTEMPTS, known, "bob")
    with pytest.raises(InvalidInput, match="for this name"):
        throttle.sign_in("bob", None, known)


def test_a_hospital_behind_one_address_signs_in_as_often_as_it_likes(throttle: Throttle) -> None:
    for number in range(3 * FREE_BY_KIND["source"]):
        throttle.worked(throttle.sign_in(f"doctor{number}", None, WARD))


def test_the_last_attempt_before_a_source_waits_makes_nobody_wait_where_it_was_right(
    throttle: Throttle,
) -> None:
    for number in range(FREE_BY_KIND["source"] - 1):
        throttle.sign_in(f"nobody{number}", None, WARD)
    throttle.worked(throttle.sign_in("jane", JANE, WARD))
    throttle.sign_in("somebody", None, WARD)
    with pytest.raises(InvalidInput, match="from where you are"):
        throttle.sign_in("another", None, WARD)


def test_a_source_waits_after_guesses_at_many_names_also_when_one_of_them_worked(throttle: Throttle) -> None:
    for number in range(FREE_BY_KIND["source"] + 1):
        counted = throttle.sign_in(f"name{number}", None, STRANGER)
        if number == 50:
            throttle.worked(counted)
    with pytest.raises(InvalidInput, match="from where you are"):
        throttle.sign_in("another", None, STRANGER)
    throttle.sign_in("another", None, WARD)


def test_a_browser_is_known_for_its_people_and_for_ninety_days(
    throttle: Throttle, clock: Clock, engine: Engine
) -> None:
    carried = throttle.remember("planted.x", JANE)
    assert throttle.remember(carried, JANE) == carried
    with reading(engine) as connection:
        kept = str(connection.execute(select(known_browsers)).all())
    assert carried.split(".")[0] not in kept
    _fail(throttle, FREE_ATTEMPTS, WARD)
    throttle.sign_in("jane", JANE, Origin(WARD.source, carried))
    clock.passes(BROWSER_KNOWN_FOR + timedelta(seconds=1))
    _fail(throttle, FREE_ATTEMPTS, WARD)
    with pytest.raises(InvalidInput):
        throttle.sign_in("jane", JANE, Origin(WARD.source, carried))


def test_names_that_people_type_are_not_kept(throttle: Throttle, engine: Engine) -> None:
    _fail(throttle, 1, WARD, "my secret password")
    with reading(engine) as connection:
        kept = str(connection.execute(select(sign_in_attempts)).all())
    assert "secret" not in kept and WARD.source not in kept


def test_a_new_password_from_an_administrator_ends_all_waiting(throttle: Throttle) -> None:
    _fail(throttle, FREE_ATTEMPTS, WARD)
    for _ in range(FREE_ATTEMPTS):
        throttle.act("code", JANE)
    throttle.forget_name("jane", JANE)
    throttle.sign_in("jane", JANE, WARD)
    throttle.act("code", JANE)
