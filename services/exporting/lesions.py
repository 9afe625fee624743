"""A version's lesions as segments: the largest each its own, all smaller ones together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data import formats
from data.records import Lesion, Scan
from models.measuring import lesion_labels
from reports.dicom.codes import codes_of
from reports.dicom.origin import stable_uid
from reports.dicom.segmentation import Segment
from services.exporting.versions import ResultVersion
from services.measurement_words import MOST_LESIONS


@dataclass(frozen=True)
class SizedSegment:
    """A segment with its sizes; `lesion` is None of the one that all smaller lesions share."""

    number: int
    segment: Segment
    lesion: Lesion | None
    volume_ml: float | None


def segments_of(version: ResultVersion, count: int) -> list[Segment]:
    """The segments of so many lesions. Their tracking UIDs are the same in SEG and SR."""
    words = codes_of(version.result.task).words
    own = [
        _segment(version, str(number), f"{words} {number}")
        for number in range(1, min(count, MOST_LESIONS) + 1)
    ]
    rest = count - MOST_LESIONS
    if rest > 0:
        own.append(_segment(version, "smaller", f"{rest} smaller, together"))
    return own


def sized_segments(version: ResultVersion) -> list[SizedSegment]:
    """The segments of a version's lesions with what was measured of them; empty without a mask."""
    measurements = version.measurements
    if measurements is None:
        return []
    lesions = measurements.lesions
    segments = segments_of(version, len(lesions))
    sized = [
        SizedSegment(number, segment, lesion, lesion.volume_ml)
        for number, (segment, lesion) in enumerate(zip(segments, lesions[:MOST_LESIONS], strict=False), 1)
    ]
    if len(segments) > MOST_LESIONS:
        volumes = [lesion.volume_ml for lesion in lesions]
        known = None not in volumes and measurements.volume_ml is not None
        largest = sum(volume or 0.0 for volume in volumes[:MOST_LESIONS])
        rest = (measurements.volume_ml or 0.0) - largest
        sized.append(SizedSegment(len(segments), segments[-1], None, rest if known else None))
    return sized


def _segment(version: ResultVersion, number: str, label: str) -> Segment:
    return Segment(label, f"{version.short_key}-{number}", stable_uid(version.key, "lesion", number))


def segment_labels(mask: NDArray[np.bool_], scan: Scan) -> tuple[NDArray[np.uint8], int]:
    """Each voxel's segment in the source's own order (slices, rows, columns), and how many lesions."""
    lesions = lesion_labels(mask)
    segments = np.minimum(lesions, MOST_LESIONS + 1).astype(np.uint8)
    source = formats.to_source(segments, scan.grid)  # (column, row, slice)
    return np.ascontiguousarray(source.transpose(2, 1, 0)), int(lesions.max(initial=0))
