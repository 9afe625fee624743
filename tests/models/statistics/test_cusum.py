"""The sequential test of the stop rules: how long it runs, by formula and by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.statistics.cusum import Cusum, cusum
from tests.stopping import first_stops

SMALL = Cusum(0.1, 0.5, added=2, taken=1, limit=3)


def test_a_bad_case_adds_a_good_one_takes_and_nothing_is_the_floor() -> None:
    points = SMALL.run(np.array([0, 0, 1, 0, 1, 0, 0, 0, 0, 1], bool))
    assert points.tolist() == [0, 0, 2, 1, 3, 2, 1, 0, 0, 2]


def test_it_stops_at_the_limit_and_not_a_point_below_it() -> None:
    points = SMALL.run(np.array([1, 0, 1], bool))
    assert SMALL.first_stop(points) == 2
    assert Cusum(0.1, 0.5, 2, 1, limit=4).first_stop(points) is None
    assert SMALL.first_stop(SMALL.run(np.zeros(0, bool))) is None


def test_how_long_it_runs_is_what_can_be_worked_out_by_hand() -> None:
    # From 0 two bad ones in a row stop it, with one good one between them too (2, 1, 3): E0 = 1/p + E2,
    # E2 = 1 + q E1, E1 = 1 + q E0.
    p, q = 0.5, 0.5
    e0 = (1 / p + 1 + q) / (1 - q * q)
    assert SMALL.run_length(p) == pytest.approx(e0)
    # All runs are at least two cases long, and a quarter is exactly that.
    assert SMALL.median_run_length(1.0) == 2


@pytest.mark.parametrize(("accepted", "rejected"), [(0.03, 0.15), (0.1, 0.2), (0.3, 0.5), (0.6, 0.9)])
def test_the_limit_is_the_lowest_that_keeps_false_stops_apart(accepted: float, rejected: float) -> None:
    test = cusum(accepted, rejected, 20_000)
    lower = Cusum(accepted, rejected, test.added, test.taken, test.limit - 1)
    assert test.run_length(accepted) >= 20_000 > lower.run_length(accepted)
    ratio = math.log(rejected / accepted) / math.log((1 - accepted) / (1 - rejected))
    assert test.added / test.taken == pytest.approx(ratio, rel=0.05)


def test_a_goal_of_never_is_taken_as_next_to_never() -> None:
    assert cusum(0.0, 0.05, 1000).accepted == 0.002


@pytest.mark.parametrize("shares", [(0.1, 0.1), (0.2, 0.1), (0.0, 0.001), (0.1, 1.0)])
def test_what_no_test_can_tell_apart_has_none(shares: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match=r"share"):
        cusum(*shares, 100_000)


def test_simulated_runs_are_as_long_as_computed() -> None:
    test = cusum(0.03, 0.15, 2000)
    stops = first_stops(test, 0.15, runs=2000, most=2000, seed=5)
    assert np.median(stops) == pytest.approx(test.median_run_length(0.15) or 0, abs=3)
    assert stops.mean() == pytest.approx(test.run_length(0.15), rel=0.05)
