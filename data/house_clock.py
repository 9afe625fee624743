"""Days and months by the clock of the house: the time zone of this process (`TZ`), whatever is kept in UTC.

Every page, file and rule that speaks of a day, week or month takes it from here, so that a number of a
month is the number of the same readings everywhere.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

_START = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_US = 86_400_000_000
_MONTHS_A_YEAR = 12


def day_of(moment: datetime) -> date:
    """The day of an aware moment."""
    return moment.astimezone().date()


def month_of(moment: datetime) -> str:
    """The month of an aware moment, "2026-11"."""
    return f"{moment.astimezone():%Y-%m}"


def today() -> date:
    """The day that it is now."""
    return day_of(datetime.now(UTC))


def start_of_day(day: date) -> datetime:
    """The first moment of a day, aware.

    Raises OverflowError, ValueError or OSError for days at the edges of what the system can tell.
    """
    return datetime(day.year, day.month, day.day).astimezone()


def start_of_month(number: int) -> datetime:
    """The first moment of a month that is given as months since January 1970."""
    return start_of_day(date(1970 + number // _MONTHS_A_YEAR, number % _MONTHS_A_YEAR + 1, 1))


def month_begins(name: str) -> datetime:
    """The first moment of a month such as "2026-11", aware. Raises ValueError for anything else."""
    return start_of_day(datetime.strptime(name, "%Y-%m").date())


def month_number(moment: datetime) -> int:
    """Months since January 1970 of an aware moment."""
    day = day_of(moment)
    return (day.year - 1970) * _MONTHS_A_YEAR + day.month - 1


def days(moments_us: NDArray[Any]) -> NDArray[np.int32]:
    """(n,) microseconds since 1970 UTC -> (n,) days since 1970."""
    in_utc = (moments_us // _DAY_US).astype(np.int64)
    distinct, place = np.unique(in_utc, return_inverse=True)
    begins, ends = (
        np.array([_day_begins_us(int(number) + after) for number in distinct], dtype=np.int64)
        for after in (0, 1)
    )
    return (in_utc - (moments_us < begins[place]) + (moments_us >= ends[place])).astype(np.int32)


def months(moments_us: NDArray[Any]) -> NDArray[np.int32]:
    """(n,) microseconds since 1970 UTC -> (n,) months since January 1970."""
    if not len(moments_us):
        return np.zeros(0, np.int32)
    first, last = (
        month_number(_START + timedelta(microseconds=int(end)))
        for end in (moments_us.min(), moments_us.max())
    )
    begins = [_microseconds(start_of_month(number)) for number in range(first + 1, last + 1)]
    after = np.searchsorted(np.array(begins, dtype=np.int64), moments_us, side="right")
    return (first + after).astype(np.int32)


def _day_begins_us(number: int) -> int:
    return _microseconds(start_of_day(_START.date() + timedelta(number)))


def _microseconds(moment: datetime) -> int:
    return (moment - _START) // timedelta(microseconds=1)
