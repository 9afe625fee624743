"""Cron expressions and plain choices say the same, both ways."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from data.errors import InvalidInput
from services.schedules.times import Every, PlainTimes, plain_of, preview

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("plain", "cron", "words"),
    [
        (PlainTimes(Every.DAY, "06:00"), "0 6 * * *", "every day at 06:00"),
        (PlainTimes(Every.WEEKDAY, "23:05"), "5 23 * * 1-5", "Monday to Friday at 23:05"),
        (PlainTimes(Every.WEEK, "07:00"), "0 7 * * 1", "every Monday at 07:00"),
        (PlainTimes(Every.WEEK, "07:00", weekday=6), "0 7 * * 0", "every Sunday at 07:00"),
        (PlainTimes(Every.MONTH, "05:30", day=28), "30 5 28 * *", "on day 28 of every month at 05:30"),
    ],
)
def test_a_plain_choice_is_an_expression_and_back(plain: PlainTimes, cron: str, words: str) -> None:
    assert (plain.cron, plain.words, plain_of(cron)) == (cron, words, plain)
    assert preview(cron, datetime(2026, 11, 20, tzinfo=BERLIN), BERLIN).times[0].tzinfo is BERLIN


@pytest.mark.parametrize(
    "cron",
    ["*/5 * * * *", "0 6 1 * 1", "0 6 29 * *", "0 6 * 2 *", "60 6 * * *", "0 24 * * *", "", "0 6 * * 1-4"],
)
def test_what_only_an_expression_can_say_stays_one(cron: str) -> None:
    assert plain_of(cron) is None


def test_sunday_has_two_numbers() -> None:
    assert plain_of("0 7 * * 7") == plain_of("0 7 * * 0")


@pytest.mark.parametrize(
    "plain",
    [
        PlainTimes(Every.DAY, "24:00"),
        PlainTimes(Every.DAY, "7"),
        PlainTimes(Every.MONTH, "07:00", day=29),
        PlainTimes(Every.MONTH, "07:00", day=0),
        PlainTimes(Every.WEEK, "07:00", weekday=7),
    ],
)
def test_a_time_that_is_none_is_refused(plain: PlainTimes) -> None:
    with pytest.raises(InvalidInput):
        _ = plain.cron


def test_a_change_of_the_clocks_is_said_and_the_hour_stays() -> None:
    meaning = preview("0 7 * * 0", datetime(2026, 10, 20, 12, tzinfo=BERLIN), BERLIN)
    assert [time.hour for time in meaning.times] == [7, 7, 7]
    assert meaning.note == (
        "The clocks change before Sunday 25 October (CEST to CET); the time stays by the wall clock."
    )
    assert preview("0 7 * * 0", datetime(2026, 11, 20, tzinfo=BERLIN), BERLIN).note == ""
