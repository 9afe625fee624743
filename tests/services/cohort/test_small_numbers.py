"""No number of few cases leaves for those who may not know patients, and none follows from the rest."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.records import ExportRow
from services.cohort.comparison import CohortDifference
from services.cohort.counting import Cohort
from services.cohort.exports import table
from services.cohort.small_numbers import FEW, LEAST, LEAST_READERS, small, stands_for_few, told_apart
from services.cohort.table import cohort_table
from tests.services.cohorts import Query, a_cohort

FILTERS: list[Query] = [
    {},
    {"site": ("North",)},
    {"sex": ("F",), "size": ("1 to 10 mL", "10 to 30 mL")},
    {"result": ("positive",)},
    {"from": ("2026-10-05",), "to": ("2026-10-12",)},
    {"review": ("corrected", "rejected")},
]
SHARED = ("task", "site", "scanner", "age", "sex", "version")
COUNTS = ("scans", "patients", "refusals")
STATES = {
    ("result", "none"),
    ("chance", "none"),
    ("version", "none"),
    ("review", "none"),
    ("summary", "waiting"),
}
cohorts = st.builds(
    a_cohort,
    st.integers(0, 10**6),
    st.integers(0, 400),
    st.sampled_from(FILTERS),
    st.sampled_from([0, 0.02, 0.3]),
)
slowly = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _section(rows: list[ExportRow], section: str, quantity: str = "scans") -> list[ExportRow]:
    return [row for row in rows if row.section == section and row.quantity == quantity]


def _one(rows: list[ExportRow], section: str, name: str, quantity: str = "scans") -> ExportRow:
    return next(row for row in _section(rows, section, quantity) if row.name == name)


@slowly
@given(cohorts)
def test_nothing_that_is_told_stands_for_few(cohort: Cohort) -> None:
    for row in table(cohort, withheld_beside=[]):
        assert row.n is None or not small(row.n), row
        if row.quantity == "share" and row.value is not None and row.n:
            hits = round(row.value * row.n)
            assert not small(hits), row
            assert not small(row.n - hits), row


@slowly
@given(cohorts)
def test_what_is_told_is_what_was_counted_and_what_is_not_has_a_mark(cohort: Cohort) -> None:
    everything, told = table(cohort), table(cohort, withheld_beside=[])
    assert len(everything) == len(told)
    for whole, row in zip(everything, told, strict=True):
        assert row == whole or (row.note and row.n is row.value is row.low is row.high is None)
        if row.note == FEW and row.quantity in COUNTS:
            assert small(whole.n or 0)


@slowly
@given(cohorts)
def test_no_section_withholds_a_single_class(cohort: Cohort) -> None:
    rows = table(cohort, withheld_beside=[])
    sections = Counter((row.section, row.quantity) for row in rows if row.section != "summary")
    withheld = Counter((row.section, row.quantity) for row in rows if row.note and row.section != "summary")
    for key, count in withheld.items():
        told = sum(bool(row.n) for row in rows if (row.section, row.quantity) == key)
        assert count > 1 or told == 0, (key, sections[key])


def test_a_large_cohort_loses_little() -> None:
    rows = table(a_cohort(1, 20_000), withheld_beside=[])
    assert _one(rows, "summary", "positive", "share").value is not None
    for section in SHARED:
        assert sum(bool(row.note) for row in _section(rows, section, "share")) <= 3


def test_nothing_is_withheld_from_those_who_may_know_patients() -> None:
    cohort = a_cohort(2, 60)
    assert any(0 < (row.n or 0) < LEAST for row in table(cohort))
    assert all(not row.note for row in table(cohort))


def test_the_same_cases_are_told_everywhere_or_nowhere() -> None:
    for seed in range(20):
        counted_rows = cohort_table(a_cohort(seed, 80)).rows
        rows = table(a_cohort(seed, 80), withheld_beside=[])
        hidden = {
            counted.discloses
            for counted, row in zip(counted_rows, rows, strict=True)
            if row.note == FEW and row.quantity in COUNTS
        }
        shown = {
            name
            for counted, row in zip(counted_rows, rows, strict=True)
            if not row.note
            for name in counted.discloses
        }
        assert not hidden & {(name,) for name in shown}


@pytest.mark.parametrize(
    ("kind", "n", "values", "few"),
    [
        ("share", (100, 80), (0.5, 0.5), False),
        ("share", (100, 80), (0.02, 0.5), True),
        ("share", (100, 80), (0.5, 78 / 80), True),
        ("share", (100, 3), (0.5, None), True),
        ("share", (100, 0), (0.5, None), False),
        ("number", (100, 4), (3.5, 3.0), True),
        ("number", (100, 5), (3.5, 3.0), False),
    ],
)
def test_few_behind_a_comparison(
    kind: str, n: tuple[int, int], values: tuple[float, float], few: bool
) -> None:
    assert stands_for_few(CohortDifference("x", "x", kind, n, values)) is few


@given(st.lists(st.integers(0, 9), max_size=8))
def test_readers_who_are_told_of_in_no_group_are_none_or_three(sizes: list[int]) -> None:
    """Neither a group nor what is left of all after the told ones is one or two people."""
    groups = {f"group {number}": range(size) for number, size in enumerate(sizes)}
    told = told_apart(groups)
    assert all(len(groups[group]) >= LEAST_READERS for group in told)
    rest = sum(len(people) for group, people in groups.items() if group not in told)
    assert rest == 0 or rest >= LEAST_READERS or not told


@pytest.mark.parametrize(
    ("sizes", "told"),
    [
        ({"a": 3, "b": 4}, {"a", "b"}),
        ({"a": 3, "b": 4, "c": 2}, {"b"}),  # the smallest other one goes with it
        ({"a": 3, "b": 4, "c": 2, "d": 1}, {"a", "b"}),  # three together are nobody
        ({"a": 2}, set()),
        ({"a": 3, "b": 0}, {"a"}),
    ],
)
def test_which_groups_of_readers_are_told(sizes: dict[str, int], told: set[str]) -> None:
    assert told_apart({group: range(size) for group, size in sizes.items()}) == told
