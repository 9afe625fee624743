"""Small pictures for galleries: one slice with the outline of its mask."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from reports.colours import Colour

SIDE = 192


def outlined_png(
    picture: NDArray[Any], low: float, high: float, mask: NDArray[np.bool_] | None, colour: Colour
) -> bytes:
    """A slice (height, width) at most SIDE pixels wide and high, `low` black and `high` white.

    The mask is made smaller together with the slice, so that its outline keeps one pixel's width.
    """
    scaled = (picture.astype(np.float32) - low) / max(high - low, 1e-9)
    grey = Image.fromarray((255 * np.clip(scaled, 0, 1)).astype(np.uint8))
    grey.thumbnail((SIDE, SIDE), Image.Resampling.BILINEAR)
    drawn = np.array(grey.convert("RGB"))
    if mask is not None and mask.any():
        small = np.asarray(Image.fromarray(mask.astype(np.uint8) * 255).resize(grey.size)) > 127
        drawn[small & ~ndimage.binary_erosion(small)] = colour
    memory = io.BytesIO()
    Image.fromarray(drawn).save(memory, "PNG")
    return memory.getvalue()
