"""Times and limits of what a panel shows."""

from __future__ import annotations

from datetime import date

import pytest

from services.boards.points import LEAST, BoardPoint, months_back, months_from, too_few


@pytest.mark.parametrize(
    ("months", "today", "first"),
    [
        (3, date(2026, 11, 27), "2026-09"),
        (12, date(2026, 11, 27), "2025-12"),
        (12, date(2026, 12, 31), "2026-01"),
        (6, date(2026, 1, 1), "2025-08"),
        (0, date(2026, 1, 1), ""),
    ],
)
def test_a_period_ends_with_this_month(months: int, today: date, first: str) -> None:
    assert months_back(months, today) == first
    if months:
        assert len(months_from(first, today)) == months and months_from(first, today)[0] == first


def test_months_run_over_the_end_of_a_year() -> None:
    assert months_from("2025-11", date(2026, 2, 1)) == ["2025-11", "2025-12", "2026-01", "2026-02"]


def test_a_share_of_few_is_said_and_not_drawn() -> None:
    enough = BoardPoint("2026-11", "Version 1", 0.5, LEAST, 0.2, 0.8, beyond=True)
    assert too_few(enough) == enough
    few = too_few(BoardPoint("2026-11", "Version 1", 0.5, LEAST - 1, 0.2, 0.8, beyond=True))
    assert (few.value, few.low, few.high, few.beyond) == (None, None, None, False)
    assert few.note == f"too few (n = {LEAST - 1})"
    withheld = BoardPoint("2026-11", "Version 1", None, None, note="fewer than 5")
    assert too_few(withheld) == withheld
