"""Comparisons against other implementations of the same statistics."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from data.ledger.in_memory import Ledger
from data.records import ScanStatus
from data.stores.results import ResultStore
from data.stores.scans import ScanStore
from models.statistics.areas import interval
from services.cohort.cohort import hidden_from_nobody
from services.cohort.comparison import CohortComparison, superiority
from tests.data.builders import a_header, a_kept_scan, a_result
from tests.databases import migrated

VALUES = st.lists(st.integers(-20, 20), min_size=6, max_size=40)


@given(first=VALUES, second=VALUES)
def test_superiority_is_mann_whitneys(first: list[int], second: list[int]) -> None:
    superior = superiority(np.array(first), np.array(second))
    peer = stats.mannwhitneyu(first, second, use_continuity=False, method="asymptotic")
    assert superior.value == pytest.approx(peer.statistic / (len(first) * len(second)))
    if len({*first, *second}) > 1:
        assert superior.p == pytest.approx(peer.pvalue, abs=1e-9)
    assert superior.spread >= 0


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    random = np.random.default_rng(0)
    truth = float(stats.norm.cdf(0.5 / np.sqrt(2)))  # that one of N(0.5, 1) exceeds one of N(0, 1)
    covered = 0
    for _ in range(300):
        higher = (random.normal(0.5, 1, 60) * 1000).astype(int)
        lower = (random.normal(0, 1, 60) * 1000).astype(int)
        low, high = interval(superiority(higher, lower), 60, 60)
        covered += low <= truth <= high
    assert 0.90 <= covered / 300 <= 0.99


@pytest.mark.parametrize(("first", "second"), [([9] * 5, [1] * 5), ([4] * 8, [4] * 9)])
def test_no_interval_is_without_width(first: list[int], second: list[int]) -> None:
    """Neither where the samples lie wholly apart nor where all values are the same."""
    superior = superiority(np.array(first), np.array(second))
    low, high = interval(superior, len(first), len(second))
    assert low <= superior.value <= high
    assert high - low > 0.3


def test_two_sites_are_told_apart_and_p_is_corrected() -> None:
    engine = migrated("sqlite://")
    random = np.random.default_rng(1)
    for number in range(80):
        site = "North" if number % 2 else "South"
        age = float(random.integers(60, 90) if site == "North" else random.integers(10, 60))
        scan = a_kept_scan(engine, number, f"P^{number}", header=a_header(site=site, age_years=age))
        ScanStore(engine).set_status(scan.id, ScanStatus.READ)
        positive = bool(random.random() < (0.9 if site == "North" else 0.3))
        ResultStore(engine).add(a_result(scan.id, number + 1, positive=positive, probability=0.5))
    differences = {
        difference.name: difference
        for difference in CohortComparison(Ledger(engine), hidden_from_nobody).compare(
            {"site": ("North",)}, {"site": ("South",)}, None
        )
    }
    age, positive, corrected = differences["age_years"], differences["positive"], differences["corrected"]
    assert age.effect == 1.0
    assert age.n == (40, 40)
    assert positive.effect is not None
    assert positive.low is not None
    assert positive.high is not None
    assert positive.low < positive.effect < positive.high
    assert positive.effect > 0.3
    assert age.p is not None
    assert age.p_corrected is not None
    assert age.p < age.p_corrected < 0.001
    assert (corrected.n, corrected.effect, corrected.p) == ((0, 0), None, None)  # nobody reviewed anything
    engine.dispose()
