"""Cohen's kappa against statsmodels and by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from statsmodels.stats.inter_rater import cohens_kappa

from models.statistics.agreement import kappa


@pytest.mark.parametrize("seed", range(5))
def test_kappa_is_that_of_statsmodels(seed: int) -> None:
    random = np.random.default_rng(seed)
    first = random.integers(0, 3, 60)
    second = np.where(random.random(60) < 0.6, first, random.integers(0, 3, 60))
    table = np.zeros((3, 3))
    np.add.at(table, (first, second), 1)
    estimate = kappa(first.tolist(), second.tolist())
    assert estimate.value == pytest.approx(cohens_kappa(table).kappa)
    assert estimate.low < estimate.value < estimate.high and estimate.n == 60


def test_perfect_agreement_has_an_interval_that_narrows() -> None:
    few, many = (kappa([True, False] * n, [True, False] * n) for n in (3, 60))
    assert few.value == few.high == many.value == 1.0
    assert few.low < many.low < 1.0


def test_where_chance_alone_agrees_nothing_is_defined() -> None:
    for answers in ([], [True] * 4):
        estimate = kappa(answers, answers)
        assert math.isnan(estimate.value) and (estimate.low, estimate.high) == (-1.0, 1.0)
        assert estimate.n == len(answers)


def test_complete_disagreement_is_below_chance_and_answers_may_be_unknown() -> None:
    assert kappa([True, False], [False, True]).value == -1.0
    assert kappa(["a", None, "a", None], ["a", None, None, "a"]).value == 0.0
    with pytest.raises(ValueError, match="zip"):
        kappa([1], [1, 2])


@pytest.mark.parametrize(("prevalence", "copied"), [(0.5, 0.8), (0.8, 0.69), (0.5, 0.4)])
def test_the_interval_covers_as_often_as_it_says(prevalence: float, copied: float) -> None:
    random, covered, n = np.random.default_rng(7), 0, 300
    for _ in range(n):
        first = random.random(40) < prevalence
        second = np.where(random.random(40) < copied, first, random.random(40) < prevalence)
        estimate = kappa(first.tolist(), second.tolist())
        covered += estimate.low <= copied <= estimate.high
    assert covered / n > 0.91
