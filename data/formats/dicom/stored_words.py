"""The words of uncompressed pixels as numbers: which bits count, and whether one of them is a sign."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from data.formats.dicom.values import number

_QUARTER, _WHITE = 2**14, 2**16 - 1


def aligned(dataset: Dataset, array: NDArray[Any]) -> NDArray[Any]:
    """Words with the stored bits at HighBit and below as numbers; other bits may hold overlays."""
    allocated = array.dtype.itemsize * 8
    stored = int(number(dataset, "BitsStored") or allocated)
    if array.dtype.kind not in "iu" or stored >= allocated:
        return array
    high = int(number(dataset, "HighBit") or stored - 1)
    used = int(np.bitwise_or.reduce(array, axis=None))  # every bit that is set anywhere
    # What lies below the bits that HighBit claims shows that it is HighBit that is wrong.
    if not stored - 1 <= high < allocated or used & ((1 << (high + 1 - stored)) - 1):
        high = stored - 1
    if high == stored - 1 and 0 <= used < 1 << (stored - (array.dtype.kind == "i")):
        return array
    return np.asarray((array << (allocated - 1 - high)) >> (allocated - stored))


def with_sign(dataset: Dataset, values: NDArray[Any]) -> NDArray[np.int16] | None:
    """16 bit values with the sign that their header denies them; None where they plainly have none.

    They have one where they lie in the lowest and the highest quarter of the range alone: numbers a little
    below zero, read without sign. Only white besides may be text that was written into the picture.
    """
    if values.dtype != np.uint16 or int(number(dataset, "BitsStored") or 16) != 16:
        return None
    if values.max(initial=0) < 3 * _QUARTER:  # as in most files, told quickly
        return None
    high = values[values >= _QUARTER]
    if high.size in (0, values.size) or int(high.min()) < 3 * _QUARTER or int(high.min()) == _WHITE:
        return None
    return values.view(np.int16)
