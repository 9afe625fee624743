"""Means, quantiles and correlations, against scipy and by how often they cover the truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from models.statistics.estimate import CHANGE, SHARE, UNBOUNDED, Estimate
from models.statistics.means import correlation, mean, median, quantile
from models.statistics.proportions import proportion


def test_a_mean_has_students_interval() -> None:
    """Student 1908: extra hours of sleep of ten patients; 95 % from 0.70 to 3.96 by any t table."""
    hours = np.array([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4])
    sleep = mean(hours, UNBOUNDED)
    assert sleep.value == pytest.approx(2.33)
    assert (sleep.low, sleep.high) == pytest.approx((0.898, 3.762), abs=5e-4)
    assert sleep.n == 10


def test_unknown_values_do_not_count_and_bounds_hold() -> None:
    dice = mean(np.array([0.2, np.nan, 0.9, 0.95, np.nan]))
    assert (dice.value, dice.n) == (pytest.approx((0.2 + 0.9 + 0.95) / 3), 3)
    assert (dice.low, dice.high) == (0.0, 1.0)  # three values so far apart prove nothing
    assert mean(np.array([0.5, -0.9, 0.9]), CHANGE).low == -1.0
    assert mean(np.array([0.2, 0.9, 0.95]), UNBOUNDED).high > 1


def test_masks_that_are_all_perfect_are_not_certain() -> None:
    perfect = mean(np.ones(8))
    assert (perfect.value, perfect.high, perfect.n) == (1.0, 1.0, 8)
    assert perfect.low == pytest.approx(proportion(8, 8).low)
    assert mean(np.zeros(5)).high == pytest.approx(proportion(0, 5).high)
    assert mean(np.full(4, 0.7)).low < 0.5
    assert mean(np.array([0.7])) == Estimate(0.7, 0.0, 1.0, 1)
    alike = mean(np.full(4, 3.0), UNBOUNDED)
    assert alike.value == 3.0
    assert math.isnan(alike.low)
    assert math.isnan(alike.high)


def test_of_no_value_nothing_is_known() -> None:
    for nothing in (np.zeros(0), np.array([np.nan])):
        assert math.isnan(mean(nothing).value)
        assert (mean(nothing).low, mean(nothing).high, mean(nothing).n) == (0.0, 1.0, 0)
    assert (quantile(np.zeros(0), 0.5, SHARE).low, quantile(np.zeros(0), 0.5, SHARE).n) == (0.0, 0)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=30))
def test_a_mean_lies_in_its_interval_within_its_bounds(values: list[float]) -> None:
    estimate = mean(np.array(values))
    assert 0 <= estimate.low <= estimate.value + 1e-12
    assert estimate.value - 1e-12 <= estimate.high <= 1


@pytest.mark.parametrize("n", [5, 20, 100])
def test_a_mean_of_dice_covers_the_truth_about_as_often_as_it_says(n: int) -> None:
    random, covered = np.random.default_rng(2), 0
    for _ in range(600):
        estimate = mean(random.beta(8, 2, n))
        covered += estimate.low <= 0.8 <= estimate.high
    assert covered / 600 >= 0.92


def test_a_quantiles_interval_is_two_of_the_values() -> None:
    """Ten values: the median lies between the 2nd and the 9th with 97.9 %, by the binomial table."""
    values = np.array([7.0, 1, 3, 10, 5, 2, 8, 6, 4, 9])
    assert median(values) == Estimate(5.5, 2.0, 9.0, 10)
    inside = stats.binom.cdf(8, 10, 0.5) - stats.binom.cdf(1, 10, 0.5)
    assert inside == pytest.approx(0.979, abs=5e-4)


def test_too_few_values_bound_a_quantile_by_its_range_alone() -> None:
    few = quantile(np.array([1.0, 2.0]), 0.95)
    assert math.isnan(few.high)
    assert math.isnan(median(np.array([0.5, 0.6])).low)
    assert (median(np.array([0.5, 0.6]), SHARE).low, median(np.array([0.5, 0.6]), SHARE).high) == (0.0, 1.0)
    assert quantile(np.arange(200.0), 0.95).low < 189 < quantile(np.arange(200.0), 0.95).high


def test_a_quantiles_interval_covers_as_often_as_it_says() -> None:
    random, hits = np.random.default_rng(3), 0
    for _ in range(400):
        estimate = quantile(random.exponential(size=101), 0.5)
        hits += estimate.low <= math.log(2) <= estimate.high
    assert 0.93 < hits / 400 <= 0.99


def test_a_correlation_has_fishers_interval() -> None:
    random = np.random.default_rng(0)
    ours = random.normal(size=200)
    theirs = ours + random.normal(size=200)
    estimate = correlation(ours, theirs)
    z, half = math.atanh(np.corrcoef(ours, theirs)[0, 1]), 1.959964 / math.sqrt(197)
    assert estimate.value == pytest.approx(np.corrcoef(ours, theirs)[0, 1])
    assert (estimate.low, estimate.high) == pytest.approx((math.tanh(z - half), math.tanh(z + half)))
    assert estimate.n == 200


def test_a_correlation_needs_four_pairs_that_vary() -> None:
    for first, second in (([1, 2, 3], [1, 2, 4]), ([1, 1, 1, 1], [1, 2, 3, 4]), ([1, 2, 3, 4], [2, 2, 2, 2])):
        estimate = correlation(np.array(first, float), np.array(second, float))
        assert math.isnan(estimate.value)
        assert (estimate.low, estimate.high, estimate.n) == (-1.0, 1.0, len(first))
    assert not math.isnan(correlation(np.array([1.0, 2, 3, 4]), np.array([1.0, 3, 2, 4])).value)
    line = correlation(np.arange(6.0), -2 * np.arange(6.0))
    assert line.value == pytest.approx(-1.0)
    assert math.isnan(line.low)
