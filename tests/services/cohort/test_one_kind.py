"""Real and synthetic scans never share a number."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from data.errors import InvalidInput
from data.ledger.in_memory import Ledger
from data.stores.refusals import RefusalStore
from services.cohort.cohort import Cohorts, hidden_from_nobody
from services.cohort.comparison import CohortComparison
from tests.data.builders import a_kept_scan


def test_real_and_synthetic_scans_never_share_a_number(engine: Engine) -> None:
    house = Cohorts(Ledger(engine), RefusalStore(engine), dict, hidden_from_nobody)
    for number in range(3):
        a_kept_scan(engine, name=f"Made {number}", synthetic=True)
    assert house.asked("").filters == {"synthetic": ("yes",)}  # there are no others
    assert house.cohort({}, None).scans.n == 3
    a_kept_scan(engine, name="Real^Person")
    assert house.asked("").filters == {"synthetic": ("no",)}
    for filters, n in (({}, 1), ({"synthetic": ("no",)}, 1), ({"synthetic": ("yes",)}, 3)):
        assert house.cohort(filters, None).scans.n == n
    for both in ({"synthetic": ("yes", "no")}, {"synthetic": ("no", "yes"), "modality": ("MR",)}):
        with pytest.raises(InvalidInput, match="never share a number"):
            house.cohort(both, None)
    with pytest.raises(InvalidInput, match="never share a number"):
        house.asked("?synthetic=yes&synthetic=no")


def test_a_comparison_is_of_real_scans_unless_it_says_otherwise(engine: Engine) -> None:
    for number in range(12):
        a_kept_scan(engine, name=f"P {number}", synthetic=number >= 5)
    compared = CohortComparison(Ledger(engine), hidden_from_nobody).compare
    (ages,) = [row for row in compared({}, {"synthetic": ("yes",)}, None) if row.name == "age_years"]
    assert ages.n == (5, 7)
