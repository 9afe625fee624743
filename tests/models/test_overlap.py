"""Overlap and surface distance of masks whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.overlap import dice, hausdorff95

MILLIMETRES = (1.0, 1.0, 1.0)


def _mask(shape: tuple[int, int, int], *places: tuple[int | slice, ...]) -> np.ndarray:
    mask = np.zeros(shape, bool)
    for place in places:
        mask[place] = True
    return mask


def test_two_empty_masks_agree() -> None:
    nothing = _mask((2, 4, 4))
    assert dice(nothing, nothing) == 1.0
    assert hausdorff95(nothing, nothing, MILLIMETRES) == 0.0


def test_dice_is_twice_the_overlap_of_both_sizes() -> None:
    drawn = _mask((1, 4, 4), (0, 0))
    truth = _mask((1, 4, 4), (0, 0, slice(2)), (0, 1, slice(2)))
    assert dice(drawn, truth) == 0.5
    assert dice(drawn, _mask((1, 4, 4), (0, 0, slice(3)))) == pytest.approx(6 / 7)
    assert dice(drawn, _mask((1, 4, 4))) == 0.0


def test_hausdorff_is_in_millimetres_along_each_axis_and_none_against_nothing() -> None:
    spacing = (3.0, 0.5, 2.5)
    point = _mask((9, 9, 9), (4, 4, 4))
    assert hausdorff95(point, _mask((9, 9, 9), (6, 4, 4)), spacing) == pytest.approx(6.0)
    assert hausdorff95(point, _mask((9, 9, 9), (4, 7, 4)), spacing) == pytest.approx(1.5)
    assert hausdorff95(point, _mask((9, 9, 9), (4, 4, 8)), spacing) == pytest.approx(10.0)
    assert hausdorff95(point, _mask((9, 9, 9)), spacing) is None
    assert hausdorff95(_mask((9, 9, 9)), point, spacing) is None


def test_hausdorff_looks_both_ways() -> None:
    """A part that only one mask has is far from the other, whichever of them is asked."""
    near, both = _mask((1, 1, 50), (0, 0, 0)), _mask((1, 1, 50), (0, 0, 0), (0, 0, 40))
    # Distances: of `near` 0; of `both` 0 and 40. The 95th percentile of 0, 0, 40 is 36.
    assert hausdorff95(near, both, MILLIMETRES) == pytest.approx(36.0)
    assert hausdorff95(both, near, MILLIMETRES) == pytest.approx(36.0)


def test_hausdorff_is_the_95th_percentile_and_not_the_greatest_distance() -> None:
    """One stray pixel in a line of sixty moves the maximum, and hardly the percentile."""
    line, stray = _mask((1, 3, 200), (0, 1, slice(60))), _mask((1, 3, 200), (0, 1, slice(60)), (0, 1, 160))
    assert hausdorff95(line, stray, MILLIMETRES) == 0.0
    ends = np.sort([0.0] * 120 + [101.0])
    assert np.percentile(ends, 95) == 0.0
    eight = _mask((1, 3, 200), (0, 1, slice(60)), (0, 1, slice(100, 108)))
    expected = np.percentile([0.0] * 120 + [41.0 + step for step in range(8)], 95)
    assert hausdorff95(line, eight, MILLIMETRES) == pytest.approx(expected)
    assert expected > 0


def test_only_surfaces_are_measured_and_the_pictures_edge_is_one() -> None:
    """Of a filled square inside another, the inner pixels do not count."""
    inner = _mask((1, 11, 11), (0, slice(3, 8), slice(3, 8)))
    outer = _mask((1, 11, 11), (0, slice(11), slice(11)))
    # Each of the 16 pixels of the inner outline is 3 from the outer one, each corner of the outer further.
    assert hausdorff95(inner, outer, MILLIMETRES) == pytest.approx(np.hypot(3, 3))
    assert hausdorff95(outer, outer, MILLIMETRES) == 0.0


def test_a_volume_has_faces_above_and_below_and_a_lone_slice_has_none() -> None:
    tall = _mask((5, 7, 7), (slice(1, 4), slice(1, 6), slice(1, 6)))
    short = _mask((5, 7, 7), (slice(1, 3), slice(1, 6), slice(1, 6)))
    assert hausdorff95(tall, short, (10.0, 1.0, 1.0)) == pytest.approx(10.0)
    ring = _mask((1, 7, 7), (0, slice(1, 6), slice(1, 6)))
    ring[0, 3, 3] = False
    whole = _mask((1, 7, 7), (0, slice(1, 6), slice(1, 6)))
    # The hole makes its eight neighbours a surface, one pixel inside of the outline.
    assert hausdorff95(ring, whole, MILLIMETRES) == pytest.approx(1.0)


@given(st.integers(0, 2**32 - 1))
def test_overlap_and_distance_are_the_same_in_both_directions(seed: int) -> None:
    random = np.random.default_rng(seed)
    first, other = random.random((3, 8, 8)) < 0.3, random.random((3, 8, 8)) < 0.3
    assert dice(first, other) == dice(other, first)
    assert 0 <= dice(first, other) <= 1
    assert hausdorff95(first, other, (2, 1, 1)) == hausdorff95(other, first, (2, 1, 1))
    assert dice(first, first) == 1
