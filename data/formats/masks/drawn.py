"""Corrected masks that were drawn on the page itself: bytes in display order, packed with gzip."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

from data.errors import InvalidInput
from data.formats.masks.values import EMPTY, FULL

Mask = NDArray[np.bool_]

_DAMAGED = "This mask arrived damaged; please save it again."
_OTHER_SIZE = "This mask has another size than the scan, so it does not fit."
_GZIP = 16 + zlib.MAX_WBITS


def drawn_mask(content: bytes, shape: tuple[int, int, int], *, empty: bool = False) -> Mask:
    """A mask (slice, row, column) from the gzip of one byte a voxel, 0 or 1, in display order.

    `empty` says that a mask without any is meant. Raises InvalidInput for what is damaged, has another
    size than `shape`, marks everything, or is empty without being meant to be.
    """
    length = int(np.prod(shape, dtype=np.int64))
    unpacking = zlib.decompressobj(_GZIP)
    try:
        voxels = unpacking.decompress(content, length + 1)
    except zlib.error as error:
        raise InvalidInput(_DAMAGED) from error
    if len(voxels) > length or (unpacking.eof and len(voxels) < length):
        raise InvalidInput(_OTHER_SIZE)
    values = np.frombuffer(voxels, dtype=np.uint8)
    if not unpacking.eof or values.max(initial=0) > 1:
        raise InvalidInput(_DAMAGED)
    if not values.any() and not empty:
        raise InvalidInput(EMPTY)
    if values.all():
        raise InvalidInput(FULL)
    return values.reshape(shape).astype(np.bool_)
