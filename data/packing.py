"""Arrays as small bytes: NumPy's own format under zlib. Masks shrink a thousandfold."""

from __future__ import annotations

import io
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray


def packed(array: NDArray[Any]) -> bytes:
    """The array as bytes; raises ValueError for one that holds Python objects."""
    memory = io.BytesIO()
    np.save(memory, array, allow_pickle=False)
    return zlib.compress(memory.getvalue(), level=1)


def unpacked(content: bytes) -> NDArray[Any]:
    """The array that `packed` was given."""
    array: NDArray[Any] = np.load(io.BytesIO(zlib.decompress(content)), allow_pickle=False)
    return array
