"""How a reading is put in words."""

from __future__ import annotations

import pytest

from services.reading_words import age_words, completed_years


@pytest.mark.parametrize(
    ("age_years", "said"),
    [
        (None, None),
        (71.88, "71 years"),  # not 72 before the birthday
        (72.0, "72 years"),
        (71.999, "72 years"),  # 26,298 days divided by 365.25
        (2.0, "2 years"),
        (1.99, "23 months"),
        (0.09, "1 month"),
        (0.0, "0 months"),
    ],
)
def test_an_age_is_completed_years_and_of_infants_months(age_years: float | None, said: str | None) -> None:
    assert age_words(age_years) == said


def test_completed_years_are_the_birthdays_that_are_over() -> None:
    assert [completed_years(age) for age in (0.5, 54.99, 55.0)] == [0, 54, 55]
