"""Measurements of shapes whose sizes are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from data.records import Spacing
from models.measuring import MAX_LESIONS, diameters, measure, touches_border


def _ball(shape: tuple[int, int, int], centre: tuple[float, ...], radii: tuple[float, ...]) -> np.ndarray:
    grid = np.indices(shape).astype(float)
    return sum(((grid[a] - centre[a]) / radii[a]) ** 2 for a in range(3)) <= 1


def test_an_ellipsoid_has_its_volume_and_diameters_in_millimetres() -> None:
    spacing = Spacing(slice_mm=3.0, row_mm=0.5, column_mm=0.8)
    # Semi-axes of 18, 12 and 10 mm.
    mask = _ball((20, 80, 60), (10, 40, 30), (18 / 3, 12 / 0.5, 10 / 0.8))
    measured = measure(mask, spacing)
    assert measured.volume_ml == pytest.approx(4 / 3 * math.pi * 18 * 12 * 10 / 1000, rel=0.05)
    lesion = measured.lesions[0]
    assert lesion.longest_diameter_mm == pytest.approx(24, rel=0.04)
    assert lesion.perpendicular_diameter_mm == pytest.approx(20, rel=0.06)
    assert lesion.largest_slice == 10
    assert not measured.touches_border


def test_without_spacing_only_pixels_are_said() -> None:
    mask = np.zeros((1, 40, 40), bool)
    mask[0, 10:13, 5:25] = True
    measured = measure(mask, Spacing())
    lesion = measured.lesions[0]
    assert measured.volume_ml is None
    assert lesion.longest_diameter_mm is None
    assert lesion.area_mm2 is None
    assert lesion.longest_diameter_px == pytest.approx(math.hypot(20, 2), rel=0.01)


def test_a_single_slice_has_diameters_but_no_volume() -> None:
    mask = np.zeros((1, 20, 20), bool)
    mask[0, 5, 4:14] = True
    measured = measure(mask, Spacing(None, 2.0, 2.0))
    assert measured.volume_ml is None
    assert measured.lesions[0].longest_diameter_mm == pytest.approx(20.0)


def test_lesions_come_largest_first_with_boxes_and_positions() -> None:
    mask = np.zeros((6, 30, 30), bool)
    mask[1, 2:4, 3:5] = True
    mask[3:5, 10:20, 11:19] = True
    affine = np.diag([3.0, 2.0, 1.0, 1.0])
    measured = measure(mask, Spacing(3, 2, 1), affine)
    assert [lesion.voxels for lesion in measured.lesions] == [160, 4]
    first = measured.lesions[0]
    assert (first.box.slices, first.box.rows, first.box.columns) == ((3, 4), (10, 19), (11, 18))
    assert first.centroid == (3.5, 14.5, 14.5)
    assert first.position_mm == (10.5, 29.0, 14.5)
    assert measured.slices_touched == 3


def test_no_mask_measures_nothing() -> None:
    measured = measure(np.zeros((3, 10, 10), bool), Spacing(1, 1, 1))
    assert (measured.voxels, measured.volume_ml, measured.lesions) == (0, 0.0, ())


@pytest.mark.parametrize("place", [(0, 5, 5), (4, 5, 5), (2, 0, 5), (2, 9, 5), (2, 5, 0), (2, 5, 9)])
def test_a_mask_at_any_face_is_flagged(place: tuple[int, int, int]) -> None:
    mask = np.zeros((5, 10, 10), bool)
    mask[place] = True
    assert touches_border(mask)
    assert measure(mask, Spacing(1, 1, 1)).touches_border


def test_a_lone_slice_is_not_flagged_for_being_first_and_last() -> None:
    mask = np.zeros((1, 10, 10), bool)
    mask[0, 5, 5] = True
    assert not touches_border(mask)


@given(
    angle=st.floats(0, math.pi),
    length=st.integers(20, 60),
    width=st.integers(5, 15),
    mm=st.floats(0.3, 2.5),
)
def test_a_turned_bar_keeps_its_length_and_width(angle: float, length: int, width: int, mm: float) -> None:
    rows, columns = np.indices((100, 100)) - 49.5
    along = rows * math.cos(angle) + columns * math.sin(angle)
    across = -rows * math.sin(angle) + columns * math.cos(angle)
    mask = (np.abs(along) <= length / 2) & (np.abs(across) <= width / 2)
    longest, perpendicular, _, _ = diameters(mask, mm, mm)
    assert longest == pytest.approx(math.hypot(length, width) * mm, abs=2.5 * mm)
    assert perpendicular <= longest
    assert perpendicular >= (width - 2) * mm


@given(st.integers(0, 2**32 - 1))
def test_the_diameter_s_ends_are_as_far_apart_as_it_is_long(seed: int) -> None:
    blob = ndimage.gaussian_filter(np.random.default_rng(seed).random((32, 32)), 3)
    mask = blob > np.quantile(blob, 0.8)
    longest, perpendicular, ends, across = diameters(mask, 0.7, 1.3)
    for length, (near, other) in ((longest, ends), (perpendicular, across)):
        assert math.hypot((near[0] - other[0]) * 0.7, (near[1] - other[1]) * 1.3) == pytest.approx(length)
    (r0, c0), (r1, c1) = ends
    (s0, d0), (s1, d1) = across
    assert (r1 - r0) * (s1 - s0) * 0.7**2 + (c1 - c0) * (d1 - d0) * 1.3**2 == pytest.approx(0, abs=1e-6)


def test_every_number_of_a_block_by_hand() -> None:
    """Two slices of 3 by 5 pixels at 4 x 2 x 0.5 mm, away from every edge."""
    mask = np.zeros((6, 20, 30), bool)
    mask[2:4, 7:10, 11:16] = True
    affine = np.array([[0, 0, 0.5, -10], [0, 2.0, 0, 20], [4.0, 0, 0, -30], [0, 0, 0, 1]])
    measured = measure(mask, Spacing(slice_mm=4, row_mm=2, column_mm=0.5), affine)
    assert (measured.voxels, measured.slices_touched, measured.touches_border) == (30, 2, False)
    assert measured.volume_ml == pytest.approx(30 * 4 * 2 * 0.5 / 1000)
    (lesion,) = measured.lesions
    assert lesion.volume_ml == measured.volume_ml
    assert (lesion.voxels, lesion.largest_slice) == (30, 2)
    assert lesion.area_mm2 == pytest.approx(15 * 2 * 0.5)
    assert lesion.centroid == (2.5, 8.0, 13.0)
    assert lesion.position_mm == pytest.approx((0.5 * 13 - 10, 2 * 8 + 20, 4 * 2.5 - 30))
    # The hull goes through the middles of edges: in pixels from (6.5, 11) to (9.5, 15), or 5 across.
    assert lesion.longest_diameter_px == pytest.approx(math.hypot(2, 5))
    assert lesion.longest_diameter_mm == pytest.approx(math.hypot(3 * 2, 4 * 0.5))
    ends = {lesion.longest_ends[0], lesion.longest_ends[1]}
    assert ends in ({(6.5, 11.0), (9.5, 15.0)}, {(6.5, 15.0), (9.5, 11.0)})


def test_the_longest_diameter_is_the_longest_in_millimetres_not_in_pixels() -> None:
    """A cross of 21 columns at 0.5 mm and 9 rows at 3 mm is longest along its rows."""
    mask = np.zeros((1, 40, 40), bool)
    mask[0, 20, 10:31] = True
    mask[0, 16:25, 20] = True
    (lesion,) = measure(mask, Spacing(None, 3.0, 0.5)).lesions
    assert lesion.longest_diameter_mm == pytest.approx(27.0)
    assert lesion.longest_ends in (((15.5, 20.0), (24.5, 20.0)), ((24.5, 20.0), (15.5, 20.0)))
    assert lesion.perpendicular_diameter_mm == pytest.approx(10.5)
    assert {round(column, 6) for _, column in lesion.perpendicular_ends} == {9.5, 30.5}
    assert lesion.longest_diameter_px == pytest.approx(21.0)
    assert lesion.perpendicular_diameter_px == pytest.approx(9.0)


def test_the_perpendicular_diameter_is_the_longest_chord_and_not_the_middle_one() -> None:
    """A triangle's longest side has its height across it, at a place of its own."""
    rows, columns = np.indices((30, 50))
    mask = (rows >= 5) & (rows <= 25) & (columns >= 5) & (columns - 5 <= 2 * (25 - rows))
    longest, across, ends, across_ends = diameters(mask, 1.0, 1.0)
    hypotenuse = math.hypot(20.5, 40.5)
    assert longest == pytest.approx(hypotenuse, rel=0.02)
    assert across == pytest.approx(20 * 40 / math.hypot(20, 40), rel=0.07)
    assert max(end[0] for end in ends) > 24
    assert min(end[1] for end in across_ends) < 6


def test_diagonal_neighbours_are_one_lesion_and_a_gap_makes_two() -> None:
    mask = np.zeros((3, 10, 10), bool)
    mask[0, 2, 2] = mask[1, 3, 3] = mask[2, 4, 4] = True
    assert len(measure(mask, Spacing(1, 1, 1)).lesions) == 1
    mask[1, 3, 3] = False
    assert len(measure(mask, Spacing(1, 1, 1)).lesions) == 2


def test_of_very_many_lesions_the_largest_are_listed_and_all_are_counted() -> None:
    mask = np.zeros((1, 60, 60), bool)
    mask[0, 2:58:4, 2:58:4] = True  # 196 lone pixels
    mask[0, 50:53, 50:53] = True
    measured = measure(mask, Spacing(None, 1, 1))
    assert len(measured.lesions) == MAX_LESIONS == 50
    assert measured.lesions[0].voxels == 9
    assert measured.voxels == int(mask.sum())


def test_the_largest_slice_is_the_one_with_most_of_the_lesion() -> None:
    mask = np.zeros((7, 20, 20), bool)
    mask[2:5, 8:10, 8:10] = True
    mask[4, 5:15, 5:15] = True
    (lesion,) = measure(mask, Spacing(2, 1, 1)).lesions
    assert (lesion.largest_slice, lesion.area_mm2) == (4, 100.0)
    assert lesion.longest_diameter_mm == pytest.approx(math.hypot(9, 10))
    assert lesion.box.slices == (2, 4)
