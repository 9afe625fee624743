"""The outlines of a mask along the edges of its pixels."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

Corner = tuple[int, int]  # (column, row): the corner up and left of that pixel


def outlines(mask: NDArray[np.bool_]) -> list[NDArray[np.float64]]:
    """Closed lines (n, 2) of (column, row) around each piece of a mask (rows, columns), and around its holes.

    Corners of pixels are whole numbers; the mask lies to the right of each line; the last point is the first.
    """
    following: dict[Corner, list[Corner]] = defaultdict(list)
    padded = np.pad(mask, 1)
    for row, column in np.argwhere(mask):
        r, c = int(row), int(column)
        if not padded[r, c + 1]:
            following[c, r].append((c + 1, r))
        if not padded[r + 1, c + 2]:
            following[c + 1, r].append((c + 1, r + 1))
        if not padded[r + 2, c + 1]:
            following[c + 1, r + 1].append((c, r + 1))
        if not padded[r + 1, c]:
            following[c, r + 1].append((c, r))
    polylines = []
    while following:
        polylines.append(_straightened(_walked(following)))
    return polylines


def _walked(following: dict[Corner, list[Corner]]) -> list[Corner]:
    """A line back to where it began; its steps are taken out of `following`."""
    start = here = next(iter(following))
    line = [start]
    while True:
        ahead = following[here].pop()
        if not following[here]:
            del following[here]
        line.append(ahead)
        here = ahead
        if here == start:
            return line


def _straightened(line: list[Corner]) -> NDArray[np.float64]:
    """The line without the points between which it does not turn."""
    steps = np.diff(np.array(line), axis=0)
    turns = [index for index in range(1, len(steps)) if (steps[index] != steps[index - 1]).any()]
    return np.array([line[0], *(line[index] for index in turns), line[-1]], dtype=np.float64)
