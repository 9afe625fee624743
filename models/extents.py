"""How far a lesion reaches in three dimensions: its longest diameter, and from head to foot.

A voxel counts as the box that it is, so that a block measures what its sides and diagonal measure.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull
from scipy.spatial.distance import cdist

from data.records import Spacing

MaskArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
Ends3d = tuple[tuple[float, float, float], tuple[float, float, float]]

_CHUNK = 1024  # points whose distances to all others are held at once
_SUPERIOR = 2  # of RAS


def voxel_steps(spacing: Spacing, affine: FloatArray | None = None) -> FloatArray | None:
    """The way in mm from a voxel to the next (3, 3): a row for each of slice, row and column.

    With `affine` the rows are directions in RAS, at whatever angles; without, they stand at right angles.
    None where a distance is unknown.
    """
    if spacing.slice_mm is None or spacing.row_mm is None or spacing.column_mm is None:
        return None
    if affine is None:
        return np.diag([spacing.slice_mm, spacing.row_mm, spacing.column_mm])
    steps: FloatArray = np.array(affine[:3, :3].T, dtype=np.float64)
    # A file in a template's space is larger in its affine than it was scanned; spacing is what was scanned.
    volume = spacing.slice_mm * spacing.row_mm * spacing.column_mm
    return steps * float(np.cbrt(volume / abs(np.linalg.det(steps))))


def maximum_3d_diameter(mask: MaskArray, steps: FloatArray) -> tuple[float, Ends3d]:
    """The longest straight line between two points of a mask that holds something, and its ends.

    `mask` is (slices, rows, columns), `steps` as of `voxel_steps`. The length is in mm and exact: the two
    points that are furthest apart are corners of voxels and of the convex hull. Ends are (slice, row, column)
    indices; the centre of the first voxel is 0.
    """
    corners = _outer_corners(mask)
    hull = corners[ConvexHull(corners @ steps).vertices]
    first, second = _furthest_apart(hull @ steps)
    return float(np.linalg.norm((hull[first] - hull[second]) @ steps)), (
        _triple(hull[first]),
        _triple(hull[second]),
    )


def craniocaudal_extent(mask: MaskArray, steps: FloatArray) -> float:
    """How far a mask that holds something reaches along the patient's axis from head to foot, in mm.

    `steps` must be directions in RAS.
    """
    heights = _outer_corners(mask) @ steps[:, _SUPERIOR]
    return float(np.ptp(heights))


def _outer_corners(mask: MaskArray) -> FloatArray:
    """The corners (n, 3) of voxels among which all vertices of the convex hull are."""
    touched = np.zeros([size + 1 for size in mask.shape], dtype=bool)
    slices, rows, columns = mask.shape
    for s in (0, 1):
        for r in (0, 1):
            for c in (0, 1):
                touched[s : s + slices, r : r + rows, c : c + columns] |= mask
    # Between two points of a line lies no vertex: the ends of each line along the columns are enough.
    occupied = touched.any(axis=2)
    first = touched.argmax(axis=2)[occupied]
    last = touched.shape[2] - 1 - touched[:, :, ::-1].argmax(axis=2)[occupied]
    places = np.argwhere(occupied)
    ends = [np.column_stack([places, column]) for column in (first, last)]
    corners: FloatArray = np.concatenate(ends) - 0.5
    return corners


def _furthest_apart(points: FloatArray) -> tuple[int, int]:
    best, pair = -1.0, (0, 0)
    for start in range(0, len(points), _CHUNK):
        distances = cdist(points[start : start + _CHUNK], points)
        first, second = np.unravel_index(int(distances.argmax()), distances.shape)
        if distances[first, second] > best:
            best, pair = float(distances[first, second]), (start + int(first), int(second))
    return pair


def _triple(values: FloatArray) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])
