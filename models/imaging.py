"""From arrays of any size and scale to the square tensors that networks take, and back."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

FloatArray = NDArray[np.float32]


def normalised(volume: NDArray[np.generic], low: float = 1.0, high: float = 99.5) -> FloatArray:
    """Intensities of (slices, height, width) brought to [0, 1] by percentiles of the volume.

    The foreground (above zero, where there is enough of it) sets the upper percentile, so that a
    small head in a wide field of view is not left dark. A constant volume becomes zeros.
    """
    values = np.asarray(volume, dtype=np.float32)
    values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    sample = values[:: max(1, len(values) // 32)]
    bottom = float(np.percentile(sample, low))
    bright = sample[sample > bottom]
    top = float(np.percentile(bright, high)) if bright.size > 100 else float(sample.max())
    if top <= bottom:
        return np.zeros_like(values)
    scaled: FloatArray = np.clip((values - bottom) / (top - bottom), 0.0, 1.0)
    return scaled


def to_square(slices: FloatArray, size: int) -> Tensor:
    """(n, height, width) -> (n, 1, size, size): padded to a centred square, then resampled."""
    tensor = torch.from_numpy(np.ascontiguousarray(slices))[:, None]
    left, right, top, bottom = _padding(*slices.shape[-2:])
    padded = functional.pad(tensor, (left, right, top, bottom))
    if padded.shape[-1] == size:
        return padded
    return functional.interpolate(padded, size=(size, size), mode="bilinear", antialias=True)


def from_square(squares: Tensor, height: int, width: int) -> FloatArray:
    """The inverse of `to_square`: (n, 1, size, size) -> (n, height, width)."""
    left, _, top, _ = _padding(height, width)
    side = max(height, width)
    full = functional.interpolate(squares.float(), size=(side, side), mode="bilinear", antialias=True)
    return full[:, 0, top : top + height, left : left + width].numpy()


def _padding(height: int, width: int) -> tuple[int, int, int, int]:
    side = max(height, width)
    left, top = (side - width) // 2, (side - height) // 2
    return left, side - width - left, top, side - height - top
