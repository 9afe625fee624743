"""Estimates and answers on the performance page: what a head reads, with and without reviews behind it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from dash.development.base_component import Component

from dashboard.components.performance import answers, estimates
from data.records import Doubt, Outcome
from models.statistics.estimate import Estimate, undefined
from models.statistics.proportions import proportion
from services.performance.answer_shares import AnswerShares
from services.performance.estimate_records import (
    ASSUMPTIONS,
    NOT_TRUSTED,
    TOO_FEW,
    CheckedPeriod,
    EstimateCheck,
    Estimated,
    EstimatedPoint,
)
from services.performance.numbers import BY_MONTH, PerformanceQuery

ASKED = PerformanceQuery("brain-tumour", "recall", BY_MONTH, version="2")
REVIEWED = Estimate(0.8, 0.6, 0.9, 20)
HOLDING, MISSING = Estimate(0.85, 0.7, 0.9, 20), Estimate(0.95, 0.9, 1.0, 20)
NOTHING: dict[str, Any] = {"data": [], "layout": {}}


def texts(part: Any) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    elif isinstance(part, Component):
        yield from texts(getattr(part, "children", None))
    elif isinstance(part, Sequence):
        for child in part:
            yield from texts(child)


def words(part: Any) -> str:
    return "|".join(texts(part))


def estimated(past: Sequence[Estimate], *points: EstimatedPoint) -> Estimated:
    periods = [CheckedPeriod((f"2026-0{place}",), told, REVIEWED) for place, told in enumerate(past, 1)]
    return Estimated("recall", points, [EstimateCheck("2", False, "sample", periods)])


def test_an_estimate_stands_with_its_assumptions_interval_n_and_calibration() -> None:
    point = EstimatedPoint("2", "2026-08", False, Estimate(0.9, 0.8, 0.95, 120), 64)
    few = EstimatedPoint("2", "2026-07", False, undefined(7), withheld=TOO_FEW)
    said = words(estimates.panel(estimated([HOLDING] * 3, point, few), ASKED))
    assert ASSUMPTIONS in said
    assert "2026-08|90.0 %|80.0 to 95.0 %|120|corrected on 64" in said
    assert "2026-07|too few (n = 7)|–|7|as the version came" in said
    assert "Past estimates held" in said
    assert "in 3 of 3 comparisons or 100.0 % (43.9 to 100.0 %)" in said
    assert "2026-03|85.0 %|70.0 to 90.0 %|80.0 %|60.0 to 90.0 %|20|-5.0 points" in said
    assert "64 judged scans before 2026-08" in said


def test_before_three_comparisons_it_says_that_nothing_is_proved() -> None:
    point = EstimatedPoint("2", "2026-08", False, Estimate(0.9, 0.8, 0.95, 120))
    said = words(estimates.panel(estimated([HOLDING] * 2, point), ASKED))
    assert "Not proved here yet: 2 comparisons with reviews so far, and 3 are needed" in said
    assert "90.0 %" in said


def test_where_past_estimates_missed_it_says_so_and_shows_none() -> None:
    point = EstimatedPoint("2", "2026-08", False, undefined(120), withheld=NOT_TRUSTED)
    said = words(estimates.panel(estimated([HOLDING, MISSING, MISSING], point), ASKED))
    assert "These estimates cannot be trusted here and are not drawn" in said
    assert "2026-08" not in said
    assert "2026-02|95.0 %|90.0 to 100.0 %|80.0 %|60.0 to 90.0 %|20|-15.0 points|-35.0 to -5.0|no" in said


def test_a_metric_that_needs_truth_is_named_as_such() -> None:
    said = words(estimates.panel(Estimated("auc"), PerformanceQuery("brain-tumour", "auc", version="2")))
    assert said.startswith("AUC is not estimated without truth. These are: Recall, Accuracy")


def test_answers_have_shares_reasons_refusals_and_ways_to_their_scans() -> None:
    counts = {Outcome.FOUND: 10, Outcome.NOT_FOUND: 26, Outcome.UNCERTAIN: 4}
    reasons = {Doubt.NEAR_THRESHOLD: 1, Doubt.UNLIKE_TRAINING: 4}
    opened = {Outcome.UNCERTAIN: ("/worklist?a", 4), Outcome.FOUND: ("/worklist?b", 8)}
    shares = AnswerShares("2", "2026-08", False, 40, counts, reasons, opened, proportion(6, 46))
    said = words(answers.panel([shares], NOTHING, ASKED))
    assert "2026-08|40|25.0 % (14.2 to 40.2 %)|10 readings, 8 to open|10.0 % (4.0 to 23.1 %)|4 scans" in said
    assert (
        "unlike what the model was trained on 4 of 4 (100.0 %); too close to call 1 of 4 (25.0 %)"
        "|13.0 % (6.1 to 25.7 %), n = 46"
    ) in said
    other = PerformanceQuery("brain-tumour", by=BY_MONTH, version="1")
    assert "has read nothing here yet" in words(answers.panel([shares], NOTHING, other))
