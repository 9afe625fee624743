"""The charts of a set of answers: the marked point, and every case counted once."""

from __future__ import annotations

import math

import pytest

from services.statistics.answer_charts import answer_charts
from services.statistics.scoring import calibration, confusion, curves
from tests.services.judged import judged

TRUTH = [True] * 6 + [False] * 4
PROBABILITY = [0.9, 0.8, 0.8, 0.7, 0.6, 0.2, 0.65, 0.3, 0.2, 0.1]
CASES = judged(PROBABILITY, TRUTH)
CHARTS = answer_charts(curves(CASES), calibration(CASES), confusion(CASES).rates())


def test_the_marked_point_is_what_the_threshold_gives() -> None:
    mark = CHARTS["roc"]["data"][-1]
    assert (mark["x"][0], mark["y"][0]) == (0.25, pytest.approx(5 / 6))
    mark = CHARTS["precision"]["data"][-1]
    assert (mark["x"][0], mark["y"][0]) == (pytest.approx(5 / 6), pytest.approx(5 / 6))


def test_calibration_shows_every_case_once() -> None:
    bars = CHARTS["calibration"]["data"][-1]
    assert bars["y"][-1] == 1.0  # the one X-ray at 0.9 is ill
    assert len(bars["x"]) == len({math.floor(share * 10) for share in PROBABILITY})
