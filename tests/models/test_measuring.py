"""Measurements of shapes whose sizes are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from data.records import Spacing
from models.measuring import diameters, measure, touches_border, without_specks


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


def test_specks_go_and_lesions_stay() -> None:
    mask = np.zeros((2, 20, 20), bool)
    mask[0, 1, 1] = True
    mask[1, 5:10, 5:10] = True
    assert without_specks(mask, 5).sum() == 25
    assert without_specks(mask, 0).sum() == 26


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
