"""Sample values: what an array may hold when it leaves this package."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import RefusedScan

_FLOAT32_SAFE = 1e37
_GREY_SPREAD = 12  # of 255: what JPEG makes of equal channels, seldom more
_COLOURED_SHARE = 1e-3

COLOUR = RefusedScan("colour", "This is a colour picture, and Lightbox reads grey scans only.")


def plain(array: NDArray[Any]) -> NDArray[Any]:
    """C-contiguous, native byte order, as 8 or 16 bit integer, int32 or float; no NaN, no infinity."""
    if array.dtype == np.bool_:
        return np.ascontiguousarray(array, dtype=np.uint8)
    if array.dtype.kind in "iu":
        return _integers(array)
    if array.dtype.kind != "f":
        raise RefusedScan("data_type", "This file does not hold grey values.")
    return _floats(array)


def _integers(array: NDArray[Any]) -> NDArray[Any]:
    native = array.astype(array.dtype.newbyteorder("="), copy=False)
    if native.dtype.itemsize <= 2 or native.dtype == np.int32:
        return np.ascontiguousarray(native)
    low, high = int(native.min(initial=0)), int(native.max(initial=0))
    if low >= -(2**31) and high < 2**31:
        return np.ascontiguousarray(native, dtype=np.int32)
    return _floats(native.astype(np.float64))


def _floats(array: NDArray[Any]) -> NDArray[Any]:
    wide = array if array.dtype.itemsize <= 8 else array.astype(np.float64)
    finite = np.nan_to_num(wide, copy=True, nan=0.0, posinf=0.0, neginf=0.0)
    if finite.dtype.itemsize > 4 and np.abs(finite).max(initial=0.0) > _FLOAT32_SAFE:
        return np.ascontiguousarray(finite, dtype=np.float64)
    return np.ascontiguousarray(finite, dtype=np.float32)


def grey(channels: NDArray[Any]) -> NDArray[Any]:
    """The one grey picture of an array (..., 3) whose channels agree within JPEG's tolerance.

    Raises RefusedScan `colour` where they do not.
    """
    if channels.dtype == np.uint8:
        high, low = channels.max(axis=-1), channels.min(axis=-1)
        tolerance = _GREY_SPREAD
    else:
        wide = channels.astype(np.float64)
        high, low = wide.max(axis=-1), wide.min(axis=-1)
        tolerance = max(1, int(_GREY_SPREAD * float(wide.max(initial=0.0)) / 255))
    if float(np.mean(high - low > tolerance)) > _COLOURED_SHARE:
        raise COLOUR
    return np.ascontiguousarray(channels[..., 1])
