"""An interval beside a limit: which side it lies on, and how many cases it takes to tell."""

from __future__ import annotations

import math

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from models.statistics.estimate import Estimate, undefined
from models.statistics.limits import MOST_CASES, Side, at_least, at_most, cases_for_mean, cases_for_share
from models.statistics.means import mean
from models.statistics.proportions import proportion

SOME = Estimate(0.85, 0.8, 0.9, 50)


def test_an_interval_tells_only_where_it_lies_on_one_side_of_the_limit() -> None:
    assert [at_least(SOME, limit) for limit in (0.8, 0.801, 0.9, 0.901)] == [
        Side.KEPT,
        Side.STRADDLES,
        Side.STRADDLES,
        Side.MISSED,
    ]
    assert [at_most(SOME, limit) for limit in (0.9, 0.899, 0.8, 0.799)] == [
        Side.KEPT,
        Side.STRADDLES,
        Side.STRADDLES,
        Side.MISSED,
    ]


@pytest.mark.parametrize(("share", "limit"), [(0.9, 0.8), (0.75, 0.8), (0.05, 0.1), (0.5, 0.4)])
def test_the_cases_of_a_share_bring_wilsons_end_to_the_limit(share: float, limit: float) -> None:
    needed = cases_for_share(share, limit)
    assert needed is not None
    for n, holds in ((needed - 1, True), (needed, False), (4 * needed, False)):
        low, high = proportion_confint(share * n, n, method="wilson")  # whose share is exactly this one
        assert (low < limit < high) is holds


def test_no_refusal_takes_the_known_number_of_scans() -> None:
    for limit in (0.01, 0.05, 0.1, 0.2):
        needed = cases_for_share(0.0, limit)
        assert needed is not None
        assert proportion(0, needed).high <= limit < proportion(0, needed - 1).high


def test_a_mean_takes_the_cases_that_shrink_its_interval_to_the_limit() -> None:
    some = mean(np.tile([0.6, 0.7, 0.8, 0.9], 5))
    needed = cases_for_mean(some, 0.73)
    assert needed is not None and some.low < 0.73
    ends = [mean(np.tile([0.6, 0.7, 0.8, 0.9], count // 4)).low for count in (needed - 12, needed + 12)]
    assert ends[0] < 0.73 < ends[1]
    assert cases_for_mean(some, 0.77) == needed  # as far off on the other side


def test_what_lies_too_near_the_limit_is_not_asked_for() -> None:
    assert cases_for_share(0.8, 0.8) is None and cases_for_share(math.nan, 0.8) is None
    assert cases_for_share(0.81, 0.8) is None and cases_for_share(0.0, 3.84 / MOST_CASES) is not None
    assert cases_for_share(0.0, 3.8 / MOST_CASES) is None
    some = mean(np.tile([0.6, 0.7, 0.8, 0.9], 5))
    assert cases_for_mean(some, some.value) is None and cases_for_mean(some, some.value + 0.001) is None
    assert cases_for_mean(undefined(), 0.5) is None
