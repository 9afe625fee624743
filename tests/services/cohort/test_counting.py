"""Counting in bitmaps says what plain passes over all scans say, to the last digit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.ledger import in_memory, quantiles
from data.ledger.bands import AGES, CHANCES, OUTCOMES, RESULTS, SIZES, TRUTHS
from data.ledger.bitmaps import Index, bitmap, row_numbers
from data.ledger.in_memory import Ledger
from services.cohort.counting import Counting
from services.cohort.filters import tidy
from tests.data.ledger.test_rows import ACTS, act
from tests.databases import migrated
from tests.services.cohorts import NAMES, some_columns
from tests.services.plain_counting import PlainPass, numbers_of

CHOICES = {
    "task": ("brain-tumour", "pneumonia"),
    "sex": ("F", "M", "unknown"),
    "site": ("North", "South", "site 0", "site 1", "nowhere"),
    "scanner": NAMES["scanner"],
    "status": ("waiting", "read", "failed"),
    "review": NAMES["review"],
    "age": AGES,
    "size": SIZES,
    "chance": CHANCES,
    "result": RESULTS,
    "outcome": OUTCOMES,
    "truth": TRUTHS,
    "from": ("2026-10-03", "2026-11-20", "2026-11-21"),
    "to": ("2026-10-20", "2026-11-20", "2026-11-21"),
}
FILTERS = st.dictionaries(
    st.sampled_from(sorted(CHOICES)), st.lists(st.integers(0, 20), min_size=1, max_size=3), max_size=3
).map(
    lambda chosen: tidy(
        {name: [_choice(name, number) for number in numbers] for name, numbers in chosen.items()}
    )
)
UNHURRIED = settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])


def _choice(name: str, number: int) -> str:
    return CHOICES[name][number % len(CHOICES[name])]


def _same(columns: in_memory.LedgerColumns, filters: dict[str, tuple[str, ...]]) -> None:
    filters = {name: values[:1] if name in ("from", "to") else values for name, values in filters.items()}
    counted, plain = numbers_of(Counting(columns, filters).cohort([])), PlainPass(columns, filters).numbers()
    assert counted == plain


@given(acts=ACTS, asked=st.lists(FILTERS, min_size=1, max_size=4))
@UNHURRIED
def test_after_any_changes_any_choice_is_counted_as_by_a_plain_pass(
    acts: list[tuple[str, int, bool]], asked: list[dict[str, tuple[str, ...]]]
) -> None:
    engine = migrated("sqlite://")
    followed, kept, withdrawn = Ledger(engine), [], []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(in_memory, "SPARE_ROWS", 0)  # so that rows are also brought into order now and then
        for minute, change in enumerate(acts):
            act(engine, kept, withdrawn, change, minute)
            if change[2]:
                _same(followed.columns(), asked[minute % len(asked)])
        for filters in asked:
            _same(followed.columns(), filters)
    engine.dispose()


@given(seed=st.integers(0, 1000), filters=FILTERS)
@UNHURRIED
def test_thousands_of_scans_are_counted_as_by_a_plain_pass(
    seed: int, filters: dict[str, tuple[str, ...]]
) -> None:
    _same(some_columns(np.random.default_rng(seed), 3000), filters)


VALUES = st.lists(st.one_of(st.floats(-1e6, 1e6), st.sampled_from([0.5, 1.0, np.nan])), max_size=60)


@given(values=VALUES, later=VALUES, data=st.data(), percent=st.sampled_from([0, 10, 50, 90, 99, 100]))
def test_percentiles_are_numpys(values: list[float], later: list[float], data: Any, percent: float) -> None:
    numbers = {
        name: np.full(len(values) + len(later), np.nan) for name in ("volume_ml", "read_us", "created_us")
    }
    numbers |= {"reviewed_us": numbers["read_us"], "dice": np.array(values + later, dtype=np.float64)}
    before = {name: column[: len(values)] for name, column in numbers.items()}
    after = {name: column[len(values) :] for name, column in numbers.items()}
    cut_at, none = quantiles.edges(before), np.zeros(0, np.int64)
    index = Index().changed(none, 0, quantiles.steps(before, cut_at))
    index = index.changed(none, len(values), quantiles.steps(after, cut_at))  # into steps cut without them
    chosen = np.array(
        data.draw(st.lists(st.booleans(), min_size=len(index.alive), max_size=len(index.alive)))
    )
    rows = np.flatnonzero(chosen)
    expected = numbers["dice"][rows]
    expected = expected[~np.isnan(expected)]
    n, computed = quantiles.percentiles(index, numbers, bitmap(rows), "dice", [percent])
    assert n == len(expected)
    assert computed == ([np.percentile(expected, percent)] if n else [])
    known = quantiles.known_values(index, numbers, bitmap(rows), "dice")
    assert sorted(known) == sorted(expected)


def test_who_counts_goes_on_with_what_was_true_before() -> None:
    none = np.zeros(0, np.int64)
    before = Index().changed(none, 0, {"site": np.array([0, 1, 1])})
    after = before.changed(np.array([1]), 3, {"site": np.array([0, 2])})
    assert (list(before.alive), list(before.of("site", 0)), list(before.of("site", 2))) == (
        [0, 1, 2],
        [0],
        [],
    )
    assert list(after.alive) == [0, 2, 3, 4]
    assert [list(after.alive & after.of("site", code)) for code in range(3)] == [[0, 3], [2], [4]]
    assert row_numbers(after.alive).tolist() == [0, 2, 3, 4]
