"""Judgements are scored as validation scores its cases: one statistic, one number."""

from __future__ import annotations

import math
from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest
from torch import Tensor

from data.records import Judgements, Verdict
from models.evaluation import Evaluation
from models.pneumonia.evaluation import PneumoniaEvaluator
from models.statistics.classification import classification
from models.statistics.confusion import Confusion
from models.statistics.means import mean
from models.statistics.proportions import proportion
from models.task import Decision
from models.training import Training
from models.trainings import training_of
from reports.drift_numbers import share
from services.statistics.scoring import calibration, called, confusion, curves, scored, swept, wrongness
from tests.labelled import make_labelled
from tests.services.judged import crowd, judged


def _evaluated(training: Training, folder: Path, decision: Decision, spread: float) -> Evaluation:
    """What validation makes of a network of the first task that answers by chance, the surer the wider."""

    def run(inputs: Tensor) -> np.ndarray:
        random = np.random.default_rng(int(inputs.sum() * 10))
        return random.normal(0, spread, size=(len(inputs), 1, 6, 6)).astype(np.float32)

    evaluator = training.evaluator(folder, run, None)
    assert isinstance(evaluator, PneumoniaEvaluator)
    return evaluator.evaluated(decision)


def _as_real_use(evaluation: Evaluation) -> Judgements:
    cases = evaluation.scored
    assert cases is not None
    positive = [probability >= cases.threshold for probability in cases.probability]
    return judged(cases.probability, cases.truth, positive=positive)


@pytest.mark.parametrize(("threshold", "spread"), [(0.5, 1.0), (0.35, 8.0), (0.0, 1.0), (1.0, 0.1)])
def test_validation_and_real_use_give_the_same_numbers_of_the_same_cases(
    tmp_path: Path, threshold: float, spread: float
) -> None:
    evaluation = _evaluated(
        training_of("pneumonia"), make_labelled(tmp_path), Decision(threshold=threshold), spread
    )
    real_use = scored(_as_real_use(evaluation))
    assert set(evaluation.figures) == set(real_use) - {"dice", "accepted_outlines"}
    for name, estimate in evaluation.figures.items():
        assert astuple(estimate) == pytest.approx(astuple(real_use[name]), nan_ok=True, rel=1e-12), name


@pytest.mark.parametrize("truth", [[True] * 4 + [False] * 4, [True] * 8, [False] * 8, [False, True] * 4])
def test_they_agree_on_few_cases_in_perfect_order_and_of_one_kind(truth: list[bool]) -> None:
    probability = np.array([0.9, 0.8, 0.8, 0.7, 0.3, 0.2, 0.2, 0.1])
    cases = judged(probability.tolist(), truth)
    validation = classification(np.array(truth), probability, probability >= 0.5)
    for name, estimate in validation.items():
        assert astuple(estimate) == pytest.approx(astuple(scored(cases)[name]), nan_ok=True), name


def test_validation_lists_its_worst_cases_in_the_order_of_real_use(tmp_path: Path) -> None:
    evaluation = _evaluated(training_of("pneumonia"), make_labelled(tmp_path), Decision(threshold=0.35), 3.0)
    truth = [case["pneumonia"] for case in evaluation.cases]
    probability = [case["probability"] for case in evaluation.cases]
    cases = judged(probability, truth, positive=[share >= 0.35 for share in probability])
    assert (np.diff(wrongness(cases)) <= 0).all()
    wrong = cases.positive != cases.truth_positive
    assert wrong.any()
    assert wrong.tolist() == sorted(wrong.tolist(), reverse=True)


def test_scores_are_the_table_the_mean_dice_and_the_share_of_accepted_outlines() -> None:
    said = [Verdict.ACCEPTED, Verdict.CORRECTED, Verdict.REJECTED, Verdict.ACCEPTED, Verdict.ACCEPTED]
    cases = crowd(
        300,
        dice=np.random.default_rng(1).beta(8, 2, 300).tolist(),
        verdict=[verdict.value for verdict in said] * 60,
        outlined=[True, True, True, False, True] * 60,
    )
    expected = classification(cases.truth_positive, cases.probability, cases.positive)
    own = {"dice": mean(cases.dice), "accepted_outlines": proportion(120, 240)}
    assert scored(cases) == expected | own
    assert scored(cases)["recall"].n == int(cases.truth_positive.sum())


def test_a_threshold_moves_what_is_called_ill_but_no_mask() -> None:
    cases = crowd(dice=[0.8, 0.9] * 300)
    low, own = scored(cases, 0.2), scored(cases)
    assert low["recall"].value > own["recall"].value
    assert low["far"].value > own["far"].value
    assert low["dice"] == own["dice"]
    assert low["auc"] == own["auc"]


def test_a_result_s_own_answer_counts_unless_a_threshold_is_given() -> None:
    cases = judged([0.5, 0.49, 0.7], [True, True, False], positive=[False, True, True])
    assert called(cases).tolist() == [False, True, True]
    assert called(cases, 0.5).tolist() == [True, False, True]
    assert confusion(cases) == Confusion(1, 1, 1, 0)
    assert confusion(cases, 0.6) == Confusion(0, 2, 1, 0)


def test_what_cannot_be_known_is_nan_with_no_cases() -> None:
    for estimate in scored(judged([], [])).values():
        assert math.isnan(estimate.value)
        assert estimate.n == 0
    healthy = scored(judged([0.1, 0.2], [False, False]))
    for name in ("recall", "precision", "f1", "auc", "frr", "dice"):
        assert math.isnan(healthy[name].value), name
    assert healthy["specificity"] == proportion(2, 2)


def test_sweep_curves_and_bins_are_of_the_judgements() -> None:
    cases = crowd(200)
    assert swept(cases).at(0.37) == scored_rates(cases, float(swept(cases).threshold[37]))
    assert swept(cases, np.array([0.2])).confusion(0.2) == confusion(cases, 0.2)
    assert curves(cases).n_ill == int(cases.truth_positive.sum())
    assert sum(each.observed.n for each in calibration(cases)) == 200


def scored_rates(cases: Judgements, threshold: float) -> dict[str, object]:
    return dict(confusion(cases, threshold).rates())


@pytest.mark.parametrize(("hits", "n"), [(0, 8), (8, 8), (81, 263)])
def test_a_drift_report_s_shares_have_the_same_interval(hits: int, n: int) -> None:
    """Reports cannot import the statistics of models; what they ask of scipy must be the same."""
    expected = proportion(hits, n)
    assert share(hits, n) == pytest.approx(
        {"value": expected.value, "low": expected.low, "high": expected.high, "n": n}
    )
