"""Rates and F1 by hand, and against scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as peer

from models.statistics.confusion import Confusion, called_ill
from models.statistics.proportions import proportion


def test_a_threshold_calls_ill_who_reaches_it() -> None:
    assert called_ill(np.array([0.3, 0.5, 0.7]), 0.5).tolist() == [False, True, True]


def test_rates_by_hand() -> None:
    truth = np.array([True] * 8 + [False] * 12)
    called = np.array([True] * 6 + [False] * 2 + [True] * 3 + [False] * 9)
    counts = Confusion.of(truth, called)
    assert counts == Confusion(hit=6, miss=2, false_alarm=3, right_negative=9)
    assert counts.n == 20
    rates = counts.rates()
    expected = {
        "recall": proportion(6, 8),
        "precision": proportion(6, 9),
        "specificity": proportion(9, 12),
        "accuracy": proportion(15, 20),
        "far": proportion(3, 12),
        "frr": proportion(2, 8),
    }
    assert {name: rates[name] for name in expected} == expected
    assert list(rates) == [*expected, "f1"]


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=80))
def test_values_are_scikit_learns(cases: list[tuple[bool, bool]]) -> None:
    truth, called = (np.array(column) for column in zip(*cases, strict=True))
    rates = {name: estimate.value for name, estimate in Confusion.of(truth, called).rates().items()}
    expected = {
        "recall": peer.recall_score(truth, called, zero_division=np.nan),
        "precision": peer.precision_score(truth, called, zero_division=np.nan),
        "specificity": peer.recall_score(~truth, ~called, zero_division=np.nan),
        "accuracy": peer.accuracy_score(truth, called),
        "f1": peer.f1_score(truth, called, zero_division=np.nan),
    }
    assert {name: rates[name] for name in expected} == pytest.approx(expected, nan_ok=True)
    assert rates["far"] == pytest.approx(1 - rates["specificity"], nan_ok=True)
    assert rates["frr"] == pytest.approx(1 - rates["recall"], nan_ok=True)


def test_what_has_no_cases_is_not_defined_and_never_0() -> None:
    healthy = Confusion(0, 0, 0, 5).rates()
    for name in ("recall", "precision", "frr", "f1"):
        assert math.isnan(healthy[name].value), name
        assert (healthy[name].low, healthy[name].high) == (0.0, 1.0)
    assert (healthy["specificity"].value, healthy["far"].value, healthy["accuracy"].value) == (1.0, 0.0, 1.0)
    missed = Confusion(0, 5, 0, 5).rates()
    assert (missed["recall"].value, missed["f1"].value) == (0.0, 0.0)  # an ill case missed is a real 0
    assert math.isnan(missed["precision"].value)


def test_f1_has_wilsons_interval_of_the_share_that_it_is_made_of() -> None:
    f1 = Confusion(hit=6, miss=2, false_alarm=3, right_negative=9).f1()
    share = proportion(6, 11)
    assert f1.value == pytest.approx(12 / 17)
    assert (f1.low, f1.high) == pytest.approx(
        (2 * share.low / (1 + share.low), 2 * share.high / (1 + share.high))
    )
    assert f1.n == 20
    perfect = Confusion(4, 0, 0, 4).f1()
    assert (perfect.value, perfect.high) == (1.0, 1.0)
    assert perfect.low == pytest.approx(2 * proportion(4, 4).low / (1 + proportion(4, 4).low))


def test_f1s_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    random, cells = np.random.default_rng(3), [0.25, 0.05, 0.1, 0.6]
    truth = 2 * 0.25 / (2 * 0.25 + 0.15)
    covered = 0
    for drawn in random.multinomial(60, cells, size=1000):
        f1 = Confusion(*(int(count) for count in drawn)).f1()
        covered += f1.low <= truth <= f1.high
    assert 0.93 <= covered / 1000 <= 0.975


@given(*(st.integers(0, 60) for _ in range(4)))
def test_f1_lies_in_its_interval(hit: int, miss: int, false_alarm: int, right: int) -> None:
    f1 = Confusion(hit, miss, false_alarm, right).f1()
    if hit + miss + false_alarm:
        assert 0 <= f1.low <= f1.value <= f1.high <= 1
        assert f1.low < f1.high
