"""Connected components: the same as of the whole at once, however it is cut."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from models.components import Least, box_of, labelled, without_specks

EVERY_NEIGHBOUR = np.ones((3, 3, 3))


@given(
    seed=st.integers(0, 1000),
    share=st.sampled_from([0.02, 0.1, 0.3]),
    least=st.integers(1, 12),
    satellite=st.integers(0, 30),
    slab_voxels=st.integers(1, 2000),
)
def test_specks_are_the_same_in_slabs_as_in_the_whole(
    seed: int, share: float, least: int, satellite: int, slab_voxels: int
) -> None:
    mask = np.random.default_rng(seed).random((9, 14, 13)) < share
    labels, _ = ndimage.label(mask, structure=EVERY_NEIGHBOUR)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    kept = (sizes >= least) & ((sizes >= satellite) | (sizes >= 0.1 * sizes.max()))
    kept[0] = False
    left_out = (sizes >= least) & ~kept
    left_out[0] = False
    drawn, satellites = without_specks(mask, Least(least, satellite), slab_voxels)
    assert np.array_equal(drawn, kept[labels])
    assert np.array_equal(satellites, left_out[labels].any(axis=(1, 2)))


@given(seed=st.integers(0, 1000), share=st.sampled_from([0.0, 0.002, 0.4]))
def test_the_box_holds_all_of_a_mask_and_no_more(seed: int, share: float) -> None:
    mask = np.random.default_rng(seed).random((8, 11, 10)) < share
    places = np.argwhere(mask)
    inside = tuple(
        slice(places[:, axis].min(), places[:, axis].max() + 1) if mask.any() else slice(0, 0)
        for axis in range(3)
    )
    assert box_of(mask) == inside


def test_sizes_are_those_of_the_labels() -> None:
    mask = np.random.default_rng(5).random((40, 200, 200)) < 0.1
    labels, sizes = labelled(mask)
    assert np.array_equal(np.bincount(labels.ravel())[1:], sizes)


def _voxels(mask: NDArray[np.bool_], least: Least) -> int:
    """How many are left."""
    return int(without_specks(mask, least)[0].sum())


def test_specks_go_and_lesions_stay() -> None:
    mask = np.zeros((2, 20, 20), bool)
    mask[0, 1, 1] = True
    mask[1, 5:10, 5:10] = True
    assert _voxels(mask, Least(5)) == 25
    assert _voxels(mask, Least(0)) == 26


def test_a_piece_of_exactly_the_least_size_stays() -> None:
    mask = np.zeros((1, 20, 20), bool)
    mask[0, 2, 2:6] = True
    mask[0, 10, 2:5] = True
    assert _voxels(mask, Least(4)) == 4
    assert _voxels(mask, Least(3)) == 7
    assert _voxels(np.zeros((1, 4, 4), bool), Least(3)) == 0


def test_specks_are_connected_over_corners_and_a_lone_one_goes_too() -> None:
    corner = np.zeros((2, 4, 4), bool)
    corner[0, 1, 1] = corner[1, 2, 2] = True
    assert _voxels(corner, Least(2)) == 2
    assert _voxels(corner, Least(3)) == 0


def test_a_satellite_goes_only_beside_a_piece_ten_times_as_large() -> None:
    mask = np.zeros((1, 30, 30), bool)
    mask[0, 0:10, 0:10] = True  # 100
    mask[0, 20, 0:9] = mask[0, 25, 0:10] = True  # 9 and 10, the second a tenth
    least = Least(4, satellite=20)
    assert _voxels(mask, least) == 110
    assert _voxels(mask, Least(4, satellite=9)) == 119  # large enough by itself
    assert _voxels(mask, Least(10, satellite=5)) == 110  # a speck stays one
    mask[0, 0:10, 0:10] = False
    assert _voxels(mask, least) == 19  # alone it may be all of a tumour


def test_it_is_told_on_which_slices_satellites_went_but_not_where_specks_did() -> None:
    mask = np.zeros((6, 30, 30), bool)
    mask[0, 0:10, 0:10] = True
    mask[2:4, 20, 20:22] = True  # a satellite of 4 on two slices
    mask[5, 5, 5] = True  # a speck
    assert without_specks(mask, Least(3, satellite=20))[1].nonzero()[0].tolist() == [2, 3]
    assert not without_specks(mask, Least(3))[1].any()
