"""Boxes made black in a copy of the pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.records import PictureBox

MARGIN = 0.25
"""Of a box's shorter side, blackened around it too: accents, and letters that the detector cut."""
_LEAST_MARGIN = 2  # pixels


def blacked_out(
    pixels: NDArray[Any], boxes: Sequence[PictureBox], black: float | None = None
) -> NDArray[Any]:
    """A copy of (..., height, width) whose boxes hold `black`, by default its smallest value.

    Each box is black on every slice: what stands on one slice of a series stands on its neighbours, where
    the detector may have missed it. Without boxes the pixels themselves come back.
    """
    if not boxes:
        return pixels
    copy = np.array(pixels)
    least = copy.min() if black is None else black
    for box in boxes:
        edge = max(_LEAST_MARGIN, round(MARGIN * min(box.bottom - box.top, box.right - box.left)))
        rows = slice(max(0, box.top - edge), box.bottom + edge)
        columns = slice(max(0, box.left - edge), box.right + edge)
        copy[..., rows, columns] = least
    return copy
