"""The sizes of what people measure by hand, out of the points that they set."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from data.records import AnnotationKind, AnnotationValues, Spacing
from data.records.annotations import Point
from models.extents import voxel_steps

FloatArray = NDArray[np.float64]
AxisSteps = tuple[FloatArray | None, FloatArray | None, FloatArray | None]


def axis_steps(spacing: Spacing, affine: FloatArray | None = None) -> AxisSteps:
    """The way in mm (3) from a voxel to the next along slices, rows and columns; None where it is unknown."""
    steps = voxel_steps(spacing, affine)
    if steps is not None:
        return steps[0], steps[1], steps[2]
    # Of a lone picture the distance of slices is not known, and its rows and columns are at right angles.
    sides = (spacing.slice_mm, spacing.row_mm, spacing.column_mm)
    first, second, third = (
        None if side is None else side * axis for side, axis in zip(sides, np.eye(3), strict=True)
    )
    return first, second, third


def measured_values(kind: AnnotationKind, points: Sequence[Point], steps: AxisSteps) -> AnnotationValues:
    """Lengths in mm, or in pixels where points lie apart along an axis without a step; angles in degrees.

    `points` as of `Annotation`. Angles between pixels hold only where these are square.
    """
    places, unit = _placed(np.asarray(points, dtype=np.float64), steps)
    if kind is AnnotationKind.ANGLE:
        return AnnotationValues(unit, angle_degrees=_angle(places[0] - places[1], places[2] - places[1]))
    lengths = sorted(np.linalg.norm(places[1::2] - places[::2], axis=1), reverse=True)
    return AnnotationValues(unit, *(float(length) for length in lengths))


def right_angled(points: Sequence[Point], steps: AxisSteps, degrees: float) -> bool:
    """Whether two diameters, each between two of the four points, cross at 90 degrees within `degrees`."""
    places, _ = _placed(np.asarray(points, dtype=np.float64), steps)
    return abs(_angle(places[1] - places[0], places[3] - places[2]) - 90) <= degrees


def _placed(points: FloatArray, steps: AxisSteps) -> tuple[FloatArray, str]:
    """Points (n, 3) in mm from the first one, with "mm"; in voxels, with "px", where that cannot be."""
    apart = points - points[0]
    used = [axis for axis in range(3) if apart[:, axis].any()]
    places = np.zeros_like(apart)
    for axis in used:
        step = steps[axis]
        if step is None:
            return apart, "px"
        places += apart[:, axis : axis + 1] * step
    return places, "mm"


def _angle(first: FloatArray, second: FloatArray) -> float:
    """Between two directions, 0 to 180 degrees; exact near both ends, where the cosine alone is not."""
    across = float(np.linalg.norm(np.cross(first, second)))
    return float(np.degrees(np.arctan2(across, float(first @ second))))
