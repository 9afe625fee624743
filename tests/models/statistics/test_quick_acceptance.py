"""The test for acceptance without a look: both limits, and what counts as quick."""

from __future__ import annotations

import numpy as np
import pytest

from models.statistics.quick_acceptance import (
    BETWEEN,
    LEGITIMATE,
    QUICK_SECONDS,
    fewest_until_call,
    first_call,
    quick_acceptance_test,
    quick_acceptances,
)
from tests.reader_simulation import HONEST, HonestReader, calls_of_honest, cases_until_call

CASES, RUNS = 500, 60


def test_who_accepts_everything_at_once_is_called_within_forty_cases() -> None:
    assert cases_until_call(RUNS, seed=1).max() <= 40
    assert np.median(cases_until_call(RUNS, seed=2, share=0.95)) <= 40


@pytest.mark.parametrize("reader", HONEST, ids=lambda reader: reader.name)
def test_an_honest_reader_is_seldom_called_in_five_hundred_cases(reader: HonestReader) -> None:
    assert calls_of_honest(reader, RUNS, CASES, seed=3) < 0.05 * RUNS


def test_a_run_of_easy_pictures_calls_nobody_and_one_more_than_the_limit_does() -> None:
    limit = fewest_until_call()
    assert 20 <= limit <= 30
    assert first_call(np.ones(limit - 1, bool)) is None
    assert first_call(np.ones(limit, bool)) == limit - 1


def test_false_calls_of_the_legitimate_share_lie_as_far_apart_as_is_said() -> None:
    assert quick_acceptance_test().run_length(LEGITIMATE) >= BETWEEN


def test_quick_is_an_acceptance_sooner_than_the_limit() -> None:
    seconds = np.array([QUICK_SECONDS - 0.01, QUICK_SECONDS, 1.0, np.nan])
    accepted = np.array([True, True, False, True])
    assert quick_acceptances(accepted, seconds).tolist() == [True, False, False, False]
