"""The area under the curve: against other implementations, and where nothing varies."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score
from statsmodels.stats.nonparametric import rank_compare_2indep

from models.statistics.areas import auc, delong, superiority
from models.statistics.estimate import Z95, Estimate

SEEDS = st.integers(0, 2**32 - 1)


def _cases(
    ill: int, healthy: int, apart: float, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    truth = np.array([True] * ill + [False] * healthy)
    return truth, random.normal(size=ill + healthy) + apart * truth


@given(SEEDS, st.booleans())
def test_value_and_error_are_those_of_other_libraries(seed: int, ties: bool) -> None:
    random = np.random.default_rng(seed)
    truth, score = _cases(20, 40, 1.0, random)
    score = score.round(1) if ties else score
    values = np.unique(score)
    counts = [np.array([(score[part] == value).sum() for value in values]) for part in (truth, ~truth)]
    result = superiority(*counts)
    peer = rank_compare_2indep(score[truth], score[~truth])
    assert result.value == pytest.approx(roc_auc_score(truth, score))
    assert result.value == pytest.approx(peer.prob1)
    assert result.spread == pytest.approx(math.sqrt(peer.var / peer.nobs), rel=1e-9)
    mann_whitney = stats.mannwhitneyu(score[truth], score[~truth], use_continuity=False, method="asymptotic")
    assert result.p == pytest.approx(mann_whitney.pvalue, abs=1e-12)


@given(SEEDS)
def test_the_interval_is_delongs_on_the_logit_scale(seed: int) -> None:
    truth, score = _cases(20, 40, 0.5, np.random.default_rng(seed))
    area = auc(truth, score)
    spread = math.sqrt(rank_compare_2indep(score[truth], score[~truth]).var / 60)
    logit, width = math.log(area.value / (1 - area.value)), Z95 * spread / (area.value * (1 - area.value))
    assert (area.low, area.high) == pytest.approx(
        [1 / (1 + math.exp(-logit - way * width)) for way in (-1, 1)]
    )
    assert 0 <= area.low < area.value < area.high <= 1
    assert area.n == 60


@pytest.mark.parametrize("cases", [1, 2, 4, 30])
def test_a_perfect_order_of_few_cases_is_not_certain(cases: int) -> None:
    truth = np.array([True] * cases + [False] * cases)
    perfect, reversed_order = auc(truth, truth.astype(float)), auc(truth, 1.0 - truth)
    assert (perfect.value, perfect.high, perfect.n) == (1.0, 1.0, 2 * cases)
    assert (reversed_order.value, reversed_order.low) == (0.0, 0.0)
    assert reversed_order.high == pytest.approx(1 - perfect.low)
    # Newcombe's bound, solved: (1 - low)^2 is z^2 times the variance at `low`.
    others, low = cases - 1, perfect.low
    variance = low * (1 - low) * (1 + others * ((1 - low) / (2 - low) + low / (1 + low))) / cases**2
    assert (1 - low) ** 2 == pytest.approx(Z95**2 * variance)


def test_a_perfect_order_proves_more_the_more_cases_there_are() -> None:
    lows = [auc(np.arange(2 * n) < n, (np.arange(2 * n) < n).astype(float)).low for n in (1, 2, 4, 30, 300)]
    assert lows == sorted(lows)
    assert lows[2] == pytest.approx(0.582, abs=5e-4)  # eight cases
    assert lows[4] > 0.99


def test_a_perfect_order_covers_the_truth_as_often_as_it_says() -> None:
    random, true = np.random.default_rng(5), 0.95
    apart = stats.norm.ppf(true) * math.sqrt(2)
    covered = 0
    for _ in range(500):
        area = auc(*_cases(4, 4, apart, random))
        covered += area.low <= true <= area.high
    assert covered / 500 >= 0.95


@pytest.mark.parametrize(("ill", "healthy", "apart"), [(60, 60, 1.0), (20, 80, 1.5), (10, 10, 0.5)])
def test_delongs_interval_covers_the_truth_about_as_often_as_it_says(
    ill: int, healthy: int, apart: float
) -> None:
    random, true = np.random.default_rng(7), float(stats.norm.cdf(apart / math.sqrt(2)))
    covered = 0
    for _ in range(400):
        area = auc(*_cases(ill, healthy, apart, random))
        covered += area.low <= true <= area.high
    assert 0.92 <= covered / 400 <= 0.99


def test_scores_that_are_all_the_same_and_a_lone_ill_case_keep_a_wide_interval() -> None:
    guess = auc(np.array([True, False] * 4), np.full(8, 0.5))
    assert guess.value == 0.5
    assert guess.low < 0.2
    assert guess.high > 0.8
    lone = auc(np.array([True] + [False] * 9), np.array([0.5, *np.linspace(0, 1, 9)]))
    assert lone.high - lone.low > 0.6
    assert 0 < lone.low < lone.value < lone.high < 1


@pytest.mark.parametrize("below", [1, 4, 8])
def test_newcombes_bounds_are_1_96_of_their_own_errors_away(below: int) -> None:
    """A lone ill case among nine healthy ones, above `below` of them."""
    area = auc(np.arange(10) < 1, np.array([below - 0.5, *range(9)]))
    assert area.value == pytest.approx(below / 9)
    assert area.low < area.value < area.high
    for end in (area.low, area.high):
        variance = end * (1 - end) * (1 + 4 * ((1 - end) / (2 - end) + end / (1 + end))) / 9
        assert (end - area.value) ** 2 == pytest.approx(Z95**2 * variance, rel=1e-6)


def test_without_one_kind_of_cases_it_is_not_defined() -> None:
    for truth in (np.ones(3, bool), np.zeros(3, bool), np.zeros(0, bool)):
        area = auc(truth, np.linspace(0, 1, len(truth)))
        assert math.isnan(area.value)
        assert (area.low, area.high, area.n) == (0.0, 1.0, len(truth))


def test_superiority_of_a_lone_value_has_no_spread() -> None:
    result = superiority(np.array([0, 1]), np.array([2, 3]))
    assert result.value == pytest.approx((2 + 3 / 2) / 5)
    assert math.isnan(result.spread)
    assert superiority(np.array([4]), np.array([5])).p == 1.0


def test_two_of_each_kind_are_enough_for_a_spread() -> None:
    """Ill at 0 and 2, healthy twice at 1: by hand both shares are 0.5, one of them with a variance of 0.5."""
    result = superiority(np.array([1, 0, 1]), np.array([0, 2, 0]))
    assert (result.value, result.spread) == (0.5, pytest.approx(math.sqrt(0.5 / 2)))
    area = auc(np.array([True, True, False, False]), np.array([0.0, 2.0, 1.0, 1.0]))
    width = Z95 * 0.5 / 0.25
    assert (area.low, area.high) == pytest.approx([1 / (1 + math.exp(-way * width)) for way in (-1, 1)])


@given(SEEDS)
def test_the_difference_of_two_areas_has_delongs_error(seed: int) -> None:
    """Against the covariance matrix written out as in the paper."""
    random = np.random.default_rng(seed)
    truth, first = _cases(15, 25, 1.0, random)
    second = (first + random.normal(size=40)).round(1)
    areas, above, below = [], [], []
    for score in (first, second):
        wins = (score[truth][:, None] > score[~truth]) + 0.5 * (score[truth][:, None] == score[~truth])
        areas.append(wins.mean())
        above.append(wins.mean(axis=1))
        below.append(wins.mean(axis=0))
    covariance = np.cov(above) / 15 + np.cov(below) / 25
    expected = math.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    assert delong(truth, first, second) == pytest.approx((*areas, expected))
    assert delong(truth, second, first) == pytest.approx((*areas[::-1], expected))


def test_the_error_of_a_difference_needs_two_of_each_kind() -> None:
    truth = np.array([True, False, False])
    first, second, spread = delong(truth, np.array([0.9, 0.1, 0.2]), np.array([0.1, 0.2, 0.05]))
    assert (first, second) == (1.0, 0.5)
    assert math.isnan(spread)
    assert isinstance(auc(truth, np.array([0.9, 0.1, 0.2])), Estimate)
    two = np.array([True, True, False, False])
    assert delong(two, np.array([0.9, 0.4, 0.1, 0.5]), np.array([0.9, 0.6, 0.1, 0.5]))[2] > 0
