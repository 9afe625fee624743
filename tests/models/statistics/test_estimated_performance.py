"""What calibrated probabilities say without truth: how often it holds, and how it fails."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.statistics.estimated_performance import (
    ExpectedConfusion,
    estimated_rates,
    expected_dice,
    holds,
    recalibrated,
)

HOUSES = 150
METRICS = ("recall", "specificity", "precision", "accuracy")


def covered(error: float, recalibrate: bool = False) -> dict[str, float]:
    """In what share of drawn houses each true rate lies within the interval; `error` is of the log odds."""
    chance, inside = np.random.default_rng(3), dict.fromkeys(METRICS, 0)
    for _ in range(HOUSES):
        said = chance.beta(0.6, 1.5, 300)
        odds = np.log(said / (1 - said)) + error
        ill = chance.random(300) < 1 / (1 + np.exp(-odds))
        correction = recalibrated(ill[:150], said[:150]) if recalibrate else None
        ill, said = ill[150:], said[150:]
        called = said >= 0.5
        true = {
            "recall": (ill & called).sum() / ill.sum(),
            "specificity": (~ill & ~called).sum() / (~ill).sum(),
            "precision": (ill & called).sum() / called.sum(),
            "accuracy": (ill == called).mean(),
        }
        told = estimated_rates(said, called, correction)
        for metric in METRICS:
            inside[metric] += bool(told[metric].low <= true[metric] <= told[metric].high)
    return {metric: n / HOUSES for metric, n in inside.items()}


def test_of_calibrated_probabilities_the_interval_holds_the_truth_in_95_of_100() -> None:
    for metric, share in covered(0.0).items():
        assert 0.91 <= share <= 0.995, metric


def test_of_wrong_probabilities_it_does_not_hold_and_the_rule_sees_it() -> None:
    share = covered(1.5)["recall"]
    assert share < 0.6
    assert not holds(round(share * 12), 12)


def test_corrected_on_the_house_s_own_truths_it_holds_again() -> None:
    assert covered(1.5, recalibrate=True)["recall"] >= 0.90


def test_the_expected_confusion_is_the_sum_of_chances() -> None:
    probability, called = np.array([0.9, 0.6, 0.2]), np.array([True, True, False])
    expected = ExpectedConfusion.of(probability, called)
    assert vars(expected) == pytest.approx(
        {"hit": 1.5, "miss": 0.2, "false_alarm": 0.5, "right_negative": 0.8}
    )
    told = estimated_rates(probability, called)
    assert told["recall"].value == pytest.approx(1.5 / 1.7)
    assert told["precision"].value == pytest.approx(0.75)
    assert told["specificity"].value == pytest.approx(0.8 / 1.3)
    assert told["far"].value == pytest.approx(1 - 0.8 / 1.3)
    assert told["accuracy"].value == pytest.approx(2.3 / 3)
    assert told["f1"].value == pytest.approx(3 / 3.7)
    assert [expected.denominator(rate) for rate in ("recall", "far", "precision", "accuracy")] == (
        pytest.approx([1.7, 1.3, 2.0, 3.0])
    )


def test_the_same_cases_have_the_same_interval_in_any_order() -> None:
    chance = np.random.default_rng(1)
    said = chance.random(200)
    turned = chance.permutation(200)
    assert estimated_rates(said, said > 0.5)["recall"].low == (
        estimated_rates(said[turned], said[turned] > 0.5)["recall"].low
    )


def test_without_a_case_or_a_call_nothing_is_known() -> None:
    assert math.isnan(estimated_rates(np.zeros(0), np.zeros(0, bool))["recall"].value)
    none_called = estimated_rates(np.full(30, 0.1), np.zeros(30, bool))
    assert math.isnan(none_called["precision"].value)
    assert none_called["recall"].value == 0.0


def test_truths_in_perfect_order_have_a_correction_with_an_end() -> None:
    said = np.linspace(0.05, 0.95, 60)
    correction = recalibrated(said > 0.5, said)
    assert 1 < correction.slope < 10
    assert np.isfinite(correction.covariance).all()
    assert (correction.n, correction.ill) == (60, 30)


def test_mean_dice_has_the_spread_of_validation_or_the_widest_there_can_be() -> None:
    expected = np.array([0.8] * 25 + [math.nan])
    known, unknown = expected_dice(expected, 0.1), expected_dice(expected)
    assert known.n == unknown.n == 25
    assert known.value == pytest.approx(0.8)
    assert known.high - known.value == pytest.approx(1.96 * 0.1 * math.sqrt(math.pi / 2) / 5, rel=1e-3)
    assert unknown.high - unknown.value == pytest.approx(1.96 * 0.4 / 5, rel=1e-3)
    assert expected_dice(np.full(2, 0.99), 0.3).high == 1.0
    assert math.isnan(expected_dice(np.array([math.nan])).value)


def test_sure_probabilities_leave_room_for_one_case() -> None:
    sure = np.r_[np.full(25, 1 - 1e-9), np.full(25, 1e-9)]
    rates = estimated_rates(sure, sure > 0.5)
    assert (rates["recall"].low, rates["recall"].high) == (pytest.approx(1 - 1 / 25), 1.0)
    assert (rates["far"].low, rates["far"].high) == (0.0, pytest.approx(1 / 25))
    assert rates["accuracy"].low == pytest.approx(1 - 1 / 50)
