"""Stop rules by simulation: how soon a version that got worse is stopped, and how seldom one that did not.

`pytest tests/benchmarks/test_stop_rules.py -s -m bench` prints the table.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from data.records import StopReason
from models.statistics.cusum import cusum
from models.statistics.proportions import proportion
from services.performance.stop_statistics import BETWEEN
from tests.stopping import first_stops, stops_over

pytestmark = pytest.mark.bench

YEARS, HOUSES, SCANNERS = 50, 400, 3


@dataclass(frozen=True)
class Setting:
    """A kind of bad case: goal and alert limit as shares of it, cases a year, and the bound promised."""

    reason: StopReason
    accepted: float
    rejected: float
    a_year: int
    within: int


SETTINGS = (
    Setting(StopReason.MISSES, 0.03, 0.15, 300, 60),  # recall falls from 0.97 to 0.85
    Setting(StopReason.FALSE_ALARMS, 0.10, 0.25, 1000, 95),  # specificity falls from 0.90 to 0.75
    Setting(StopReason.REFUSALS, 0.30, 0.50, 5000, 125),
)


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.reason.value)
def test_what_falls_to_its_alert_limit_is_stopped_soon(setting: Setting) -> None:
    test = cusum(setting.accepted, setting.rejected, BETWEEN[setting.reason])
    stops = first_stops(test, setting.rejected, runs=10_000, most=2000, seed=85)
    low, middle, high = np.percentile(stops, (5, 50, 95))
    before, after = f"{setting.accepted:.0%}", f"{setting.rejected:.0%}"
    print(
        f"{setting.reason.value}: bad cases from {before} to {after}, +{test.added} -{test.taken} to "
        f"{test.limit}: stopped after {middle:.0f} at the median (90 % within {low:.0f} to {high:.0f}; "
        "n = 10,000 runs)"
    )
    assert middle <= setting.within


def test_a_house_that_keeps_its_goals_sees_less_than_one_false_stop_in_fifty_years() -> None:
    """All three tests of the version, and those of each of its scanners, which share the cases."""
    generator = np.random.default_rng(50)
    stops = np.zeros(HOUSES)
    for setting in SETTINGS:
        test = cusum(setting.accepted, setting.rejected, BETWEEN[setting.reason])
        cases = setting.a_year * YEARS
        own = np.zeros(HOUSES)
        for house in range(HOUSES):
            own[house] = stops_over(test, setting.accepted, cases, generator)
            for _ in range(SCANNERS):
                own[house] += stops_over(test, setting.accepted, cases // SCANNERS, generator)
        kind, a_year = setting.reason.value, setting.a_year
        print(f"{kind}: {own.mean():.3f} false stops in {YEARS} years, {a_year} cases a year")
        stops += own
    none = proportion(int((stops == 0).sum()), HOUSES)
    error = 1.96 * stops.std(ddof=1) / np.sqrt(HOUSES)
    print(
        f"all: {stops.mean():.2f} false stops in {YEARS} years (95 % {stops.mean() - error:.2f} to "
        f"{stops.mean() + error:.2f}, n = {HOUSES} houses); none at all in {none.value:.0%} ({none.low:.0%} "
        f"to {none.high:.0%})"
    )
    assert stops.mean() + error < 1
