"""When a sender's pause is a silence: the rule's properties, and what it makes of simulated senders."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from numpy.typing import NDArray

from services.receiving.silence import (
    LEARNT_ARRIVALS,
    QUARTERS_A_WEEK,
    TIMES_USUAL,
    Pause,
    listened_shares,
    pause,
)
from tests.services.receiving.simulated_senders import KINDS, simulated

DAY = 96
HOURS = np.arange(40 * QUARTERS_A_WEEK, dtype=np.intp) // 4 % 168


def office(weeks: int, random: np.random.Generator, days: int = 5) -> NDArray[np.bool_]:
    """Studies by chance on the first days of the week, from seven to five."""
    hours = HOURS[: weeks * QUARTERS_A_WEEK]
    open_ = (hours // 24 < days) & (hours % 24 >= 7) & (hours % 24 < 17)
    return open_ & (random.random(hours.size) < 0.3)


def judged(arrived: NDArray[np.bool_], quarters: int = 0, off: slice | None = None) -> Pause:
    """The pause of a sender so many quarters of an hour after the end of what is known."""
    whole = np.concatenate([arrived, np.zeros(quarters, np.bool_)])
    listened = np.ones(whole.size)
    if off is not None:
        listened[off] = 0
    return pause(whole, listened, HOURS[: whole.size])


senders = some.builds(
    lambda seed, weeks, days: office(weeks, np.random.default_rng(seed), days),
    some.integers(0, 10_000),
    some.integers(4, 14),
    some.integers(1, 7),
)


@settings(max_examples=25, deadline=None)
@given(senders, some.integers(0, 20 * DAY), some.integers(1, 20 * DAY))
def test_a_pause_only_gets_longer_and_a_silence_stays_one(
    arrived: NDArray[np.bool_], quarters: int, more: int
) -> None:
    before, after = judged(arrived, quarters), judged(arrived, quarters + more)
    assert after.usual_hours == pytest.approx(before.usual_hours)
    assert after.hours >= before.hours and after.silent >= before.silent


@settings(max_examples=25, deadline=None)
@given(senders, some.integers(0, 5 * DAY), some.integers(1, 10 * DAY))
def test_while_our_own_node_is_off_no_pause_gets_longer(
    arrived: NDArray[np.bool_], quarters: int, off: int
) -> None:
    begin = arrived.size + quarters
    through = judged(arrived, quarters + off, off=slice(begin, begin + off))
    assert through.hours == pytest.approx(judged(arrived, quarters).hours)


@settings(max_examples=25, deadline=None)
@given(senders)
def test_no_pause_that_an_ordinary_month_has_is_a_silence(arrived: NDArray[np.bool_]) -> None:
    last = int(np.flatnonzero(arrived)[-1])
    known = judged(arrived[: last + 1])
    for quarters in range(0, 7 * DAY, 12):
        present = judged(arrived[: last + 1], quarters)
        assert present.silent is (present.hours >= TIMES_USUAL * known.usual_hours)


@settings(max_examples=10, deadline=None)
@given(some.integers(0, 10_000), some.integers(0, 6))
def test_the_rule_knows_no_weekday(seed: int, turn: int) -> None:
    arrived = office(8, np.random.default_rng(seed))
    turned = (HOURS[: arrived.size] + 24 * turn) % 168
    plain, other = judged(arrived), pause(arrived, np.ones(arrived.size), turned)
    assert (other.hours, other.usual_hours) == pytest.approx((plain.hours, plain.usual_hours))


def test_a_weekend_is_no_pause_for_who_never_sends_then_and_half_a_working_day_may_be() -> None:
    arrived = office(8, np.random.default_rng(1))[: -2 * DAY]  # up to Friday's midnight
    friday, sunday = judged(arrived), judged(arrived, 2 * DAY)
    assert sunday.hours == pytest.approx(friday.hours) and not sunday.silent
    monday = judged(arrived, 3 * DAY)
    assert monday.hours == pytest.approx(friday.hours + 10, rel=0.1)
    assert 1 < monday.usual_hours < 5 and monday.silent


def test_a_sender_on_tuesdays_is_silent_after_tuesdays_only() -> None:
    arrived = np.zeros(11 * QUARTERS_A_WEEK, np.bool_)
    for week in range(11):
        arrived[week * QUARTERS_A_WEEK + DAY + 34 : week * QUARTERS_A_WEEK + DAY + 50 : 3] = True
    arrived = arrived[: int(np.flatnonzero(arrived)[-1]) + 1]
    until_monday = judged(arrived, 6 * DAY)
    assert until_monday.learnt and not until_monday.silent and until_monday.times_usual < 1.5
    assert judged(arrived, 8 * DAY).silent


def test_one_day_off_in_two_months_changes_no_limit() -> None:
    arrived = office(9, np.random.default_rng(3))
    rested = arrived.copy()
    rested[4 * QUARTERS_A_WEEK + 2 * DAY : 4 * QUARTERS_A_WEEK + 3 * DAY] = False
    assert judged(rested).usual_hours == pytest.approx(judged(arrived).usual_hours, rel=0.35)
    assert judged(rested, 3 * DAY).silent


@pytest.mark.parametrize("weeks", [1, 2])
def test_with_too_little_history_nothing_is_said(weeks: int) -> None:
    early = judged(office(weeks, np.random.default_rng(5)), 10 * DAY)
    assert not early.learnt and not early.silent and np.isnan(early.times_usual)


@pytest.mark.parametrize(("arrivals", "learnt"), [(LEARNT_ARRIVALS - 1, False), (LEARNT_ARRIVALS, True)])
def test_a_rare_sender_is_learnt_from_ten_arrivals(arrivals: int, learnt: bool) -> None:
    arrived = np.zeros(arrivals * QUARTERS_A_WEEK, np.bool_)
    arrived[40::QUARTERS_A_WEEK] = True
    assert judged(arrived, 4 * QUARTERS_A_WEEK).silent is learnt


def test_weeks_in_which_the_node_was_off_teach_nothing() -> None:
    arrived = office(4, np.random.default_rng(6))
    assert judged(arrived).learnt
    off = slice(QUARTERS_A_WEEK, 3 * QUARTERS_A_WEEK)
    arrived[off] = False
    assert not judged(arrived, off=off).learnt


def test_nothing_that_ever_came_cannot_be_judged() -> None:
    with pytest.raises(ValueError, match="nothing ever came"):
        judged(np.zeros(100, np.bool_))


def test_listened_shares_are_parts_of_quarters() -> None:
    runs = np.array([[0.0, 450.0], [1000.0, 1800.0], [4000.0, 9000.0]])
    assert listened_shares(runs, 0, 3).tolist() == pytest.approx([0.5, 800 / 900, 0])
    assert listened_shares(runs, 4, 2).tolist() == pytest.approx([500 / 900, 1])
    assert listened_shares(np.empty((0, 2)), 4, 2).tolist() == [0, 0]


@pytest.mark.parametrize(
    ("kind", "longest_h"),
    [
        ("weekdays 7-17, 16 studies a day", 72),
        ("emergency, day and night", 24),
        ("Tuesdays 8-14 only", 7 * 24),
        ("weekdays, 2 studies a day", 10 * 24),
        ("weekdays, once at 7-8", 6 * 24),
        ("weekdays, 4 batches a day", 6 * 24),
    ],
)
def test_simulated_senders_are_noticed_at_twice_their_pause_and_seldom_called_silent(
    kind: str, longest_h: float
) -> None:
    figures = simulated(KINDS[kind], range(3), with_holidays=False, stops=4)
    assert figures.years > 2.7
    assert figures.false_alarms_a_year <= 1.0
    assert (figures.times_usual >= TIMES_USUAL).all()
    quarter_h = 0.25 * 4  # a quarter of an hour may hold the sender's busiest quarter
    assert (figures.times_usual <= TIMES_USUAL + quarter_h / figures.usual_h + 0.5).all()
    assert figures.delays_h.max() <= longest_h


def test_a_year_with_public_holidays_calls_on_some_of_them_and_hardly_else() -> None:
    figures = simulated(KINDS["weekdays 7-17, 16 studies a day"], range(3), with_holidays=True, stops=1)
    assert 2 <= figures.false_alarms_a_year <= 10
