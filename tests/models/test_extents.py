"""The longest diameter in any direction and from head to foot, against every pair of corners."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage
from scipy.spatial.distance import pdist
from scipy.spatial.transform import Rotation

from data.records import Spacing
from models.extents import _furthest_apart, craniocaudal_extent, maximum_3d_diameter, voxel_steps
from models.measuring import measure

MM = st.floats(0.3, 6.0)
SHEARED = np.array([[0.1, -0.2, 4.0], [0.0, 0.9, -1.1], [0.7, 0.1, 0.0]])


def longest_of_every_pair(mask: np.ndarray, steps: np.ndarray) -> float:
    corners = np.concatenate(
        [np.argwhere(mask) + np.array(half) for half in itertools.product((-0.5, 0.5), repeat=3)]
    )
    at = np.unique(corners, axis=0) @ steps
    return float(pdist(at).max())


def blob(seed: int, shape: tuple[int, int, int], share: float) -> np.ndarray:
    smooth = ndimage.gaussian_filter(np.random.default_rng(seed).random(shape), 1.2)
    mask: np.ndarray = smooth >= np.quantile(smooth, 1 - share)
    return mask


def test_a_long_block_reads_its_diagonal_and_its_height() -> None:
    """20 x 20 x 100 mm, the length from foot to head: what is seen in one slice is not its size."""
    mask = np.zeros((110, 40, 40), bool)
    mask[4:104, 10:30, 5:25] = True
    affine = np.array([[0, 0, -1.0, 20], [0, -1.0, 0, 20], [1.0, 0, 0, -50], [0, 0, 0, 1]])
    (lesion,) = measure(mask, Spacing(1, 1, 1), affine).lesions
    assert lesion.maximum_3d_diameter_mm == pytest.approx(math.sqrt(20**2 + 20**2 + 100**2))
    assert lesion.craniocaudal_mm == pytest.approx(100)
    assert lesion.longest_diameter_mm == pytest.approx(math.hypot(20, 19))
    assert lesion.maximum_3d_ends is not None
    ends = np.sort(np.array(lesion.maximum_3d_ends), axis=0)
    assert ends.tolist() == [[3.5, 9.5, 4.5], [103.5, 29.5, 24.5]]


@given(st.integers(0, 2**32 - 1), st.tuples(MM, MM, MM), st.floats(0.02, 0.6))
def test_the_longest_diameter_is_that_of_every_pair(
    seed: int, mm: tuple[float, float, float], share: float
) -> None:
    mask, steps = blob(seed, (6, 9, 8), share), np.diag(mm)
    longest, ends = maximum_3d_diameter(mask, steps)
    assert longest == pytest.approx(longest_of_every_pair(mask, steps))
    start, end = (np.array(end) for end in ends)
    assert np.linalg.norm((start - end) @ steps) == pytest.approx(longest)


def test_in_a_sheared_grid_it_is_what_the_axes_really_are() -> None:
    mask = blob(3, (6, 9, 8), 0.3)
    affine = np.eye(4)
    affine[:3, :3] = SHEARED.T
    normal = np.cross(SHEARED[1], SHEARED[2])
    column_mm = float(np.linalg.norm(SHEARED[2]))
    area = float(np.linalg.norm(normal))
    spacing = Spacing(abs(float(SHEARED[0] @ normal)) / area, area / column_mm, column_mm)
    steps = voxel_steps(spacing, affine)
    assert steps is not None and np.allclose(steps, SHEARED)
    assert maximum_3d_diameter(mask, steps)[0] == pytest.approx(longest_of_every_pair(mask, SHEARED))


@given(
    st.integers(0, 2**32 - 1),
    st.tuples(st.floats(8, 14), st.floats(5, 8), st.floats(3, 5)),
    st.tuples(st.floats(0.5, 3.0), st.floats(0.5, 1.5), st.floats(0.5, 1.5)),
)
def test_a_turned_ellipsoid_keeps_its_length(
    seed: int, radii: tuple[float, float, float], mm: tuple[float, float, float]
) -> None:
    turn = Rotation.random(random_state=seed).as_matrix()
    shape = [2 * math.ceil(16 / step) + 1 for step in mm]
    at = (np.moveaxis(np.indices(shape), 0, -1) - (np.array(shape) - 1) / 2) * mm
    mask = (((at @ turn) / radii) ** 2).sum(axis=-1) <= 1
    longest, _ = maximum_3d_diameter(mask, np.diag(mm))
    diagonal = math.hypot(*mm)
    assert 2 * max(radii) - 2 * diagonal <= longest <= 2 * max(radii) + diagonal + 1e-9


@given(st.integers(0, 2**32 - 1), st.tuples(MM, MM, MM))
def test_nothing_in_plane_is_longer_and_no_side_of_the_box(seed: int, mm: tuple[float, float, float]) -> None:
    for lesion in measure(blob(seed, (5, 12, 10), 0.3), Spacing(*mm)).lesions:
        assert lesion.maximum_3d_diameter_mm is not None and lesion.longest_diameter_mm is not None
        assert lesion.maximum_3d_diameter_mm >= lesion.longest_diameter_mm - 1e-9
        box = (lesion.box.slices, lesion.box.rows, lesion.box.columns)
        sides = [(last - first + 1) * step for (first, last), step in zip(box, mm, strict=True)]
        assert max(sides) - 1e-9 <= lesion.maximum_3d_diameter_mm <= math.hypot(*sides) + 1e-9


@pytest.mark.parametrize("axis", range(3))
def test_from_head_to_foot_is_along_the_patient_whatever_the_plane(axis: int) -> None:
    """A block of 3 x 5 x 7 voxels of 2 mm, the given axis of the array running upwards or downwards."""
    mask = np.zeros((12, 12, 12), bool)
    mask[2:5, 2:7, 2:9] = True
    for sign in (1, -1):
        affine = np.zeros((4, 4))
        rows = [(axis + 1) % 3, (axis + 2) % 3, axis]
        affine[[0, 1, 2], rows] = 2.0
        affine[2, axis] *= sign
        affine[3, 3] = 1
        (lesion,) = measure(mask, Spacing(2, 2, 2), affine).lesions
        assert lesion.craniocaudal_mm == pytest.approx(2.0 * (3, 5, 7)[axis])


def test_tilted_by_a_right_triangle_it_reaches_as_high_as_its_corners() -> None:
    """Slices of 4 mm and rows of 3 mm, tilted by the 3-4-5 triangle: a voxel is (4 * 4 + 3 * 3) / 5 high."""
    steps = np.array([[0, -4 * 0.6, 4 * 0.8], [0, 3 * 0.8, 3 * 0.6], [1.0, 0, 0]])
    assert craniocaudal_extent(np.ones((1, 1, 1), bool), steps) == pytest.approx(3.2 + 1.8)
    assert craniocaudal_extent(np.ones((3, 2, 9), bool), steps) == pytest.approx(3 * 3.2 + 2 * 1.8)


def test_what_is_not_known_is_not_measured() -> None:
    mask = np.ones((2, 3, 4), bool)
    for spacing in (Spacing(), Spacing(None, 1, 1), Spacing(1, None, 1), Spacing(1, 1, None)):
        (lesion,) = measure(mask, spacing, np.eye(4)).lesions
        assert lesion.maximum_3d_diameter_mm is lesion.maximum_3d_ends is lesion.craniocaudal_mm is None
    (unplaced,) = measure(mask, Spacing(3, 2, 1)).lesions
    assert unplaced.maximum_3d_diameter_mm == pytest.approx(math.hypot(6, 6, 4))
    assert unplaced.craniocaudal_mm is None


def test_a_file_in_a_templates_space_is_measured_as_it_was_scanned() -> None:
    """Its affine says 2 mm where the scanner took 1.5 mm, as nifti's template codes do."""
    steps = voxel_steps(Spacing(1.5, 1.5, 1.5), np.diag([2.0, 2.0, 2.0, 1.0]))
    assert steps is not None and np.allclose(steps, 1.5 * np.eye(3))


def test_of_more_corners_than_a_chunk_all_are_compared() -> None:
    """On a wide disc the two points that are furthest apart may lie in any chunk of distances."""
    places = np.random.default_rng(5).normal(size=(2500, 3))
    places *= 1 + np.random.default_rng(6).random((2500, 1))
    places[1800] *= 9
    places[2300] = -places[1800]
    assert set(_furthest_apart(places)) == {1800, 2300}
