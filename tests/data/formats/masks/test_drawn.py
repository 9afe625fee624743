"""Masks as the page draws them: every byte counts."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from data.errors import InvalidInput
from data.formats import drawn_mask

SHAPE = (3, 4, 5)


def voxels(*marked: tuple[int, int, int]) -> np.ndarray:
    mask = np.zeros(SHAPE, dtype=np.uint8)
    for place in marked:
        mask[place] = 1
    return mask


def test_bytes_are_voxels_in_display_order() -> None:
    mask = drawn_mask(gzip.compress(voxels((2, 1, 3), (0, 0, 4)).tobytes()), SHAPE)
    assert mask.dtype == np.bool_ and mask.shape == SHAPE
    assert [tuple(map(int, place)) for place in np.argwhere(mask)] == [(0, 0, 4), (2, 1, 3)]


def test_an_empty_one_must_be_meant() -> None:
    content = gzip.compress(voxels().tobytes())
    with pytest.raises(InvalidInput, match="meant to be empty"):
        drawn_mask(content, SHAPE)
    assert not drawn_mask(content, SHAPE, empty=True).any()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "damaged"),
        (b"no gzip", "damaged"),
        (gzip.compress(voxels((0, 0, 0)).tobytes())[:-9], "damaged"),
        (gzip.compress(voxels((0, 0, 0)).tobytes()[:-1]), "another size"),
        (gzip.compress(voxels((0, 0, 0)).tobytes() + b"\0"), "another size"),
        (gzip.compress(bytes(1 << 24)), "another size"),
        (gzip.compress((2 * voxels((0, 0, 0))).tobytes()), "damaged"),
        (gzip.compress(np.ones(SHAPE, np.uint8).tobytes()), "marks the whole scan"),
    ],
)
def test_what_does_not_fit_is_said(content: bytes, sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        drawn_mask(content, SHAPE, empty=True)
