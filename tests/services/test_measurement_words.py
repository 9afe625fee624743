"""A mask's sizes in words, and what is said beside them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from data.records import Measurements, Spacing
from services.measurement_words import AT_BORDER, PIXELS_ONLY, measured_words
from tests.data.builders import a_scan, measured

SIZES = measured()
KNOWN = Spacing(5.0, 0.9, 0.9)


def warnings(measurements: Measurements, slices: int = 20, spacing: Spacing = KNOWN) -> list[str]:
    scan = a_scan("somebody", slices=slices, spacing=spacing)
    return list(measured_words(measurements, scan, placed=True).warnings)


@pytest.mark.parametrize(
    ("satellites", "where"),
    [
        ((3,), " (slice 4)"),
        ((3, 4, 5), " (slices 4–6)"),
        ((0, 3, 4, 9), " (slices 1, 4–5, 10)"),
    ],
)
def test_it_is_said_on_which_slices_small_pieces_are_not_outlined(
    satellites: tuple[int, ...], where: str
) -> None:
    said = f"Small pieces beside the largest{where} are not outlined, as such seldom are tumour: look there."
    assert warnings(replace(SIZES, satellites=satellites)) == [said]


def test_a_lone_picture_has_no_slices_to_name() -> None:
    (said,) = warnings(replace(SIZES, satellites=(0,)), slices=1)
    assert said.startswith("Small pieces beside the largest are not outlined")


def test_everything_that_is_to_be_said_is_said_and_nothing_of_an_empty_mask() -> None:
    sizes = replace(SIZES, satellites=(1,), touches_border=True)
    said = warnings(sizes, spacing=Spacing(None, None, None))
    assert (said[0], said[-1], len(said)) == (AT_BORDER, PIXELS_ONLY, 3)
    assert warnings(SIZES) == []
    assert warnings(replace(sizes, lesions=())) == []
