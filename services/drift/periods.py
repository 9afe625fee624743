"""Calendar periods that references are taken from, by the house's clock, as half-open (first, end) pairs."""

from __future__ import annotations

from datetime import datetime

from data.house_clock import month_begins, month_number, start_of_month

Period = tuple[datetime, datetime]
_QUARTER = 3  # months
_YEAR = 12


def quarter_before(moment: datetime) -> Period:
    """The calendar quarter before the one in which `moment` lies."""
    months = month_number(moment)
    start = months - months % _QUARTER - _QUARTER
    return start_of_month(start), start_of_month(start + _QUARTER)


def month_a_year_before(moment: datetime) -> Period:
    """The month of `moment`, a year earlier."""
    start = month_number(moment) - _YEAR
    return start_of_month(start), start_of_month(start + 1)


def bounds_of_month(name: str) -> Period:
    """A month such as "2026-11"."""
    begins = month_begins(name)
    return begins, start_of_month(month_number(begins) + 1)
