"""Whether some patients are served worse: groups, and their gaps to the rest."""

from __future__ import annotations

import math

import numpy as np
import pytest

from data.errors import InvalidInput
from models.statistics.means import mean
from models.statistics.proportions import difference, proportion
from services.statistics.scoring import scored
from services.statistics.subgroups import SUBGROUPS, WITH_GAP, gap, subgroups
from tests.services.judged import crowd, judged

N = 600


def _cases() -> object:
    return crowd(
        N,
        sex=["F" if row % 3 else "M" for row in range(N - 1)] + [None],
        age_years=[float(row % 95) for row in range(N)],
        site=["a"] * N,
        dice=np.linspace(0.2, 1, N).tolist(),
        truth_volume_ml=[0.5, 5.0, 50.0] * 200,
    )


def test_every_subgroup_is_set_against_all_others() -> None:
    cases = _cases()
    groups = subgroups(cases, "sex")
    assert [group.name for group in groups] == ["F", "M", "unknown"]
    assert sum(group.n for group in groups) == N
    women, rest = cases.where(cases.sex == "F"), cases.where(cases.sex != "F")
    assert groups[0].figures == scored(women)
    assert set(groups[0].gaps) == set(WITH_GAP)
    for name in WITH_GAP:
        assert groups[0].gaps[name] == gap(scored(women)[name], scored(rest)[name]), name
    assert groups[0].gaps["recall"].n + groups[0].gaps["recall"].n_rest == cases.truth_positive.sum()
    assert subgroups(cases, "sex", 0.2)[0].figures == scored(women, 0.2)


def test_a_gap_is_the_difference_of_two_independent_numbers() -> None:
    apart = gap(proportion(56, 70), proportion(48, 80))
    expected = difference(proportion(56, 70), proportion(48, 80))
    assert (apart.value, apart.low, apart.high) == (expected.value, expected.low, expected.high)
    assert (apart.n, apart.n_rest) == (70, 80)
    assert math.isnan(gap(proportion(0, 0), proportion(1, 2)).value)


def test_a_gap_of_dice_is_as_wide_as_welchs() -> None:
    random = np.random.default_rng(4)
    group, other = random.beta(9, 1, 200), random.beta(8, 2, 200)
    apart = gap(mean(group), mean(other))
    width = 1.97 * math.hypot(group.std(ddof=1), other.std(ddof=1)) / math.sqrt(200)
    assert (apart.low, apart.high) == pytest.approx((apart.value - width, apart.value + width), abs=0.001)


def test_ages_come_in_tens_and_a_group_of_all_has_no_gap() -> None:
    assert [group.name for group in subgroups(_cases(), "age")] == [
        *(f"{x}-{x + 9}" for x in range(0, 90, 10)),
        "90+",
    ]
    (alone,) = subgroups(_cases(), "site")
    assert math.isnan(alone.gaps["recall"].value)


def test_size_is_of_the_ill_and_says_only_what_concerns_them() -> None:
    cases = _cases()
    sizes = subgroups(cases, "size")
    assert [size.name for size in sizes] == ["under 1 mL", "1 to 10 mL", "30 to 100 mL"]
    assert sum(size.n for size in sizes) == cases.truth_positive.sum()
    assert set(sizes[0].figures) == set(sizes[0].gaps) == {"recall", "frr", "dice", "accepted_outlines"}
    assert subgroups(crowd(50), "size") == []


def test_a_dimension_that_there_is_not() -> None:
    assert set(SUBGROUPS) == {"sex", "age", "site", "scanner", "size"}
    with pytest.raises(InvalidInput, match="colour"):
        subgroups(judged([0.2], [True]), "colour")
