"""Arrays packed and unpacked again."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from data.packing import packed, unpacked

ARRAYS = [
    np.random.default_rng(0).random((3, 40, 50)) < 0.2,
    np.asfortranarray(np.arange(24, dtype=">i2").reshape(2, 3, 4)),
    np.random.default_rng(1).integers(0, 255, (5, 1200, 1200), dtype=np.uint8),  # several pieces
    np.zeros((0, 4, 4), np.float32),
]


@pytest.mark.parametrize("array", ARRAYS, ids=["mask", "turned", "large", "empty"])
def test_an_array_comes_back_as_it_was(array: np.ndarray) -> None:
    back = unpacked(packed(array))
    assert np.array_equal(back, array)
    assert (back.dtype, back.shape) == (array.dtype, array.shape)


@pytest.mark.parametrize("lost", [1, 5, 200])
def test_what_is_cut_off_is_not_taken_for_an_array(lost: int) -> None:
    with pytest.raises((ValueError, zlib.error)):
        unpacked(packed(ARRAYS[2])[:-lost])


def test_what_an_older_lightbox_packed_is_read() -> None:
    import io

    memory = io.BytesIO()
    np.save(memory, ARRAYS[0], allow_pickle=False)
    assert np.array_equal(unpacked(zlib.compress(memory.getvalue(), level=1)), ARRAYS[0])


def test_python_objects_are_refused() -> None:
    with pytest.raises(ValueError, match="Object arrays"):
        packed(np.array([{}], dtype=object))
