"""The watch over quick acceptances by simulation: how soon it calls, and how seldom an honest reader.

`pytest tests/benchmarks/test_quick_acceptance.py -s -m bench` prints the table.
"""

from __future__ import annotations

import numpy as np
import pytest

from models.statistics.proportions import proportion
from models.statistics.quick_acceptance import quick_acceptance_test, quick_acceptances
from tests.reader_simulation import HONEST, HonestReader, calls_of_honest, cases_until_call

pytestmark = pytest.mark.bench

RUNS, CASES = 2000, 500


@pytest.mark.parametrize("share", [1.0, 0.95, 0.9, 0.8], ids=lambda share: f"stamps {share:.0%}")
def test_who_stamps_is_called_soon(share: float) -> None:
    cases = cases_until_call(RUNS, seed=40, share=share)
    low, middle, high = np.percentile(cases, (5, 50, 95))
    within = proportion(int((cases <= 40).sum()), RUNS)
    print(
        f"stamps {share:.0%}: called after {middle:.0f} cases at the median (90 % within {low:.0f} to "
        f"{high:.0f}); within 40 in {within.value:.1%} (95 % {within.low:.1%} to {within.high:.1%}, "
        f"n = {RUNS:,} runs)"
    )
    if share == 1.0:
        assert cases.max() <= 40


@pytest.mark.parametrize("reader", HONEST, ids=lambda reader: reader.name)
def test_an_honest_reader_is_seldom_called(reader: HonestReader) -> None:
    test, sample = quick_acceptance_test(), np.random.default_rng(41)
    quick = quick_acceptances(*reader.verdicts(50_000, sample)).mean()
    called = proportion(calls_of_honest(reader, RUNS, CASES, seed=42), RUNS)
    print(
        f"{reader.name}: {quick:.0%} of the verdicts are quick; called within {CASES} cases in "
        f"{called.value:.2%} (95 % {called.low:.2%} to {called.high:.2%}, n = {RUNS:,} runs; "
        f"+{test.added} -{test.taken} to {test.limit})"
    )
    assert called.high < 0.05
