"""DICOM SEG: a mask as segments, one a lesion, on the source's own slices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from highdicom.seg import SegmentAlgorithmTypeValues, Segmentation, SegmentationTypeValues, SegmentDescription
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import ExplicitVRLittleEndian

from reports.dicom.codes import FindingCodes
from reports.dicom.origin import CHARACTER_SET, Origin, person_name
from reports.dicom.references import StandIns

KIND = "seg"
SERIES_NUMBER = 9001
SOP_CLASS = "1.2.840.10008.5.1.4.1.1.66.4"
_LABEL = "LIGHTBOX"


@dataclass(frozen=True)
class Segment:
    """A segment's words; its number is its place in the list, from 1."""

    label: str
    tracking_id: str
    tracking_uid: str


@dataclass(frozen=True)
class Parent:
    """The object of the AI that a reviewer's object was made out of."""

    sop_class_uid: str
    sop_instance_uid: str
    series_uid: str


def reference(origin: Origin) -> Parent:
    """How the segmentation of these is named by another object."""
    return Parent(SOP_CLASS, origin.uid(KIND), origin.uid(KIND, "series"))


def why_no_segmentation(origin: Origin) -> str | None:
    """Why the source's files allow no SEG, in a sentence; None where they do."""
    frames = origin.source.frames
    if not origin.source.header.get("FrameOfReferenceUID"):
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
    parent: Parent | None = None,
) -> bytes:
    """The file. `labels` (slices, rows, columns) are in the source's own order: 0, or a segment's number.

    Every slice is a frame, those without anything too (some viewers show nothing otherwise). Only
    where `why_no_segmentation` says None.
    """
    kind = f"{KIND} labelmap" if labelmap else KIND
    stand_ins = StandIns(origin)
    stand_ins.place()
    by_person = origin.creator is not None
    segmentation_type = SegmentationTypeValues.LABELMAP if labelmap else SegmentationTypeValues.BINARY
    made = Segmentation(
        source_images=stand_ins.datasets,
        pixel_array=labels,
        segmentation_type=segmentation_type,
        segment_descriptions=[
            _described(number, segment, origin, codes) for number, segment in enumerate(segments, start=1)
        ],
        **origin.series(kind, SERIES_NUMBER),
        **origin.equipment(),
        transfer_syntax_uid=ExplicitVRLittleEndian,
        omit_empty_frames=False,
        content_label=_LABEL,
        content_description="Outline corrected by a reviewer" if by_person else "Outline of the AI",
        content_creator_name=person_name(origin.creator) if origin.creator else None,
        series_description=f"Lightbox {codes.words.lower()}, {'corrected' if by_person else 'AI'}",
        specific_character_set=CHARACTER_SET,
    )
    stand_ins.make_real(made)
    if parent is not None:
        _derive(made, parent)
    return origin.file(made, kind)


def _described(number: int, segment: Segment, origin: Origin, codes: FindingCodes) -> Any:
    by_person = origin.creator is not None
    kind = SegmentAlgorithmTypeValues.SEMIAUTOMATIC if by_person else SegmentAlgorithmTypeValues.AUTOMATIC
    return SegmentDescription(
        segment_number=number,
        segment_label=segment.label,
        segmented_property_category=codes.category,
        segmented_property_type=codes.finding,
        algorithm_type=kind,
        algorithm_identification=origin.algorithm(),
        tracking_uid=segment.tracking_uid,
        tracking_id=segment.tracking_id,
        anatomic_regions=[codes.region],
    )


def _derive(made: Dataset, parent: Parent) -> None:
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
