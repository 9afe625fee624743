"""Calibration: errors, bins and fitted temperatures."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.statistics import calibration
from models.statistics.calibration import (
    binned_error,
    calibration_bins,
    calibration_error,
    fitted_temperature,
)
from models.statistics.estimate import undefined
from models.statistics.proportions import proportion


def _honest(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    probability = random.random(n).round(3)
    return random.random(n) < probability, probability


def test_the_error_by_hand() -> None:
    assert calibration_error(np.array([False] * 4), np.full(4, 0.9)).value == pytest.approx(0.9)
    assert calibration_error(np.array([True, False]), np.full(2, 0.5)).value == pytest.approx(0.0)
    # Two bins: 0.3 said and half ill (0.2 off), 0.8 said and all ill (0.2 off), four cases to two.
    truth = np.array([True, True, False, False, True, True])
    probability = np.array([0.3] * 4 + [0.8] * 2)
    assert binned_error(truth, probability) == pytest.approx((4 * 0.2 + 2 * 0.2) / 6)
    assert binned_error(truth, probability, 1) == pytest.approx(abs(4 / 6 - (1.2 + 1.6) / 6))


def test_of_no_cases_nothing_is_known() -> None:
    nothing = np.zeros(0)
    assert math.isnan(binned_error(nothing.astype(bool), nothing))
    error = calibration_error(nothing.astype(bool), nothing)
    assert math.isnan(error.value)
    assert (error.low, error.high, error.n) == (undefined().low, undefined().high, 0)


@given(st.integers(0, 2**32 - 1), st.integers(2, 40))
def test_the_error_lies_in_its_interval(seed: int, n: int) -> None:
    error = calibration_error(*_honest(n, seed))
    assert 0 <= error.low <= error.value <= error.high <= 1
    assert error.low < error.high
    assert error.n == n


def test_no_error_in_few_cases_is_not_proved() -> None:
    truth = np.array([True] * 4 + [False] * 4)
    error = calibration_error(truth, truth.astype(float))
    assert (error.value, error.low, error.n) == (0.0, 0.0, 8)
    assert error.high == pytest.approx(proportion(0, 8).high)


def test_the_interval_is_the_bootstraps() -> None:
    truth, probability = _honest(150, 3)
    random = np.random.default_rng(9)
    drawn = []
    for _ in range(2000):
        rows = random.integers(150, size=150)
        drawn.append(binned_error(truth[rows], probability[rows]))
    error = calibration_error(truth, probability)
    low, high = np.percentile(drawn, [2.5, 97.5])
    assert error.low == pytest.approx(min(low, error.value), abs=0.01)
    assert error.high == pytest.approx(high, abs=0.01)


def test_the_interval_of_many_cases_agrees_with_that_of_few(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = _honest(1500, 1)
    few = calibration_error(*cases)
    monkeypatch.setattr(calibration, "MANY", 100)
    many = calibration_error(*cases)
    assert (few.value, few.n) == (many.value, many.n)
    assert (few.low, few.high) == pytest.approx((many.low, many.high), abs=0.006)


def test_bins_hold_every_case_once_and_their_mean_gap_is_the_error() -> None:
    truth, probability = _honest(600)
    bins = calibration_bins(truth, probability)
    assert [(each.low, each.high) for each in bins] == [(k / 10, (k + 1) / 10) for k in range(10)]
    assert sum(each.observed.n for each in bins) == 600
    for each in bins:
        inside = (probability >= each.low) & ((probability < each.high) | (each.high == 1))
        assert each.predicted == pytest.approx(probability[inside].mean())
        assert each.observed == proportion(int(truth[inside].sum()), int(inside.sum()))
    gaps = [each.observed.n * abs(each.observed.value - each.predicted) for each in bins]
    assert calibration_error(truth, probability).value == pytest.approx(sum(gaps) / 600)


def test_certainty_belongs_to_the_last_bin_and_impossibility_to_the_first() -> None:
    bins = calibration_bins(np.array([True, False]), np.array([1.0, 0.0]))
    assert [(each.low, each.high) for each in bins] == [(0.0, 0.1), (0.9, 1.0)]


def test_temperature_brings_overconfident_logits_back() -> None:
    random = np.random.default_rng(0)
    honest = random.normal(0, 2, 4000)
    truth = random.random(4000) < 1 / (1 + np.exp(-honest))
    temperature, bias = fitted_temperature(truth, honest * 3 + 1.5)
    assert temperature == pytest.approx(3.0, rel=0.15)
    assert bias == pytest.approx(-0.5, abs=0.15)
