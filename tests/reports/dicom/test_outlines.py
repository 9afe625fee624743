"""Outlines run along the edges of pixels: filled again they are the mask."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from reports.dicom.outlines import outlines


def area(line: np.ndarray) -> float:
    x, y = line[:, 0], line[:, 1]
    return float((x[:-1] * y[1:] - x[1:] * y[:-1]).sum() / 2)


def inside(line: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """How often the line goes around each pixel's centre: crossings of a ray to the left."""
    around = np.zeros(shape, int)
    for (x0, y0), (x1, y1) in zip(line[:-1], line[1:], strict=True):
        if x0 == x1:
            low, high = sorted((int(y0), int(y1)))
            around[low:high, int(x0) :] += 1 if y1 < y0 else -1
    return around


@given(arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=12)))
def test_filled_again_they_are_the_mask(mask: np.ndarray) -> None:
    around = sum((inside(line, mask.shape) for line in outlines(mask)), np.zeros(mask.shape, int))
    assert np.array_equal(around != 0, mask)
    assert sum(area(line) for line in outlines(mask)) == mask.sum()


@given(st.integers(1, 9), st.integers(1, 9))
def test_a_box_has_its_four_corners(rows: int, columns: int) -> None:
    mask = np.zeros((12, 12), bool)
    mask[2 : 2 + rows, 1 : 1 + columns] = True
    (line,) = outlines(mask)
    assert len(line) == 5 and (line[0] == line[-1]).all()
    assert {tuple(point) for point in line} == {
        (x, y) for x in (1.0, 1.0 + columns) for y in (2.0, 2.0 + rows)
    }
