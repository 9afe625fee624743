"""Which lesions of two scans are the same, whatever grid they lie in."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.records import Spacing
from models.lesion_matching import Match, MatchKind, linked_slices, mapping, matched, numbered
from models.measuring import measure

SHAPE = (12, 40, 40)
HERE = np.eye(4)
MM = (1.0, 1.0, 1.0)


def masked(*boxes: tuple[int, int, int, int], shape: tuple[int, int, int] = SHAPE) -> np.ndarray:
    """Boxes of (first slice, first row, first column, size), numbered."""
    mask = np.zeros(shape, bool)
    for slice_, row, column, size in boxes:
        mask[slice_ : slice_ + size, row : row + size, column : column + size] = True
    return numbered(mask)


def kinds(matches: list[Match]) -> list[str]:
    return sorted(match.kind.value for match in matches)


def test_lesions_are_numbered_as_they_are_measured() -> None:
    labels = masked((1, 2, 2, 3), (5, 20, 20, 5), (2, 30, 5, 4))
    for number, lesion in enumerate(measure(labels > 0, Spacing()).lesions, start=1):
        places = np.argwhere(labels == number)
        assert tuple(places.min(axis=0)) == tuple(axis[0] for axis in
            (lesion.box.slices, lesion.box.rows, lesion.box.columns))  # fmt: skip
        assert len(places) == lesion.voxels


def test_one_stays_one_goes_and_one_is_new() -> None:
    before, after = masked((1, 2, 2, 5), (1, 30, 30, 4)), masked((1, 3, 3, 6), (7, 2, 30, 3))
    matches = matched(before, after, HERE, MM)
    assert Match((0,), (0,)) in matches
    assert kinds(matches) == ["gone", "new", "same"]


def test_merging_and_splitting_is_said() -> None:
    apart, together = masked((2, 5, 5, 4), (2, 5, 12, 4)), np.zeros(SHAPE, bool)
    together[2:6, 5:9, 5:16] = True
    merged = numbered(together)
    assert matched(apart, merged, HERE, MM) == [Match((0, 1), (0,))]
    assert kinds(matched(apart, merged, HERE, MM)) == [MatchKind.MERGED]
    assert kinds(matched(merged, apart, HERE, MM)) == [MatchKind.SPLIT]


def test_a_lesion_that_moved_a_little_is_the_nearest_one() -> None:
    before, after = masked((2, 5, 5, 3)), masked((2, 5, 12, 3), (2, 30, 30, 3))
    assert matched(before, after, HERE, MM) == [Match((0,), (0,)), Match((), (1,))]
    assert kinds(matched(before, after, HERE, (1.0, 5.0, 5.0))) == ["gone", "new", "new"]  # 35 mm away
    assert kinds(matched(before, after, HERE, None)) == ["gone", "new", "new"]


def test_places_are_compared_in_millimetres_of_the_patient() -> None:
    # The same head in a grid of half the spacing, turned around and shifted.
    coarse, fine = np.diag([4.0, 2.0, 2.0, 1.0]), np.diag([-2.0, -1.0, -1.0, 1.0])
    fine[:3, 3] = [46.0, 79.0, 79.0]
    before = masked((2, 5, 5, 4))
    after = numbered(np.zeros((24, 80, 80), bool) | (_inside(fine, (24, 80, 80), coarse, before)))
    matrix = mapping(SHAPE, coarse, (24, 80, 80), fine)
    assert matched(before, after, matrix, (2.0, 1.0, 1.0)) == [Match((0,), (0,))]
    links = linked_slices(mapping((24, 80, 80), fine, SHAPE, coarse), (24, 80, 80), 12)
    assert links[0] == 11
    assert links[-1] == 0 and links == sorted(links, reverse=True)


def _inside(affine: np.ndarray, shape: tuple[int, ...], other: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Which voxels of a grid lie in a lesion of another one, by nearest neighbour."""
    points = np.argwhere(np.ones(shape, bool))
    matrix = np.linalg.inv(other) @ affine
    places = np.rint(points @ matrix[:3, :3].T + matrix[:3, 3]).astype(int).clip(0, np.array(SHAPE) - 1)
    return (labels[tuple(places.T)] > 0).reshape(shape)


def test_without_a_place_the_share_of_the_picture_counts() -> None:
    matrix = mapping((10, 20, 20), None, (20, 40, 40), np.eye(4))
    links = linked_slices(matrix, (10, 20, 20), 20)
    assert all(abs(link - (2 * index + 0.5)) <= 0.5 for index, link in enumerate(links))
    assert np.allclose(matrix @ [-0.5, -0.5, -0.5, 1], [-0.5, -0.5, -0.5, 1])
    assert np.allclose(matrix @ [9.5, 19.5, 19.5, 1], [19.5, 39.5, 39.5, 1])


BOXES = st.tuples(st.integers(0, 9), st.integers(0, 36), st.integers(0, 36), st.integers(1, 6))


@given(st.lists(BOXES, max_size=6), st.lists(BOXES, max_size=6))
@settings(max_examples=60, deadline=None)
def test_every_lesion_is_in_one_group_and_turning_time_around_turns_the_groups(old, new) -> None:
    before, after = masked(*old), masked(*new)
    for spacing in (MM, None):
        matches = matched(before, after, HERE, spacing)
        assert sorted(place for match in matches for place in match.before) == list(range(before.max()))
        assert sorted(place for match in matches for place in match.after) == list(range(after.max()))
    turned = {(match.after, match.before) for match in matched(before, after, HERE, None)}
    assert turned == {(match.before, match.after) for match in matched(after, before, HERE, None)}
    same = matched(before, before, HERE, MM)
    assert all(match.before == match.after and len(match.before) == 1 for match in same)


@pytest.mark.parametrize("slices", [1, 7, 30])
def test_a_scan_is_linked_with_itself_slice_by_slice(slices: int) -> None:
    shape = (slices, 20, 20)
    for affine in (None, np.diag([3.0, 1.0, 1.0, 1.0])):
        assert linked_slices(mapping(shape, affine, shape, affine), shape, slices) == list(range(slices))
