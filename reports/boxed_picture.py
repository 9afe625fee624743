"""A picture with boxes on it, for a person who decides on what is inside them."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from data.records import PictureBox

_COLOUR = (255, 176, 0)
_LEAST_SIDE = 768  # smaller pictures are enlarged, so that small writing can be read
_GAP = 3  # pixels between a box and what is in it


def boxed_png(picture: NDArray[np.uint8], boxes: Sequence[PictureBox]) -> bytes:
    """A slice (height, width), 0..255, with a frame around each box, as a PNG."""
    times = max(1, -(-_LEAST_SIDE // max(picture.shape)))
    height, width = (side * times for side in picture.shape)
    drawn = Image.fromarray(picture).resize((width, height), Image.Resampling.BICUBIC).convert("RGB")
    draw = ImageDraw.Draw(drawn)
    for box in boxes:
        left, top, right, bottom = (edge * times for edge in (box.left, box.top, box.right, box.bottom))
        inside = (
            max(0, left - _GAP),
            max(0, top - _GAP),
            min(width - 1, right + _GAP),
            min(height - 1, bottom + _GAP),
        )
        draw.rectangle(inside, outline=_COLOUR, width=2)
    memory = io.BytesIO()
    drawn.save(memory, "PNG", compress_level=1)
    return memory.getvalue()
