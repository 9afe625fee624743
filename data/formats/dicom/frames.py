"""From DICOM instances to frames: every picture with what its file says of its place."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from data.errors import RefusedScan
from data.formats.dicom.frame_steps import frame_steps
from data.formats.dicom.instances import MOSAIC, Instance
from data.formats.dicom.values import number, number_list, text_of, value_of

Vector = NDArray[np.float64]
_ORTHOGONAL = 0.05
_MAX_FRAMES = 100_000
_STACKED = {"MR", "CT", "PT"}
_STACKED_CLASSES = (
    *("1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.2"),  # MR, CT
    "1.2.840.10008.5.1.4.1.1.128",  # PET
)
_MACROS = (
    *("PlanePositionSequence", "PlaneOrientationSequence", "PixelMeasuresSequence"),
    *("FrameContentSequence", "MRImageFrameTypeSequence", "MREchoSequence", "MRDiffusionSequence"),
    *("TemporalPositionSequence", "CardiacSynchronizationSequence", "CTImageFrameTypeSequence"),
    *("MRModifierSequence", "ContrastBolusUsageSequence", "FrameVOILUTSequence"),
    "RealWorldValueMappingSequence",
)
_OF_ALL_FRAMES = ("ImageOrientationPatient", "PixelSpacing", "SliceThickness", "SpacingBetweenSlices")


@dataclass(frozen=True)
class Frame:
    """One picture of an instance: where it lies (LPS mm), and what else is said of it.

    `orientation` holds the direction of growing columns, then of growing rows. `spacing_mm` is
    (between rows, between columns). `rescale` is (slope, intercept) where this frame has its own.
    `said` are the datasets that describe it, the nearest first.
    """

    instance: Instance
    index: int
    rows: int
    columns: int
    said: tuple[Dataset, ...]
    orientation: Vector | None = None
    position: Vector | None = None
    spacing_mm: tuple[float, float] | None = None
    between_mm: float | None = None  # what the file says of the distance to the next slice
    thickness_mm: float | None = None
    stack: str = ""
    rescale: tuple[float, float] | None = None

    @property
    def normal(self) -> Vector | None:
        """Unit vector across the slice."""
        return None if self.orientation is None else normal_of(self.orientation)

    @property
    def is_slice(self) -> bool:
        """Whether it is of a modality whose pictures make volumes."""
        return is_stacked(self.instance.header)

    @property
    def slice_mm(self) -> float | None:
        """The stated distance to the next slice, or the slice's thickness where none is stated."""
        return self.between_mm or self.thickness_mm

    def number(self, *keywords: str) -> float | None:
        """The first of these elements that is a number."""
        for keyword in keywords:
            for dataset in self.said:
                value = number(dataset, keyword)
                if value is not None:
                    return value
        return None

    def text(self, *keywords: str) -> str | None:
        """The first of these elements that says something."""
        for keyword in keywords:
            for dataset in self.said:
                value = text_of(dataset, keyword)
                if value is not None:
                    return value
        return None

    @property
    def instance_number(self) -> float | None:
        """Its number in the series; within a file of many frames (or parts of one), its number there."""
        stated = self.number("InstanceNumber")
        if (number(self.instance.header, "NumberOfFrames") or 0) > 1:
            before = number(self.instance.header, "ConcatenationFrameOffsetNumber") or 0.0
            return (stated or 0.0) + (before + self.index) * 1e-6
        return stated


def normal_of(orientation: Vector) -> Vector:
    """The unit vector across slices with these six direction cosines."""
    return np.cross(orientation[:3], orientation[3:])


def is_stacked(header: Dataset) -> bool:
    """Whether a file is of a modality whose pictures make volumes (MR, CT, PET)."""
    modality = (text_of(header, "Modality") or "").upper()
    if modality:
        return modality in _STACKED
    return (text_of(header, "SOPClassUID") or "").startswith(_STACKED_CLASSES)


def frames_of(instance: Instance) -> list[Frame]:
    """Every frame of an image. Raises RefusedScan for mosaics and absurd declarations."""
    header = instance.header
    if "MOSAIC" in (text_of(header, "ImageType") or "").upper():
        raise MOSAIC
    groups = value_of(header, "PerFrameFunctionalGroupsSequence")
    per_frame = list(groups) if groups is not None and len(groups) else []
    # None and zero frames are what some writers call one picture.
    frames = int(number(header, "NumberOfFrames") or 0) or len(per_frame) or 1
    if frames < 1:
        raise RefusedScan("empty", "This file holds no picture.")
    if frames > _MAX_FRAMES:
        raise RefusedScan("too_large", "This scan is larger than Lightbox can read.")
    if per_frame:
        return _enhanced_frames(instance, frames, per_frame)
    if frames > 1:
        return _plain_multiframe(instance, frames)
    return [_frame(instance, 0, header)]


def _frame(instance: Instance, index: int, place: Dataset, said: tuple[Dataset, ...] = ()) -> Frame:
    header = instance.header
    return Frame(
        instance,
        index,
        rows=int(number(header, "Rows") or 0),
        columns=int(number(header, "Columns") or 0),
        said=(*said, header),
        orientation=_orientation(place),
        position=_vector(place, "ImagePositionPatient"),
        spacing_mm=spacing_in(place),
        between_mm=_distance(place, "SpacingBetweenSlices"),
        thickness_mm=_distance(place, "SliceThickness"),
    )


def _plain_multiframe(instance: Instance, count: int) -> list[Frame]:
    """Frames without functional groups: one after another along the normal, if there is one.

    A negative SpacingBetweenSlices stacks them against the normal (PS3.3 C.8.4.15). Raises RefusedScan
    `no_place` for frames that follow each other in time.
    """
    first = _frame(instance, 0, instance.header)
    steps = frame_steps(instance.header, count) if is_stacked(instance.header) else None
    step_mm = math.copysign(first.between_mm or 0.0, number(instance.header, "SpacingBetweenSlices") or 0.0)
    frames = []
    for index in range(count):
        along, said = (index, ()) if steps is None else (steps[index].slice_index, (steps[index].said,))
        position = None
        if first.position is not None and first.normal is not None and step_mm:
            position = first.position + first.normal * step_mm * along
        stack = f"file {instance.member.path}"
        frames.append(replace(first, index=index, said=(*said, *first.said), position=position, stack=stack))
    return frames


def _enhanced_frames(instance: Instance, count: int, groups: list[Dataset]) -> list[Frame]:
    if len(groups) < count:
        raise RefusedScan("incomplete", "This file is incomplete: it does not describe all its frames.")
    shared_items = value_of(instance.header, "SharedFunctionalGroupsSequence")
    shared = shared_items[0] if shared_items else Dataset()
    common = {name: item for name in _MACROS if (item := _item(name, shared)) is not None}
    transform = _item("PixelValueTransformationSequence", shared)
    return [_enhanced_frame(instance, index, groups[index], common, transform) for index in range(count)]


def _enhanced_frame(
    instance: Instance, index: int, group: Dataset, common: dict[str, Dataset], transform: Dataset | None
) -> Frame:
    macros = {name: item for name in _MACROS if (item := _item(name, group) or common.get(name)) is not None}
    place = Dataset()
    for keyword in _OF_ALL_FRAMES:  # converters leave them where single pictures have them
        if keyword in instance.header:
            place[keyword] = instance.header[keyword]
    for name in _MACROS[:3]:
        place.update(macros.get(name, Dataset()))
    own = _item("PixelValueTransformationSequence", group) or transform
    base = _frame(instance, index, place, tuple(macros.values()))
    return replace(
        base,
        stack=text_of(macros.get("FrameContentSequence", Dataset()), "StackID") or "",
        rescale=rescale_in(own) if own is not None else None,
    )


def _item(sequence: str, holder: Dataset) -> Dataset | None:
    items = value_of(holder, sequence)
    if items is None or not len(items):
        return None
    item: Dataset = items[0]
    return item


def rescale_in(dataset: Dataset) -> tuple[float, float] | None:
    """(slope, intercept) of stored values, None where there is none that could be used."""
    slope = number(dataset, "RescaleSlope")
    if slope is None or slope == 0:
        return None
    return slope, number(dataset, "RescaleIntercept") or 0.0


def _vector(dataset: Dataset, keyword: str) -> Vector | None:
    numbers = number_list(dataset, keyword)
    return np.array(numbers) if numbers is not None and len(numbers) == 3 else None


def _orientation(dataset: Dataset) -> Vector | None:
    """Six direction cosines, made exactly unit length; None where they are no directions."""
    numbers = number_list(dataset, "ImageOrientationPatient")
    if numbers is None or len(numbers) != 6:
        return None
    along, down = np.array(numbers[:3]), np.array(numbers[3:])
    lengths = np.linalg.norm(along), np.linalg.norm(down)
    if any(abs(length - 1) > _ORTHOGONAL for length in lengths):
        return None
    along, down = along / lengths[0], down / lengths[1]
    return np.concatenate([along, down]) if abs(along @ down) < _ORTHOGONAL else None


def spacing_in(dataset: Dataset) -> tuple[float, float] | None:
    """(between rows, between columns) in mm; one value counts for both."""
    for keyword in ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing"):
        numbers = number_list(dataset, keyword)
        if numbers is not None and len(numbers) == 1:
            numbers *= 2
        if numbers is not None and len(numbers) == 2 and all(1e-4 < value < 1e4 for value in numbers):
            return numbers[0], numbers[1]
    return None


def _distance(dataset: Dataset, keyword: str) -> float | None:
    distance = number(dataset, keyword)
    return abs(distance) if distance is not None and 1e-3 < abs(distance) < 1e3 else None


def any_value(frame: Frame, keyword: str) -> Any:
    """The nearest element of this name that is said of a frame, as it stands; None where there is none."""
    values = (value_of(dataset, keyword) for dataset in frame.said)
    return next((value for value in values if value is not None), None)
