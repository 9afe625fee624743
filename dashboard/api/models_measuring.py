"""What the API answers about measurements by hand."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from dashboard.api.models_common import ApiAnswer
from data.records import AnnotationKind, AnnotationValues


class AnnotationAnswer(ApiAnswer):
    """A ruler, two perpendicular diameters, or an angle."""

    id: str
    kind: AnnotationKind
    slice_axis: int = Field(description="The axis of the plane's slices: 0 slices, 1 rows, 2 columns")
    slice_index: int
    points: list[tuple[float, float, float]] = Field(
        description="slice, row, column; the first voxel's centre is 0"
    )
    values: AnnotationValues
    words: str = Field(description="The sizes as the page shows them")
    author: str
    created_at: datetime
    changed_at: datetime = Field(description="When its points were set last")


class AnnotationsAnswer(ApiAnswer):
    """What people measured on a scan."""

    annotations: list[AnnotationAnswer] = Field(description="Oldest first")
