"""Sample values: what an array may hold when it leaves this package."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from data.errors import RefusedScan

LARGEST_FLOAT32 = 1e37
_GREY_SPREAD = 12  # of 255: what JPEG makes of equal channels, seldom more
_COLOURED_SHARE = 1e-3
_FAINT = 50  # of 255: how far a tint's channel may lie from grey
_TINT_NOISE, _NOISY_SHARE = 20, 0.02  # how far pixels may lie from the tint, and how many of them
_DRAWN, _DRAWN_PIXELS = 100, 8  # of 255: no noise; more of it is an outline or arrow, however thin
_STRONG = 60  # of 255: a colour of its own, such as an arrow's

COLOUR = RefusedScan("colour", "This is a colour picture, and Lightbox reads grey scans only.")
DRAWN_ON = RefusedScan(
    "drawn_on",
    "Something is drawn or written on this picture in colour. Lightbox reads scans as they were taken.",
)


def plain(array: NDArray[Any]) -> NDArray[Any]:
    """C-contiguous, native byte order, as 8 or 16 bit integer, int32 or float; no NaN, no infinity.

    What is no number lies where nothing was scanned: it becomes background, the lowest value there is.
    """
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
    """A slice at a time: several copies of a large volume would take gigabytes."""
    wide = array if array.dtype.itemsize <= 8 else array.astype(np.float64)
    seen = [_finite_range(part) for part in wide]
    low, high = min((part.low for part in seen), default=0.0), max((part.high for part in seen), default=0.0)
    large = wide.dtype.itemsize > 4 and max(abs(low), abs(high)) > LARGEST_FLOAT32
    floats = np.ascontiguousarray(wide, dtype=np.float64 if large else np.float32)
    if all(part.whole for part in seen):
        return floats
    floats = floats.copy() if np.may_share_memory(floats, array) else floats
    for part in floats:
        part[~np.isfinite(part)] = low if low <= high else 0
    return floats


class _FiniteRange(NamedTuple):
    low: float  # infinity where nothing is finite
    high: float
    whole: bool  # everything is finite


def _finite_range(part: NDArray[Any]) -> _FiniteRange:
    known = np.isfinite(part)
    whole = bool(known.all())
    values = part if whole else part[known]
    low, high = float(values.min(initial=np.inf)), float(values.max(initial=-np.inf))
    return _FiniteRange(low, high, whole)


def on_black(samples: NDArray[Any]) -> NDArray[Any]:
    """Samples (rows, columns, n + 1) on black, without their last channel, which says how opaque they are."""
    opacity = samples[..., -1:]
    full = np.iinfo(samples.dtype).max if samples.dtype.kind in "iu" else 1.0
    if (opacity == full).all():
        return samples[..., :-1]
    return np.asarray(np.round(samples[..., :-1].astype(np.float64) * opacity / full)).astype(samples.dtype)


def grey(channels: NDArray[Any]) -> NDArray[Any]:
    """The one grey picture of an array (..., 3) whose channels agree, or differ by a faint tint.

    Channels agree within JPEG's tolerance. A tint, as of a scanned film or an aged print, gives every
    brightness one colour that is not far from grey. Raises RefusedScan `drawn_on` for a grey picture with
    something coloured on it, as another system's outline is, and `colour` for everything else.
    """
    wide = channels.astype(np.float32)
    to_8_bit = 1.0 if channels.dtype == np.uint8 else 255.0 / max(float(wide.max(initial=0.0)), 1.0)
    spread = (wide.max(axis=-1) - wide.min(axis=-1)) * to_8_bit
    if float(np.mean(spread > _GREY_SPREAD)) <= _COLOURED_SHARE:
        if int((spread > _DRAWN).sum()) > _DRAWN_PIXELS:
            raise DRAWN_ON
        return np.ascontiguousarray(channels[..., 1])
    if not _is_tinted(wide.reshape(-1, 3) * to_8_bit):
        raise COLOUR
    return np.asarray(np.round(wide.mean(axis=-1))).astype(channels.dtype)


def _is_tinted(pixels: NDArray[np.float32]) -> bool:
    """Whether every brightness of `pixels` (n, 3), 0 to 255, has one colour near grey, but for noise."""
    brightness = np.clip(np.round(pixels.mean(axis=1)), 0, 255).astype(np.intp)
    counts = np.maximum(np.bincount(brightness, minlength=256), 1)
    off = np.zeros(len(pixels), dtype=np.float32)
    for channel in pixels.T:
        usual = np.bincount(brightness, weights=channel, minlength=256) / counts
        if float(np.mean(np.abs(usual - np.arange(256))[brightness] > _FAINT)) > _COLOURED_SHARE:
            return False
        off = np.maximum(off, np.abs(channel - usual[brightness]))
    return (
        float(np.mean(off > _TINT_NOISE)) <= _NOISY_SHARE and float(np.mean(off > _STRONG)) <= _COLOURED_SHARE
    )
