"""The calendar periods that references are taken from, in UTC, as half-open (first, end) pairs."""

from __future__ import annotations

from datetime import UTC, datetime

Period = tuple[datetime, datetime]
_QUARTER = 3  # months
_YEAR = 12


def quarter_before(moment: datetime) -> Period:
    """The calendar quarter before the one in which `moment` lies."""
    months = _months(moment)
    start = months - months % _QUARTER - _QUARTER
    return _first_of(start), _first_of(start + _QUARTER)


def month_a_year_before(moment: datetime) -> Period:
    """The month of `moment`, a year earlier."""
    start = _months(moment) - _YEAR
    return _first_of(start), _first_of(start + 1)


def bounds_of_month(name: str) -> Period:
    """A month such as "2026-11"."""
    year, month = name.split("-")
    start = _YEAR * int(year) + int(month) - 1
    return _first_of(start), _first_of(start + 1)


def _months(moment: datetime) -> int:
    at = moment.astimezone(UTC)
    return _YEAR * at.year + at.month - 1


def _first_of(months: int) -> datetime:
    return datetime(months // _YEAR, months % _YEAR + 1, 1, tzinfo=UTC)
