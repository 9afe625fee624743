"""DICOM SEG: a mask as segments, one a lesion, on the source's own slices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from highdicom.color import CIELabColor
from highdicom.seg import SegmentAlgorithmTypeValues, Segmentation, SegmentationTypeValues, SegmentDescription
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence

from reports.colours import AI_COLOUR, CORRECTED_COLOUR
from reports.dicom.codes import FindingCodes
from reports.dicom.origin import Origin, Outline, person_name
from reports.dicom.references import Reference, StandIns, referenced_series, source_images

KIND = "seg"
SERIES_NUMBER = 9001
SOP_CLASS = "1.2.840.10008.5.1.4.1.1.66.4"
SOP_CLASS_LABELMAP = "1.2.840.10008.5.1.4.1.1.66.7"
_LABEL = "LIGHTBOX"
_LABELMAP = "seg labelmap"
_ALGORITHM_TYPE = {
    Outline.AI: SegmentAlgorithmTypeValues.AUTOMATIC,
    Outline.CORRECTED: SegmentAlgorithmTypeValues.SEMIAUTOMATIC,
    Outline.LABEL: SegmentAlgorithmTypeValues.MANUAL,
}
_COLOURS = {Outline.CORRECTED: CORRECTED_COLOUR}  # as Lightbox shows it; else the AI's


@dataclass(frozen=True)
class Segment:
    """A segment's words; its number is its place in the list, from 1."""

    label: str
    tracking_id: str
    tracking_uid: str


def reference(origin: Origin, *, labelmap: bool = False) -> Reference:
    """How the segmentation of these is named by another object."""
    kind = _LABELMAP if labelmap else KIND
    return Reference(
        SOP_CLASS_LABELMAP if labelmap else SOP_CLASS, origin.uid(kind), origin.uid(kind, "series")
    )


def why_no_segmentation(origin: Origin) -> str | None:
    """Why the source's files allow no SEG, in a sentence; None where they do."""
    frames = origin.source.frames
    if origin.source.frame_of_reference is None:
        return "The files of this series name no frame of reference, which a DICOM segmentation needs."
    if any(frame.position is None or frame.orientation is None or not frame.spacing_mm for frame in frames):
        return "The files of this series do not say where every slice lies, which a DICOM segmentation needs."
    return None


def segmentation(
    origin: Origin,
    labels: NDArray[np.uint8],
    segments: Sequence[Segment],
    codes: FindingCodes,
    *,
    labelmap: bool = False,
    parent: Reference | None = None,
) -> bytes:
    """The file. `labels` (slices, rows, columns) are in the source's own order: 0, or a segment's number.

    Every slice is a frame, empty ones too (some viewers show nothing otherwise). Where none can be had
    `why_no_segmentation` says so.
    """
    kind = _LABELMAP if labelmap else KIND
    stand_ins = StandIns(origin)
    stand_ins.place()
    made: Any = Segmentation(
        source_images=stand_ins.datasets,
        pixel_array=labels,
        segmentation_type=SegmentationTypeValues.LABELMAP if labelmap else SegmentationTypeValues.BINARY,
        segment_descriptions=[_described(*numbered, origin, codes) for numbered in enumerate(segments, 1)],
        **origin.common(kind, SERIES_NUMBER, f"Lightbox {codes.words.lower()}, outline {origin.outline}"),
        omit_empty_frames=False,
        content_label=_LABEL,
        content_description=f"Outline {origin.outline}",
        content_creator_name=person_name(origin.creator) if origin.creator else None,
    )
    stand_ins.make_real(made)
    _refer(made, origin, parent)
    return origin.file(made, kind)


def _described(number: int, segment: Segment, origin: Origin, codes: FindingCodes) -> Any:
    return SegmentDescription(
        segment_number=number,
        segment_label=segment.label,
        segmented_property_category=codes.category,
        segmented_property_type=codes.finding,
        algorithm_type=_ALGORITHM_TYPE[origin.outline],
        algorithm_identification=None if origin.outline is Outline.LABEL else origin.algorithm(),
        tracking_uid=segment.tracking_uid,
        tracking_id=segment.tracking_id,
        anatomic_regions=[codes.region],
        display_color=CIELabColor.from_rgb(*_COLOURS.get(origin.outline, AI_COLOUR)),
    )


def _refer(made: Any, origin: Origin, parent: Reference | None) -> None:
    """Name every source instance, and the segmentation that this one corrects."""
    made.SourceImageSequence = source_images(origin.source.frames)
    made.ReferencedSeriesSequence = referenced_series(origin.source.frames)
    if parent is not None:
        _derive(made, parent)


def _derive(made: Dataset, parent: Reference) -> None:
    """Name the segmentation that this one corrects."""
    purpose, item, listed, series = Dataset(), Dataset(), Dataset(), Dataset()
    purpose.CodeValue, purpose.CodingSchemeDesignator = "121322", "DCM"
    purpose.CodeMeaning = "Source image for image processing operation"
    for reference in (item, listed):
        reference.ReferencedSOPClassUID = parent.sop_class_uid
        reference.ReferencedSOPInstanceUID = parent.sop_instance_uid
    item.PurposeOfReferenceCodeSequence = DicomSequence([purpose])
    made.SourceImageSequence = DicomSequence([*made.SourceImageSequence, item])
    series.SeriesInstanceUID = parent.series_uid
    series.ReferencedInstanceSequence = DicomSequence([listed])
    made.ReferencedSeriesSequence = DicomSequence([*made.ReferencedSeriesSequence, series])
