"""Connected components: the same as of the whole at once, however it is cut."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
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
    assert np.array_equal(without_specks(mask, Least(least, satellite), slab_voxels), kept[labels])


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


def test_specks_go_and_lesions_stay() -> None:
    mask = np.zeros((2, 20, 20), bool)
    mask[0, 1, 1] = True
    mask[1, 5:10, 5:10] = True
    assert without_specks(mask, Least(5)).sum() == 25
    assert without_specks(mask, Least(0)).sum() == 26


def test_a_piece_of_exactly_the_least_size_stays() -> None:
    mask = np.zeros((1, 20, 20), bool)
    mask[0, 2, 2:6] = True
    mask[0, 10, 2:5] = True
    assert without_specks(mask, Least(4)).sum() == 4
    assert without_specks(mask, Least(3)).sum() == 7
    assert without_specks(np.zeros((1, 4, 4), bool), Least(3)).sum() == 0


def test_specks_are_connected_over_corners_and_a_lone_one_goes_too() -> None:
    corner = np.zeros((2, 4, 4), bool)
    corner[0, 1, 1] = corner[1, 2, 2] = True
    assert without_specks(corner, Least(2)).sum() == 2
    assert without_specks(corner, Least(3)).sum() == 0


def test_a_satellite_goes_only_beside_a_piece_ten_times_as_large() -> None:
    mask = np.zeros((1, 30, 30), bool)
    mask[0, 0:10, 0:10] = True  # 100
    mask[0, 20, 0:9] = mask[0, 25, 0:10] = True  # 9 and 10, the second a tenth
    least = Least(4, satellite=20)
    assert without_specks(mask, least).sum() == 110
    assert without_specks(mask, Least(4, satellite=9)).sum() == 119  # large enough by itself
    assert without_specks(mask, Least(10, satellite=5)).sum() == 110  # a speck stays one
    mask[0, 0:10, 0:10] = False
    assert without_specks(mask, least).sum() == 19  # alone it may be all of a tumour
