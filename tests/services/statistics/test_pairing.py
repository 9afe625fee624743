"""Two versions on the same scans: which is better, and on which scans."""

from __future__ import annotations

import math

import numpy as np
import pytest

from data.errors import InvalidInput
from models.statistics.paired import mcnemar, paired_means, paired_shares
from services.statistics.pairing import paired
from services.statistics.scoring import scored
from tests.services.judged import crowd, judged


def test_two_versions_are_compared_on_the_same_scans() -> None:
    cases = crowd(400, dice=[0.7] * 400)
    random = np.random.default_rng(6)
    better = np.where(cases.truth_positive, 1 - random.random(400) * 0.4, random.random(400) * 0.4)
    second = judged(better.tolist(), cases.truth_positive.tolist(), dice=[0.75] * 400)
    result = paired(cases, second)
    assert result.n == 400
    before, after = scored(cases), scored(second)
    for name, difference in result.differences.items():
        assert difference.first == pytest.approx(before[name].value), name
        assert difference.value == pytest.approx(after[name].value - before[name].value), name
        assert difference.low <= difference.value <= difference.high, name
    assert result.differences["auc"].low > 0
    assert result.mcnemar.p < 0.001
    assert result.differences["dice"].value == pytest.approx(0.05)
    assert result.count("win") == 400  # by the answer, or else by the mask
    assert result.count("lose") == result.count("tie") == 0


def test_turned_around_everything_changes_its_sign() -> None:
    first, second = crowd(300), crowd(300, 1)
    second = judged(second.probability.tolist(), first.truth_positive.tolist())
    result, turned = paired(first, second), paired(second, first)
    for name in ("recall", "specificity", "accuracy", "far", "frr", "auc"):
        assert turned.differences[name].high == pytest.approx(-result.differences[name].low), name
    assert turned.count("lose") == result.count("win")
    same = paired(first, first)
    assert (same.count("tie"), same.mcnemar.p) == (300, 1.0)
    for name, difference in same.differences.items():
        assert name in ("dice", "calibration_error") or difference.low < 0 < difference.high, name


def test_each_rate_is_of_its_own_cases() -> None:
    first = judged([0.9, 0.9, 0.1, 0.1, 0.9, 0.1, 0.1], [True] * 4 + [False] * 3)
    second = judged([0.9, 0.1, 0.9, 0.9, 0.1, 0.1, 0.9], [True] * 4 + [False] * 3)
    ill = np.array([True, True, False, False]), np.array([True, False, True, True])
    healthy = np.array([False, True, True]), np.array([True, True, False])
    differences = paired(first, second).differences
    assert differences["recall"] == paired_shares(*ill)
    assert differences["frr"] == paired_shares(~ill[0], ~ill[1])
    assert differences["specificity"] == paired_shares(*healthy)
    assert differences["far"] == paired_shares(~healthy[0], ~healthy[1])
    right = np.concatenate([ill[0], healthy[0]]), np.concatenate([ill[1], healthy[1]])
    assert differences["accuracy"] == paired_shares(*right)
    assert paired(first, second).mcnemar == mcnemar(*right)


def test_thresholds_are_each_version_s_own() -> None:
    first = judged([0.4, 0.6], [True, False])
    result = paired(first, first, (0.3, 0.7))
    assert (result.differences["recall"].first, result.differences["recall"].second) == (1.0, 0.0)
    assert (result.differences["far"].first, result.differences["far"].second) == (1.0, 0.0)
    assert (result.differences["precision"].first, result.mcnemar.first_only) == (0.5, 1)


def test_wins_and_losses_name_their_scans() -> None:
    first = judged([0.9, 0.1, 0.9, 0.9], [True] * 4, dice=[0.9, 0.0, 0.5, 0.8])
    second = judged([0.1, 0.9, 0.9, 0.9], [True] * 4, dice=[0.0, 0.7, 0.8, 0.8005])
    cases = {int(case.scan_id, 16): case for case in paired(first, second).cases}
    assert [cases[row].outcome for row in range(4)] == ["lose", "win", "win", "tie"]
    assert [cases[row].by for row in range(4)] == ["answer", "answer", "dice", "dice"]
    assert (cases[2].first_value, cases[2].second_value) == (0.5, 0.8)
    assert (cases[0].first_value, cases[0].second_value) == (1.0, 0.0)
    assert [case.outcome for case in paired(first, second).cases] == ["lose", "win", "win", "tie"]
    assert paired(first, second).differences["dice"] == paired_means(first.dice, second.dice)


def test_masks_less_than_a_hundredth_apart_are_a_tie() -> None:
    first = judged([0.9] * 4, [True] * 4, dice=[0.5, 0.5, 0.5, 0.5])
    second = judged([0.9] * 4, [True] * 4, dice=[0.5101, 0.5099, 0.4899, 0.4901])
    outcomes = {int(case.scan_id, 16): case.outcome for case in paired(first, second).cases}
    assert outcomes == {0: "win", 1: "tie", 2: "lose", 3: "tie"}
    exactly = judged([0.9], [True], dice=[0.25]), judged([0.9], [True], dice=[0.26])
    assert paired(*exactly).cases[0].outcome == "win"


def test_comparing_nothing_or_other_scans() -> None:
    nothing = paired(judged([], []), judged([], []))
    assert nothing.n == 0
    assert all(math.isnan(difference.value) for difference in nothing.differences.values())
    with pytest.raises(InvalidInput, match="same scans"):
        paired(judged([0.1], [True]), judged([0.1, 0.2], [True, False]))
