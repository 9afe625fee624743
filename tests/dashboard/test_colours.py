"""The viewer's colours: what is drawn over one picture is told apart, whatever the vision."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reports.colours import AI_COLOUR, CANDIDATE_COLOUR, CORRECTED_COLOUR
from tests.colour_vision import GREYS, least_distance

ASSETS = Path("dashboard/assets")
LAYERS = (ASSETS / "viewer_layers.js").read_text()
COLOURS = dict(re.findall(r'^    (\w+): "(#[0-9a-f]{6})"', LAYERS, re.MULTILINE))
TOGETHER = [
    ("ai", "corrected"),
    ("ai", "drawn"),
    ("ai", "theirs"),
    ("ai", "whatIf"),
    ("ai", "measured"),
    ("corrected", "drawn"),
    ("corrected", "whatIf"),
    ("drawn", "theirs"),
    ("diameter", "measured"),
    ("diameter", "box"),
]


@pytest.mark.parametrize(("first", "second"), TOGETHER)
def test_what_is_drawn_together_is_told_apart(first: str, second: str) -> None:
    assert least_distance(COLOURS[first], COLOURS[second]) > 25


@pytest.mark.parametrize("name", COLOURS)
def test_it_is_told_from_any_grey(name: str) -> None:
    assert min(least_distance(COLOURS[name], grey) for grey in GREYS) > 20


def test_pages_and_pictures_have_the_same_colours() -> None:
    assert COLOURS["ai"] == "#{:02x}{:02x}{:02x}".format(*AI_COLOUR)
    assert COLOURS["corrected"] == "#{:02x}{:02x}{:02x}".format(*CORRECTED_COLOUR)
    style = (ASSETS / "lightbox.css").read_text()
    for name, colour in (("champion", AI_COLOUR), ("candidate", CANDIDATE_COLOUR)):
        assert f".lb-outline-{name}::before {{ background: rgb{colour}; }}" in style
