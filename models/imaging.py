"""From arrays of any size and scale to the square tensors that networks take, and back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor
from torch.nn import functional

FloatArray = NDArray[np.float32]
OTSU_CLASSES = 128
PART_VOXELS = 1 << 21


def normalised(volume: NDArray[np.generic], low: float = 1.0, high: float = 99.5) -> FloatArray:
    """Intensities of (slices, height, width) brought to [0, 1] by percentiles of the volume.

    The foreground (above zero, where there is enough of it) sets the upper percentile, so that a
    small head in a wide field of view is not left dark. A constant volume becomes zeros.
    """
    return _range(volume, low, high).applied(volume)


class _Range(NamedTuple):
    """The intensities that become 0 and 1."""

    bottom: float
    top: float

    def applied(self, volume: NDArray[np.generic]) -> FloatArray:
        """(slices, height, width), or a part of the volume that the range is of, in [0, 1]."""
        if self.top <= self.bottom:
            return np.zeros(volume.shape, dtype=np.float32)
        values = _finite(volume)
        values -= self.bottom
        values /= self.top - self.bottom
        return np.clip(values, 0.0, 1.0, out=values)


def _range(volume: NDArray[np.generic], low: float = 1.0, high: float = 99.5) -> _Range:
    sample = _finite(sampled(volume))
    bottom = float(np.percentile(sample, low))
    bright = sample[sample > bottom]
    top = float(np.percentile(bright, high)) if bright.size > 100 else float(sample.max())
    return _Range(bottom, top)


def sampled(volume: NDArray[Any]) -> NDArray[Any]:
    """32 to 63 slices (all of a thinner volume), evenly spread: what a whole volume is judged by."""
    return volume[:: max(1, len(volume) // 32)]


def _finite(volume: NDArray[np.generic]) -> FloatArray:
    """A copy in float32; what is no number is 0."""
    values = np.array(volume, dtype=np.float32)
    return np.nan_to_num(values, copy=False, nan=0.0, posinf=0.0, neginf=0.0)


@dataclass(frozen=True)
class Crop:
    """A square cut of a picture, in its pixels; it may reach beyond the picture's edges."""

    top: int
    left: int
    side: int


def parts(shape: tuple[int, ...]) -> Iterator[slice]:
    """A few slices of (slices, height, width) at a time: no more than `PART_VOXELS`, but at least one.

    What is made of a large volume is made so: several copies of it in float32 would take gigabytes.
    """
    step = max(1, PART_VOXELS // max(1, shape[1] * shape[2]))
    yield from (slice(start, start + step) for start in range(0, shape[0], step))


def stretched(slices: FloatArray, size: int) -> Tensor:
    """(n, height, width) -> (n, 1, size, size), whatever that does to the aspect."""
    tensor = torch.from_numpy(np.ascontiguousarray(slices))[:, None]
    if tensor.shape[-2:] == (size, size):
        return tensor
    return functional.interpolate(tensor, size=(size, size), mode="bilinear", antialias=True)


def whole(height: int, width: int) -> Crop:
    """The smallest centred square around the whole picture."""
    side = max(height, width)
    return Crop(top=-((side - height) // 2), left=-((side - width) // 2), side=side)


def head_window(volume: FloatArray, margin: float = 0.04, least: float = 0.6) -> Crop:
    """The square around the head in a normalised (slices, height, width), however wide the field of view.

    The head is the largest piece above a third of Otsu's threshold (Otsu, IEEE SMC 1979) in the
    brightest view through the slices. The square is never smaller than `least` of the picture's
    longer side, and it is the whole picture where no head stands out.
    """
    height, width = volume.shape[-2:]
    view = ndimage.uniform_filter(sampled(volume).max(axis=0), 5)
    pieces, count = ndimage.label(view > max(0.04, otsu(view) / 3))
    if not count:
        return whole(height, width)
    largest = 1 + int(np.argmax(np.bincount(pieces.ravel())[1:]))
    rows, columns = ndimage.find_objects(pieces)[largest - 1]
    extent = max(rows.stop - rows.start, columns.stop - columns.start) * (1 + 2 * margin)
    side = round(min(max(extent, least * max(height, width)), max(height, width)))
    return Crop((rows.start + rows.stop - side) // 2, (columns.start + columns.stop - side) // 2, side)


def to_square(slices: FloatArray, size: int, window: Crop | None = None) -> Tensor:
    """(n, height, width) -> (n, 1, size, size): the window (else the whole) cut out and resampled."""
    cut = window or whole(*slices.shape[-2:])
    tensor = torch.from_numpy(np.ascontiguousarray(slices))[:, None]
    squares = functional.pad(tensor, _padding(cut, *slices.shape[-2:]))
    if squares.shape[-1] == size:
        return squares
    return functional.interpolate(squares, size=(size, size), mode="bilinear", antialias=True)


def head_squares(volume: NDArray[np.generic], size: int) -> tuple[Tensor, Crop]:
    """(slices, height, width) of any scale -> (slices, 1, size, size) in [0, 1] around the head; the cut."""
    scale = _range(volume)
    window = head_window(scale.applied(sampled(volume)))
    squares = torch.empty(len(volume), 1, size, size)
    for part in parts(volume.shape):
        squares[part] = to_square(scale.applied(volume[part]), size, window)
    return squares, window


def from_square(
    squares: Tensor, height: int, width: int, window: Crop | None = None, outside: float = 0.0
) -> FloatArray:
    """The inverse of `to_square`: (n, 1, size, size) -> (n, height, width), `outside` beyond the window."""
    cut = window or whole(height, width)
    full = functional.interpolate(squares.float(), size=(cut.side, cut.side), mode="bilinear", antialias=True)
    left, right, top, bottom = _padding(cut, height, width)
    return functional.pad(full, (-left, -right, -top, -bottom), value=outside)[:, 0].numpy()


def _padding(window: Crop, height: int, width: int) -> tuple[int, int, int, int]:
    """What to add at left, right, top and bottom to get the window; negative where it cuts."""
    return (
        -window.left,
        window.left + window.side - width,
        -window.top,
        window.top + window.side - height,
    )


def otsu(values: FloatArray) -> float:
    """The threshold that parts values into the two most distinct classes (Otsu, IEEE SMC 1979)."""
    counts, edges = np.histogram(values, bins=OTSU_CLASSES)
    return otsu_of_counts(counts, (edges[:-1] + edges[1:]) / 2)


def otsu_of_counts(counts: NDArray[np.int64], centres: NDArray[np.float64]) -> float:
    """The same for values that are counted in classes already."""
    below = counts.cumsum()
    above = below[-1] - below
    total = (counts * centres).cumsum()
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = below * above * (total / below - (total[-1] - total) / above) ** 2
    return float(centres[int(np.nanargmax(np.where(above > 0, apart, -1.0)))])
