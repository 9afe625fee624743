"""Colours that must be told apart are, whatever the vision; and none is the only sign."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest

from reports.colours import (
    AI_COLOUR,
    CANDIDATE_COLOUR,
    CORRECTED_COLOUR,
    GOAL,
    MARKED,
    OURS,
    PALE,
    SERIES,
    SIZES,
)
from reports.performance_figures import REVIEWED, Dot, MetricSeries, Scale, month_figure
from tests.colour_vision import GREYS, Colour, distance, least_distance

APART = 15.0  # six times what is just noticed


def test_the_simulation_knows_what_the_colour_blind_mix_up() -> None:
    red, green = (255, 99, 71), (80, 220, 100)  # outlines of the AI and of the truth, once
    assert distance(red, green, "trichromacy") > 100
    assert distance(red, green, "deuteranopia") < APART
    assert distance("#808080", "#808080", "tritanopia") == 0
    assert distance("#000000", "#ffffff", "protanopia") == pytest.approx(100, abs=0.1)


@pytest.mark.parametrize("other", [CORRECTED_COLOUR, CANDIDATE_COLOUR])
def test_the_outline_of_the_ai_is_told_from_the_other(other: Colour) -> None:
    assert least_distance(AI_COLOUR, other) > 40


@pytest.mark.parametrize("outline", [AI_COLOUR, CORRECTED_COLOUR, CANDIDATE_COLOUR])
def test_outlines_are_told_from_any_grey(outline: Colour) -> None:
    assert min(least_distance(outline, grey) for grey in GREYS) > 25


@pytest.mark.parametrize(("first", "second"), list(combinations((*SERIES, MARKED, "#ffffff"), 2)))
def test_series_of_a_chart_are_told_apart(first: str, second: str) -> None:
    assert least_distance(first, second) > APART


@pytest.mark.parametrize(
    ("first", "second"), [*combinations((OURS, MARKED, PALE), 2), (GOAL, OURS), (GOAL, MARKED)]
)
def test_signs_of_a_chart_are_told_apart(first: str, second: str) -> None:
    assert least_distance(first, second) > 30


def test_sizes_grow_darker() -> None:
    assert all(least_distance(small, large) > 13 for small, large in pairwise(SIZES))


def test_lines_of_a_chart_are_told_apart_without_colours() -> None:
    lines = [MetricSeries(f"version {n}", REVIEWED, [Dot("2026-11", 0.9, 0.8, 1, 9)]) for n in range(6)]
    drawn = month_figure(["2026-11"], lines, [], Scale("Recall"))["data"]
    looks = {(trace["line"]["color"], trace["line"]["dash"]) for trace in drawn}
    assert len(looks) == len(lines)
    assert all(first["line"]["dash"] != second["line"]["dash"] for first, second in pairwise(drawn))
    assert all(trace["line"]["dash"] != "dot" for trace in drawn)  # that says SYNTHETIC
