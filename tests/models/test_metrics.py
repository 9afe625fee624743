"""Figures against values worked out by hand or by another library."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from models import metrics


def test_two_empty_masks_agree() -> None:
    nothing = np.zeros((2, 4, 4), bool)
    assert metrics.dice(nothing, nothing) == 1.0
    assert metrics.hausdorff95(nothing, nothing, (1, 1, 1)) == 0.0


def test_dice_of_half_overlap() -> None:
    ours, theirs = np.zeros((1, 4, 4), bool), np.zeros((1, 4, 4), bool)
    ours[0, 0] = True
    theirs[0, 0, :2] = True
    theirs[0, 1, :2] = True
    assert metrics.dice(ours, theirs) == 0.5


def test_hausdorff_is_in_millimetres_and_none_against_nothing() -> None:
    ours, theirs = np.zeros((1, 20, 20), bool), np.zeros((1, 20, 20), bool)
    ours[0, 5, 5] = theirs[0, 5, 9] = True
    assert metrics.hausdorff95(ours, theirs, (1.0, 1.0, 2.5)) == pytest.approx(10.0)
    assert metrics.hausdorff95(ours, np.zeros_like(ours), (1, 1, 1)) is None


def test_wilson_interval_as_published() -> None:
    # Wilson's interval for 81 of 263, from Newcombe (Statistics in Medicine 1998), table I.
    figure = metrics.rate(81, 263)
    assert (round(figure.low, 4), round(figure.high, 4)) == (0.2553, 0.3662)
    assert metrics.rate(0, 0).n == 0
    assert metrics.rate(5, 5).high == 1.0


@given(st.integers(0, 2**32 - 1))
def test_auc_agrees_with_scikit_learn_and_lies_in_its_interval(seed: int) -> None:
    random = np.random.default_rng(seed)
    truth = np.arange(60) % 3 == 0
    score = random.normal(size=60) + truth
    figure = metrics.auc(truth, score)
    assert figure.value == pytest.approx(roc_auc_score(truth, score))
    assert figure.low <= figure.value <= figure.high


def test_delong_s_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    random = np.random.default_rng(7)
    truth = np.arange(120) % 2 == 0
    true_auc = 0.5 * (1 + math.erf(1 / 2))  # two unit normals one apart
    covered = 0
    for _ in range(200):
        figure = metrics.auc(truth, random.normal(size=120) + truth)
        covered += figure.low <= true_auc <= figure.high
    assert 180 <= covered <= 200


def test_classification_counts_add_up() -> None:
    truth = np.array([True] * 8 + [False] * 12)
    probability = np.array([0.9] * 6 + [0.1] * 2 + [0.8] * 3 + [0.2] * 9)
    table = metrics.classification(truth, probability, 0.5)
    assert table["recall"].value == 0.75
    assert table["frr"].value == 0.25
    assert table["far"].value == 0.25
    assert table["specificity"].value == 0.75
    assert table["accuracy"].value == 0.75
    assert table["precision"].value == pytest.approx(6 / 9)
    assert table["f1"].value == pytest.approx(2 * 6 / (8 + 9))


def test_calibration_error_of_a_sure_and_wrong_model() -> None:
    assert metrics.calibration_error(np.array([False] * 4), np.full(4, 0.9)) == pytest.approx(0.9)
    assert metrics.calibration_error(np.array([True, False]), np.full(2, 0.5)) == pytest.approx(0.0)


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.9, 0.95, 0.97, 1.0]))
def test_the_threshold_keeps_the_recall_that_was_asked_for(seed: int, recall: float) -> None:
    random = np.random.default_rng(seed)
    truth = random.random(200) < 0.4
    truth[0] = True
    probability = np.clip(random.normal(0.5, 0.2, 200) + 0.2 * truth, 0, 1)
    threshold = metrics.threshold_for_recall(truth, probability, recall)
    assert (probability[truth] >= threshold).mean() >= recall


def test_temperature_brings_overconfident_logits_back() -> None:
    random = np.random.default_rng(0)
    honest = random.normal(0, 2, 4000)
    truth = random.random(4000) < 1 / (1 + np.exp(-honest))
    temperature, bias = metrics.fitted_temperature(truth, honest * 3 + 1.5)
    assert temperature == pytest.approx(3.0, rel=0.15)
    assert bias == pytest.approx(-0.5, abs=0.15)


def test_a_correlation_lies_in_its_interval_and_needs_pairs() -> None:
    random = np.random.default_rng(0)
    ours = random.normal(size=200)
    figure = metrics.correlation(list(ours), list(ours + random.normal(size=200)))
    assert figure.low < figure.value < figure.high
    assert figure.value == pytest.approx(0.7, abs=0.1)
    assert figure.n == 200
    assert math.isnan(metrics.correlation([1.0, 2.0], [1.0, 2.0]).value)


def test_misses_are_counted_where_few_healthy_are_called() -> None:
    truth = np.array([True] * 10 + [False] * 100)
    probability = np.concatenate([np.linspace(0.1, 1.0, 10), np.linspace(0.0, 0.5, 100)])
    figure = metrics.frr_at_far(truth, probability, 0.05)
    called = (probability[~truth] > np.sort(probability[~truth])[-6]).mean()
    assert called <= 0.05
    assert (figure.value, figure.n) == (0.4, 10)
