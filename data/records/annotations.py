"""What people measure on a scan by hand: rulers, two perpendicular diameters, angles."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

Point = tuple[float, float, float]


class AnnotationKind(StrEnum):
    """What is measured."""

    RULER = "ruler"
    BIDIRECTIONAL = "bidirectional"  # two diameters across each other
    ANGLE = "angle"

    @property
    def point_count(self) -> int:
        """How many points one is made of: ends, both ends of both diameters, or end, vertex and end."""
        return {AnnotationKind.RULER: 2, AnnotationKind.BIDIRECTIONAL: 4, AnnotationKind.ANGLE: 3}[self]


@dataclass(frozen=True)
class Annotation:
    """Points that somebody set on one slice of a scan, on whatever plane.

    `points` are (slice, row, column) indices of the scan as displayed, the first voxel's centre being 0.
    `slice_axis` is the axis that the plane's slices run along (0 for the scan's own slices): all points have
    the same index there. Sizes are not kept: `AnnotationValues` follow from the points.
    """

    id: str
    scan_id: str
    kind: AnnotationKind
    slice_axis: int
    points: tuple[Point, ...]
    author_id: str
    author_name: str
    created_at: datetime
    changed_at: datetime  # when its points were set last

    @property
    def slice_index(self) -> int:
        """Which slice along `slice_axis` it lies on."""
        return round(self.points[0][self.slice_axis])


@dataclass(frozen=True)
class AnnotationValues:
    """The sizes of an annotation: lengths in `unit` ("mm", or "px" where the spacing is not stated).

    `length` is a ruler's, or the longer of two diameters, `perpendicular` the shorter one.
    """

    unit: str
    length: float | None = None
    perpendicular: float | None = None
    angle_degrees: float | None = None
