"""Two versions on the same cases: against published examples, scipy and drawing cases anew."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as peer
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar

from models.statistics import paired
from models.statistics.areas import auc
from models.statistics.calibration import binned_error
from models.statistics.estimate import Z95
from models.statistics.paired import (
    LEAST_SPREAD,
    McNemar,
    mcnemar,
    paired_areas,
    paired_calibration,
    paired_means,
    paired_precision_and_f1,
    paired_shares,
    same_in_all,
)
from models.statistics.proportions import difference

SEEDS = st.integers(0, 2**32 - 1)


def _sides(both: int, first: int, second: int, none: int) -> tuple[np.ndarray, np.ndarray]:
    counts = [both, first, second, none]
    return np.repeat([True, True, False, False], counts), np.repeat([True, False, True, False], counts)


def _versions(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Truth, honest probabilities, and the same with noise."""
    random = np.random.default_rng(seed)
    probability = random.random(n).round(3)
    noisy = np.clip(probability + random.normal(0, 0.2, n), 0, 1)
    return random.random(n) < probability, probability, noisy


@given(*(st.integers(0, 40) for _ in range(4)))
def test_mcnemar_is_the_exact_test(both: int, first: int, second: int, none: int) -> None:
    test = mcnemar(*_sides(both, first, second, none))
    if both + first + second + none:
        peer_p = statsmodels_mcnemar([[both, first], [second, none]], exact=True).pvalue
        assert (test.first_only, test.second_only) == (first, second)
        assert test.p == pytest.approx(min(1.0, peer_p))


def test_mcnemar_by_hand() -> None:
    assert mcnemar(*_sides(40, 9, 2, 10)) == McNemar(9, 2, pytest.approx(0.0654296875))
    assert mcnemar(*_sides(40, 0, 0, 3)).p == 1.0
    nothing = mcnemar(*_sides(0, 0, 0, 0))
    assert (nothing.first_only, nothing.second_only) == (0, 0)
    assert math.isnan(nothing.p)


def test_shares_have_bonett_and_prices_interval() -> None:
    """Airways of 21 children before and after stem cell treatment (Bentur 2009): 1, 1, 7 and 12 of them.

    By hand: (1 + 1) / 23 less (7 + 1) / 23, and 1.96 * sqrt((10 / 23 - (6 / 23)^2) / 23).
    """
    before, after = _sides(1, 1, 7, 12)
    apart = paired_shares(after, before)
    assert (apart.first, apart.second) == pytest.approx((8 / 21, 2 / 21))
    assert apart.value == pytest.approx(-6 / 21)
    assert (apart.low, apart.high) == pytest.approx((-0.50836, -0.01338), abs=5e-6)
    assert (apart.n, apart.p) == (21, pytest.approx(stats.binomtest(1, 8).pvalue))


def test_shares_that_never_differ_are_not_the_same_for_certain() -> None:
    same = paired_shares(*_sides(98, 0, 0, 0))
    half = Z95 * math.sqrt(2) / 100
    assert (same.value, same.low, same.high, same.p) == (0.0, pytest.approx(-half), pytest.approx(half), 1.0)


@pytest.mark.parametrize("margin", [0.01, 0.05, 0.3])
def test_as_many_cases_as_are_said_keep_a_share_within_a_margin(margin: float) -> None:
    needed = same_in_all(margin)
    assert paired_shares(*_sides(needed, 0, 0, 0)).low > -margin
    assert paired_shares(*_sides(needed - 1, 0, 0, 0)).low <= -margin


@given(*(st.integers(0, 30) for _ in range(4)))
def test_a_difference_of_shares_lies_in_its_interval(both: int, first: int, second: int, none: int) -> None:
    if both + first + second + none:
        apart = paired_shares(*_sides(both, first, second, none))
        assert -1 <= apart.low <= apart.value <= apart.high <= 1
        assert apart.low < apart.high
        turned = paired_shares(*_sides(both, second, first, none))
        assert (turned.low, turned.high) == pytest.approx((-apart.high, -apart.low))


def test_intervals_of_shares_cover_as_often_as_they_say() -> None:
    random, hits = np.random.default_rng(9), 0
    for drawn in random.multinomial(40, [0.7, 0.15, 0.05, 0.1], size=600):
        apart = paired_shares(*_sides(*drawn))
        hits += apart.low <= -0.1 <= apart.high
    assert 0.93 < hits / 600 < 0.985


def test_means_have_the_paired_t_interval_and_test() -> None:
    """Student 1908: hours of sleep that two drugs gave the same ten patients, t = 4.062, p = 0.00283."""
    first = np.array([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]) / 10
    second = np.array([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]) / 10
    apart = paired_means(first, second)
    assert (apart.first, apart.second, apart.value) == pytest.approx((0.075, 0.233, 0.158))
    assert (apart.low, apart.high) == pytest.approx((0.07001, 0.24599), abs=5e-5)
    assert (apart.n, apart.p) == (10, pytest.approx(0.002833, abs=5e-6))


def test_means_are_of_what_both_sides_know() -> None:
    apart = paired_means(np.array([0.1, np.nan, 0.5, 0.4]), np.array([0.2, 0.9, np.nan, 0.8]))
    assert (apart.first, apart.second, apart.value, apart.n) == (
        pytest.approx(0.25), pytest.approx(0.5), pytest.approx(0.25), 2,
    )  # fmt: skip
    nothing = paired_means(np.array([np.nan]), np.array([0.5]))
    assert math.isnan(nothing.value)
    assert (nothing.low, nothing.high, nothing.n, nothing.p) == (-1.0, 1.0, 0, None)
    lone = paired_means(np.array([0.5]), np.array([0.7]))
    assert (lone.low, lone.high, lone.n, lone.p) == (-1.0, 1.0, 1, None)


def test_means_that_never_differ_are_not_the_same_for_certain() -> None:
    same = paired_means(np.linspace(0, 1, 9), np.linspace(0, 1, 9))
    half = 2.306 * LEAST_SPREAD / 3  # Student's t for 8 degrees of freedom
    assert (same.value, same.low, same.high, same.p) == (
        0, pytest.approx(-half, rel=1e-3), pytest.approx(half, rel=1e-3), 1.0,
    )  # fmt: skip
    shifted = paired_means(np.zeros(4), np.full(4, 0.25))
    assert 0 < shifted.low < shifted.value < shifted.high < 1
    assert shifted.p is None


def test_means_that_hardly_differ_are_no_surer_than_those_that_never_do() -> None:
    values, little = np.linspace(0.2, 0.9, 9), np.resize([1e-6, -1e-6, 0.0], 9)
    same, nearly = paired_means(values, values), paired_means(values, values + little)
    assert (nearly.low, nearly.high) == pytest.approx((same.low, same.high), abs=1e-5)


@given(SEEDS)
def test_areas_have_delongs_interval_and_test(seed: int) -> None:
    truth, first, second = _versions(60, seed)
    apart = paired_areas(truth, first, second)
    assert (apart.first, apart.second) == pytest.approx((auc(truth, first).value, auc(truth, second).value))
    assert apart.value == pytest.approx(apart.second - apart.first)
    assert -1 <= apart.low < apart.value < apart.high <= 1
    assert apart.n == 60
    spread = (apart.high - apart.low) / 2 / Z95
    assert apart.p == pytest.approx(2 * stats.norm.sf(abs(apart.value) / spread))
    turned = paired_areas(truth, second, first)
    assert (turned.low, turned.high) == pytest.approx((-apart.high, -apart.low))


def test_the_spread_of_areas_is_that_of_drawing_cases() -> None:
    truth, first, second = _versions(300)
    random, drawn = np.random.default_rng(8), []
    for _ in range(400):
        rows = random.integers(300, size=300)
        areas = [peer.roc_auc_score(truth[rows], score[rows]) for score in (first, second)]
        drawn.append(areas[1] - areas[0])
    apart = paired_areas(truth, first, second)
    assert (apart.high - apart.low) / (2 * Z95) == pytest.approx(np.std(drawn), rel=0.15)


def test_areas_without_spread_take_both_intervals_as_independent() -> None:
    truth = np.array([True] * 4 + [False] * 4)
    perfect = truth.astype(float)
    same = paired_areas(truth, perfect, perfect)
    expected = difference(auc(truth, perfect), auc(truth, perfect))
    assert (same.value, same.p) == (0.0, 1.0)
    assert (same.low, same.high) == (expected.low, expected.high)
    assert same.high > 0.4
    worse = paired_areas(truth, perfect, 1 - perfect)
    assert (worse.value, worse.low, worse.p) == (-1.0, -1.0, None)
    assert worse.high > -1.0
    lone = paired_areas(np.array([True, False, False]), np.array([0.9, 0.1, 0.2]), np.array([0.1, 0.2, 0.05]))
    assert (lone.value, lone.p) == (-0.5, None)
    assert lone.low < -0.5 < lone.high


def test_areas_need_both_kinds_of_cases() -> None:
    for truth in (np.ones(3, bool), np.zeros(3, bool)):
        apart = paired_areas(truth, np.linspace(0, 1, 3), np.linspace(0, 1, 3))
        assert math.isnan(apart.value)
        assert (apart.low, apart.high, apart.n) == (-1.0, 1.0, 0)


@pytest.mark.parametrize(("name", "score"), [("precision", peer.precision_score), ("f1", peer.f1_score)])
def test_precision_and_f1_have_the_interval_of_drawing_cases(name: str, score: object) -> None:
    truth, first, second = _versions(200, 4)
    before, after = first >= 0.5, second >= 0.6
    apart = paired_precision_and_f1(truth, before, after)[name]
    assert (apart.first, apart.second) == pytest.approx((score(truth, before), score(truth, after)))
    assert apart.value == pytest.approx(apart.second - apart.first)
    random, drawn = np.random.default_rng(5), []
    for _ in range(1500):
        rows = random.integers(200, size=200)
        drawn.append(score(truth[rows], after[rows]) - score(truth[rows], before[rows]))
    assert (apart.low, apart.high) == pytest.approx(np.percentile(drawn, [2.5, 97.5]), abs=0.012)
    share = min(np.mean(np.array(drawn) <= 0), np.mean(np.array(drawn) >= 0))
    assert apart.p == pytest.approx(2 * share, abs=0.04)
    assert apart.n == 200


def test_precision_and_f1_without_a_false_answer_are_not_the_same_for_certain() -> None:
    truth = np.array([True] * 3 + [False] * 3)
    for apart in paired_precision_and_f1(truth, truth, truth).values():
        assert (apart.first, apart.second, apart.value, apart.p) == (1.0, 1.0, 0.0, 1.0)
        assert apart.low < -0.3
        assert apart.high > 0.3
    silent = paired_precision_and_f1(truth, np.zeros(6, bool), truth)["precision"]
    assert math.isnan(silent.value)
    assert (silent.low, silent.high, silent.n, silent.p) == (-1.0, 1.0, 6, None)
    nothing = np.zeros(0, bool)
    assert all(math.isnan(each.value) for each in paired_precision_and_f1(nothing, nothing, nothing).values())


def test_calibration_errors_have_the_interval_of_drawing_cases(monkeypatch: pytest.MonkeyPatch) -> None:
    truth, first, second = _versions(250, 6)
    apart = paired_calibration(truth, first, second)
    assert (apart.first, apart.second) == pytest.approx(
        (binned_error(truth, first), binned_error(truth, second))
    )
    assert apart.value == pytest.approx(apart.second - apart.first)
    assert apart.low < apart.value < apart.high
    turned = paired_calibration(truth, second, first)
    assert (turned.low, turned.high) == pytest.approx((-apart.high, -apart.low))
    # Where only some of the cases are drawn, the interval is as wide as if all were.
    monkeypatch.setattr(paired, "MOST_ANSWERS", 60)
    fewer = paired_calibration(truth, first, second)
    assert fewer.high - fewer.low == pytest.approx(apart.high - apart.low, rel=0.3)
    nothing = paired_calibration(truth[:0], first[:0], second[:0])
    assert math.isnan(nothing.value)


def test_p_of_drawn_differences_is_twice_the_share_beyond_none() -> None:
    truth, first, _ = _versions(400, 3)
    same = paired_precision_and_f1(truth, first >= 0.5, first >= 0.5)["precision"]
    assert (same.value, same.p) == (0.0, 1.0)
    sure = paired_precision_and_f1(truth, np.ones(400, bool), first >= 0.7)["precision"]
    assert sure.low > 0
    assert sure.p == pytest.approx(2 / 2001)  # none of 2000 draws, and the one that was seen
