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
from services.cohort.small_numbers import FEW, LEAST, small, stands_for_few
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
slowly = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _section(rows: list[ExportRow], section: str, quantity: str = "scans") -> list[ExportRow]:
    return [row for row in rows if row.section == section and row.quantity == quantity]


def _one(rows: list[ExportRow], section: str, name: str, quantity: str = "scans") -> ExportRow:
    return next(row for row in _section(rows, section, quantity) if row.name == name)


@slowly
@given(cohorts)
def test_nothing_that_is_told_stands_for_few(cohort: Cohort) -> None:
    for row in table(cohort, hide_small=True):
        assert row.n is None or not small(row.n), row
        if row.quantity == "share" and row.value is not None and row.n:
            hits = round(row.value * row.n)
            assert not small(hits), row
            assert not small(row.n - hits), row


@slowly
@given(cohorts)
def test_what_is_told_is_what_was_counted_and_what_is_not_has_a_mark(cohort: Cohort) -> None:
    everything, told = table(cohort, hide_small=False), table(cohort, hide_small=True)
    assert len(everything) == len(told)
    for whole, row in zip(everything, told, strict=True):
        assert row == whole or (row.note and row.n is row.value is row.low is row.high is None)
        if row.note == FEW and row.quantity in COUNTS:
            assert small(whole.n or 0)


@slowly
@given(cohorts)
def test_no_section_withholds_a_single_class(cohort: Cohort) -> None:
    rows = table(cohort, hide_small=True)
    sections = Counter((row.section, row.quantity) for row in rows if row.section != "summary")
    withheld = Counter((row.section, row.quantity) for row in rows if row.note and row.section != "summary")
    for key, count in withheld.items():
        told = sum(bool(row.n) for row in rows if (row.section, row.quantity) == key)
        assert count > 1 or told == 0, (key, sections[key])


def _forced(total: int | None, parts: list[ExportRow]) -> bool:
    """Whether `total` leaves the withheld ones of `parts` one possibility that discloses a small one."""
    withheld = [row for row in parts if row.note]
    secret = [row for row in withheld if row.note == FEW and (row.section, row.name) not in STATES]
    if total is None or not secret:
        return False
    rest = total - sum(row.n or 0 for row in parts)
    few = sum(row.note == FEW for row in withheld)
    least = few + LEAST * (len(withheld) - few)
    all_at_most = few == len(withheld) and rest == few * (LEAST - 1)
    return len(withheld) == 1 or rest == least or all_at_most


@slowly
@given(cohorts)
def test_no_withheld_count_follows_from_its_sections_total(cohort: Cohort) -> None:
    rows = table(cohort, hide_small=True)
    total = _one(rows, "summary", "all").n
    if small(cohort.scans.n):
        inside = (row for row in rows if row.section not in cohort.filters)
        assert all(not row.n for row in inside if row.quantity == "scans")
    for section in {row.section for row in rows} - {"summary", "size_by_site", "size_by_scanner"}:
        filtered = section in cohort.filters
        parts = _section(rows, section, "refusals" if "refusals" in section else "scans")
        whole = _one(rows, "summary", "refused", "refusals").n if "refusals" in section else total
        assert filtered or not _forced(whole, parts), section


@slowly
@given(cohorts)
def test_no_withheld_size_follows_from_the_class_over_all_sites(cohort: Cohort) -> None:
    if "size" in cohort.filters:
        return
    rows = table(cohort, hide_small=True)
    for section in ("size_by_site", "size_by_scanner"):
        if section.removeprefix("size_by_") in cohort.filters:
            continue  # that chart shows what else could be chosen: its parts are not of this whole
        for size in _section(rows, "size"):
            parts = [row for row in _section(rows, section) if row.name == size.name]
            assert not parts or not _forced(size.n, parts), (section, size)


@slowly
@given(cohorts)
def test_no_withheld_size_follows_from_how_many_were_measured(cohort: Cohort) -> None:
    if "size" in cohort.filters:
        return
    rows = table(cohort, hide_small=True)
    measured = [row for row in _section(rows, "size") if row.name not in ("none", "unknown")]
    assert not _forced(_one(rows, "summary", "tumour volume").n, measured)


@slowly
@given(cohorts)
def test_no_small_share_follows_from_the_share_over_all(cohort: Cohort) -> None:
    """Positive scans of all classes make up those of the cohort, so one class alone cannot be withheld."""
    rows = table(cohort, hide_small=True)
    everything = {(row.section, row.name): row for row in table(cohort, False) if row.quantity == "share"}
    if "result" in cohort.filters or _one(rows, "summary", "positive").n is None:
        return
    for section in set(SHARED) - set(cohort.filters):
        withheld = [row for row in _section(rows, section, "share") if row.note]
        secret = [everything[section, row.name] for row in withheld]
        positives = [round((row.value or 0) * (row.n or 0)) for row in secret]
        assert not withheld or len(withheld) > 1 or not small(positives[0]), (section, positives)


def test_a_large_cohort_loses_little() -> None:
    rows = table(a_cohort(1, 20_000), hide_small=True)
    assert _one(rows, "summary", "positive", "share").value is not None
    for section in SHARED:
        assert sum(bool(row.note) for row in _section(rows, section, "share")) <= 3


def test_nothing_is_withheld_from_those_who_may_know_patients() -> None:
    cohort = a_cohort(2, 60)
    assert any(0 < (row.n or 0) < LEAST for row in table(cohort, hide_small=False))
    assert all(not row.note for row in table(cohort, hide_small=False))


def test_the_same_cases_are_told_everywhere_or_nowhere() -> None:
    for seed in range(20):
        lines = cohort_table(a_cohort(seed, 80)).lines
        rows = table(a_cohort(seed, 80), hide_small=True)
        hidden = {
            line.discloses
            for line, row in zip(lines, rows, strict=True)
            if row.note == FEW and row.quantity in COUNTS
        }
        shown = {
            name for line, row in zip(lines, rows, strict=True) if not row.note for name in line.discloses
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
