"""Curves, sweeps and thresholds, against scikit-learn and by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as peer

from data.errors import UnusableDataset
from models.statistics.confusion import Confusion, called_ill
from models.statistics.proportions import proportion
from models.statistics.roc import MOST_POINTS, curves, frr_at_far, swept, threshold_for_recall


def _honest(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    probability = random.random(n).round(3)
    return random.random(n) < probability, probability


def test_a_sweep_is_what_each_threshold_gives() -> None:
    truth, probability = _honest(300)
    sweep = swept(truth, probability)
    assert sweep.threshold.tolist() == np.linspace(0, 1, 101).tolist()
    for place in (0, 37, 50, 100):
        direct = Confusion.of(truth, called_ill(probability, sweep.threshold[place])).rates()
        for name in ("recall", "far", "frr", "precision", "specificity", "accuracy"):
            value = getattr(sweep, name)[place]
            assert value == pytest.approx(direct[name].value, nan_ok=True), name
    assert sweep.at(0.374) == Confusion.of(truth, called_ill(probability, sweep.threshold[37])).rates()
    assert (np.diff(sweep.recall) <= 0).all()
    assert (np.diff(sweep.far) <= 0).all()
    assert swept(truth, probability, np.array([0.9, 0.1])).threshold.tolist() == [0.1, 0.9]


def test_a_sweep_of_the_healthy_alone_has_no_recall() -> None:
    sweep = swept(np.zeros(4, bool), np.array([0.1, 0.2, 0.3, 0.9]), np.array([0.5]))
    assert math.isnan(sweep.recall[0])
    assert (sweep.far[0], sweep.accuracy[0], sweep.precision[0]) == (0.25, 0.75, 0.0)


def test_curves_are_scikit_learns_and_end_in_their_corners() -> None:
    truth, probability = _honest(200)
    result = curves(truth, probability)
    far, recall, threshold = peer.roc_curve(truth, probability, drop_intermediate=False)
    assert result.roc_far == pytest.approx(far)
    assert result.roc_recall == pytest.approx(recall)
    assert result.roc_threshold == pytest.approx(threshold)
    assert (result.roc_far[0], result.roc_recall[-1]) == (0.0, 1.0)
    precision, recall, threshold = peer.precision_recall_curve(truth, probability)
    assert result.pr_recall == pytest.approx(recall[::-1][1:])
    assert result.pr_precision == pytest.approx(precision[::-1][1:])
    assert result.pr_threshold == pytest.approx(threshold[::-1])
    assert (result.n_ill, result.n_healthy) == (int(truth.sum()), int((~truth).sum()))


def test_a_thinned_curve_keeps_its_area_and_its_ends() -> None:
    truth, _ = _honest(20_000, 2)
    random = np.random.default_rng(2)
    probability = random.random(20_000)
    truth = random.random(20_000) < probability
    result = curves(truth, probability)
    assert 400 < len(result.roc_far) <= MOST_POINTS
    assert 400 < len(result.pr_recall) <= MOST_POINTS
    assert (result.roc_far[0], result.roc_far[-1], result.pr_recall[-1]) == (0.0, 1.0, 1.0)
    assert np.trapezoid(result.roc_recall, result.roc_far) == pytest.approx(
        peer.roc_auc_score(truth, probability), abs=1e-4
    )


def test_curves_of_one_kind_of_cases() -> None:
    healthy = curves(np.zeros(2, bool), np.array([0.4, 0.6]))
    assert (len(healthy.roc_far), len(healthy.pr_recall)) == (0, 0)
    ill = curves(np.ones(2, bool), np.array([0.4, 0.6]))
    assert (len(ill.roc_far), ill.pr_precision.tolist()) == (0, [1.0, 1.0])


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.9, 0.95, 0.97, 1.0]))
def test_the_threshold_keeps_the_recall_that_was_asked_for_and_is_the_highest(
    seed: int, recall: float
) -> None:
    random = np.random.default_rng(seed)
    truth = random.random(200) < 0.4
    truth[0] = True
    probability = np.clip(random.normal(0.5, 0.2, 200) + 0.2 * truth, 0, 1)
    threshold = threshold_for_recall(truth, probability, recall)
    assert called_ill(probability[truth], threshold).mean() >= recall
    higher = np.nextafter(threshold, 2)
    assert called_ill(probability[truth], higher).mean() < recall or threshold == probability[truth].max()


def test_a_threshold_by_hand() -> None:
    truth, probability = np.array([True] * 4 + [False] * 4), np.array([0.2, 0.4, 0.6, 0.8] * 2)
    assert threshold_for_recall(truth, probability, 1.0) == 0.2
    assert threshold_for_recall(truth, probability, 0.75) == 0.4
    assert threshold_for_recall(truth, probability, 0.0) == 0.8
    seventy = np.ones(70, bool), np.arange(70.0)
    assert threshold_for_recall(*seventy, 0.9) == 7.0  # seven may be missed, not six
    with pytest.raises(UnusableDataset, match="ill"):
        threshold_for_recall(np.zeros(3, bool), np.array([0.1, 0.2, 0.3]), 0.97)


def test_misses_are_counted_where_few_healthy_are_called() -> None:
    truth = np.array([True] * 10 + [False] * 100)
    probability = np.concatenate([np.linspace(0.1, 1.0, 10), np.linspace(0.0, 0.5, 100)])
    # Five of the hundred lie above 0.4747: the sixth highest. Four of the ill (0.1 to 0.4) do not.
    assert frr_at_far(truth, probability, 0.05) == proportion(4, 10)
    assert frr_at_far(truth, probability, 0.0) == proportion(5, 10)
    assert frr_at_far(truth, probability, 1.0) == proportion(0, 10)
    hundred = np.arange(200) < 100, np.tile(np.arange(100.0), 2)
    assert frr_at_far(*hundred, 0.29) == proportion(71, 100)  # 29 of the hundred may be called
    assert math.isnan(frr_at_far(np.ones(2, bool), np.array([0.1, 0.2]), 0.05).value)
