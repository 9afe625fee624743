"""Shares and their differences, against published examples and statsmodels."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import confint_proportions_2indep

from models.statistics.estimate import CHANGE, Estimate, undefined, unvaried
from models.statistics.proportions import difference, proportion

COUNTS = st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilsons_interval_is_as_published(hits: int, n: int, low: float, high: float) -> None:
    """Newcombe, Statistics in Medicine 1998, 17:857, table I, method 3."""
    share = proportion(hits, n)
    assert (share.value, share.n) == (hits / n, n)
    assert (share.low, share.high) == pytest.approx((low, high), abs=5e-5)


def test_of_no_cases_nothing_is_known() -> None:
    nothing = proportion(0, 0)
    assert math.isnan(nothing.value)
    assert (nothing.low, nothing.high, nothing.n) == (0.0, 1.0, 0)


@given(COUNTS)
def test_a_share_lies_in_its_interval_and_that_in_0_to_1(counts: tuple[int, int]) -> None:
    hits, n = counts
    share = proportion(hits, n)
    assert 0 <= share.low <= share.value <= share.high <= 1
    assert share.low < share.high
    turned = proportion(n - hits, n)
    assert (1 - turned.high, 1 - turned.low) == pytest.approx((share.low, share.high))


@given(COUNTS, st.integers(2, 10))
def test_more_cases_make_it_narrower(counts: tuple[int, int], times: int) -> None:
    hits, n = counts
    few, many = proportion(hits, n), proportion(times * hits, times * n)
    assert many.high - many.low < few.high - few.low


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((10, 10), (0, 20), 0.6791, 1.0),
    ],
)
def test_newcombes_interval_is_as_published(
    first: tuple[int, int], second: tuple[int, int], low: float, high: float
) -> None:
    """Newcombe, Statistics in Medicine 1998, 17:873, table II, method 10."""
    apart = difference(proportion(*first), proportion(*second))
    assert (apart.low, apart.high) == pytest.approx((low, high), abs=5e-5)
    assert apart.n == first[1] + second[1]


@given(COUNTS, COUNTS)
def test_a_difference_is_statsmodels(first: tuple[int, int], second: tuple[int, int]) -> None:
    apart = difference(proportion(*first), proportion(*second))
    peer = confint_proportions_2indep(*first, *second, method="newcomb", compare="diff")
    assert (apart.low, apart.high) == pytest.approx(peer, abs=1e-9)
    assert apart.value == pytest.approx(first[0] / first[1] - second[0] / second[1])
    assert -1 <= apart.low <= apart.value <= apart.high <= 1


def test_two_numbers_that_move_together_differ_more_surely() -> None:
    first, other = Estimate(0.8, 0.7, 0.85, 40), Estimate(0.75, 0.65, 0.82, 40)
    apart, together = difference(first, other), difference(first, other, 0.6)
    assert apart.low < together.low < together.value < together.high < apart.high
    # sqrt(0.1^2 + 0.07^2 - 2 * 0.6 * 0.1 * 0.07), and sqrt(0.05^2 + 0.1^2 - 2 * 0.6 * 0.05 * 0.1)
    assert together.low == pytest.approx(0.05 - math.sqrt(0.01 + 0.0049 - 0.0084))
    assert together.high == pytest.approx(0.05 + math.sqrt(0.0025 + 0.01 - 0.006))


def test_a_difference_from_nothing_is_not_known() -> None:
    apart = difference(proportion(3, 4), proportion(0, 0))
    assert math.isnan(apart.value)
    assert (apart.low, apart.high, apart.n) == (-1.0, 1.0, 4)


def test_rounding_never_takes_the_root_of_less_than_nothing() -> None:
    share = Estimate(0.5, 0.3, 0.7, 20)
    same = difference(share, share, 1.0)
    assert (same.low, same.value, same.high) == pytest.approx((0.0, 0.0, 0.0), abs=1e-7)
    assert difference(share, share, 1.0000001).low == 0.0


def test_cases_that_are_all_alike_say_as_much_as_a_share_of_all_or_none() -> None:
    for n in (2, 5, 40):
        assert unvaried(1.0, n, (0, 1)).low == pytest.approx(proportion(n, n).low)
        assert unvaried(1.0, n, (0, 1)).high == 1.0
        assert unvaried(0.0, n, (0, 1)).high == pytest.approx(proportion(0, n).high)
        assert unvaried(0.0, n, (0, 1)).low == 0.0
    z2 = 1.959963984540054**2
    half = unvaried(0.4, 6, (0, 1))
    assert (half.low, half.high) == pytest.approx((0.4 - 0.4 * z2 / (6 + z2), 0.4 + 0.6 * z2 / (6 + z2)))
    assert (half.value, half.n) == (0.4, 6)
    assert unvaried(0.4, 1, (0, 1)) == Estimate(0.4, 0, 1, 1)
    assert undefined(7, CHANGE).n == 7
