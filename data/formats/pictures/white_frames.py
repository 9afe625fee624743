"""White frames and margins around pictures: of scanned prints, screenshots and journal pages."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_WHITE = 0.94  # of the brightest value: paper
_OF_A_LINE = 0.985  # share of white pixels in a line of the frame: a letter or a hair may cross it
_SIDES = 2  # sides that must be white before a bright edge is a frame and not anatomy
_LEAST = 2  # pixels
_DARK_INSIDE = 0.5  # a picture that is nearly all white has no frame: it is white


def without_frame(pages: NDArray[Any]) -> tuple[NDArray[Any], bool]:
    """Pages (n, rows, columns) whose white frame has their darkest value, and whether there was one.

    The size stays: what is drawn on the picture must fit it. Both white sides of a pair, or three sides,
    make a frame; a lone bright edge may be a shoulder.
    """
    low, high = float(pages.min()), float(pages.max())
    if high <= low or pages.dtype.kind == "f":
        return pages, False
    white = np.empty(pages.shape, dtype=bool)
    for page, paper in zip(pages, white, strict=True):
        paper[:] = (page.astype(np.float32) - low) >= _WHITE * (high - low)
    first, last = _white_ends(white.mean(axis=(0, 2)))
    left, right = _white_ends(white[:, first : last or None].mean(axis=(0, 1)))
    rows, columns = pages.shape[1:]
    widths = (first, rows - last, left, columns - right)
    if not _is_frame(widths) or last <= first or right <= left:
        return pages, False
    if white[:, first:last, left:right].mean() > _DARK_INSIDE:
        return pages, False
    inside = np.full_like(pages, pages.min())
    inside[:, first:last, left:right] = pages[:, first:last, left:right]
    return inside, True


def _is_frame(widths: tuple[int, int, int, int]) -> bool:
    white = [width >= _LEAST for width in widths]
    return (white[0] and white[1]) or (white[2] and white[3]) or sum(white) > _SIDES


def _white_ends(shares: NDArray[np.floating[Any]]) -> tuple[int, int]:
    """Where the lines that are not white begin and end (exclusive)."""
    inside = np.flatnonzero(shares < _OF_A_LINE)
    return (int(inside[0]), int(inside[-1]) + 1) if len(inside) else (0, len(shares))
