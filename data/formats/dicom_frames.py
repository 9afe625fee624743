"""From DICOM instances to frames: every picture with its place, whatever kind of file it is in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from data.errors import RefusedScan
from data.formats.dicom import MOSAIC, Instance, number, number_list, text_of, value_of

Vector = NDArray[np.float64]
_ORTHOGONAL = 0.05
_MAX_FRAMES = 100_000


@dataclass(frozen=True)
class Frame:
    """One picture of an instance: where it lies (LPS mm) and when it comes.

    `orientation` holds the direction of growing columns, then of growing rows. `spacing_mm` is
    (between rows, between columns). `rescale` is (slope, intercept) where this frame has its own.
    """

    instance: Instance
    index: int
    rows: int
    columns: int
    orientation: Vector | None = None
    position: Vector | None = None
    spacing_mm: tuple[float, float] | None = None
    slice_mm: float | None = None  # what the file says of the distance to the next slice
    stack: str = ""
    rescale: tuple[float, float] | None = None
    order: tuple[Any, ...] = ()  # among pictures of the same place

    @property
    def normal(self) -> Vector | None:
        """Unit vector across the slice."""
        if self.orientation is None:
            return None
        return np.cross(self.orientation[:3], self.orientation[3:])


def frames_of(instance: Instance) -> list[Frame]:
    """Every frame of an image. Raises RefusedScan for mosaics and absurd declarations."""
    header = instance.header
    if "MOSAIC" in (text_of(header, "ImageType") or "").upper():
        raise MOSAIC
    count = number(header, "NumberOfFrames")
    frames = 1 if count is None else int(count)
    if frames < 1:
        raise RefusedScan("empty", "This file holds no picture.")
    if frames > _MAX_FRAMES:
        raise RefusedScan("too_large", "This scan is larger than Lightbox can read.")
    groups = value_of(header, "PerFrameFunctionalGroupsSequence")
    if groups is not None and len(groups):
        return _enhanced_frames(instance, frames, list(groups))
    if frames > 1:
        return _plain_multiframe(instance, frames)
    return [_frame(instance, 0, header)]


def _frame(instance: Instance, index: int, place: Dataset) -> Frame:
    header = instance.header
    orientation = _orientation(place)
    return Frame(
        instance,
        index,
        rows=int(number(header, "Rows") or 0),
        columns=int(number(header, "Columns") or 0),
        orientation=orientation,
        position=_vector(place, "ImagePositionPatient") if orientation is not None else None,
        spacing_mm=_spacing(place),
        slice_mm=_slice_distance(place),
        order=_order(header),
    )


def _order(header: Dataset) -> tuple[Any, ...]:
    """Sorts pictures of one place: first the kind of picture, then the time."""
    return (
        number(header, "AcquisitionNumber") or 0.0,
        text_of(header, "ImageType") or "",
        number(header, "EchoNumbers") or 0.0,
        number(header, "TemporalPositionIdentifier") or 0.0,
        number(header, "DiffusionBValue") or 0.0,
        text_of(header, "AcquisitionTime") or "",
        number(header, "TriggerTime") or 0.0,
        number(header, "InstanceNumber") or 0.0,
    )


def _plain_multiframe(instance: Instance, count: int) -> list[Frame]:
    """Frames without functional groups: one after another along the normal, if there is one."""
    first = _frame(instance, 0, instance.header)
    step = number(instance.header, "SpacingBetweenSlices")
    frames = []
    for index in range(count):
        position = None
        if first.position is not None and first.normal is not None and step:
            position = first.position + first.normal * step * index
        frames.append(
            Frame(
                instance,
                index,
                first.rows,
                first.columns,
                first.orientation if position is not None else None,
                position,
                first.spacing_mm,
                first.slice_mm,
                stack=f"file {instance.member.path}",
                order=first.order,
            )
        )
    return frames


def _enhanced_frames(instance: Instance, count: int, groups: list[Dataset]) -> list[Frame]:
    if len(groups) < count:
        raise RefusedScan("incomplete", "This file is incomplete: it does not describe all its frames.")
    shared_items = value_of(instance.header, "SharedFunctionalGroupsSequence")
    shared = shared_items[0] if shared_items else Dataset()
    return [_enhanced_frame(instance, index, groups[index], shared) for index in range(count)]


def _enhanced_frame(instance: Instance, index: int, group: Dataset, shared: Dataset) -> Frame:
    place = Dataset()
    for sequence in ("PlanePositionSequence", "PlaneOrientationSequence", "PixelMeasuresSequence"):
        item = _macro(sequence, group, shared)
        if item is not None:
            place.update(item)
    content = _macro("FrameContentSequence", group, shared) or Dataset()
    transform = _macro("PixelValueTransformationSequence", group, shared)
    base = _frame(instance, index, place)
    return Frame(
        instance,
        index,
        base.rows,
        base.columns,
        base.orientation,
        base.position,
        base.spacing_mm,
        base.slice_mm,
        stack=text_of(content, "StackID") or "",
        rescale=_rescale(transform) if transform is not None else None,
        order=_enhanced_order(instance, index, group, shared, content),
    )


def _enhanced_order(
    instance: Instance, index: int, group: Dataset, shared: Dataset, content: Dataset
) -> tuple[Any, ...]:
    kind = _macro("MRImageFrameTypeSequence", group, shared) or Dataset()
    echo = _macro("MREchoSequence", group, shared) or Dataset()
    diffusion = _macro("MRDiffusionSequence", group, shared) or Dataset()
    return (
        number(instance.header, "AcquisitionNumber") or 0.0,
        text_of(kind, "FrameType") or "",
        number(echo, "EffectiveEchoTime") or 0.0,
        number(content, "TemporalPositionIndex") or 0.0,
        number(diffusion, "DiffusionBValue") or 0.0,
        text_of(content, "FrameAcquisitionDateTime") or "",
        number(instance.header, "InstanceNumber") or 0.0,
        float(index),
    )


def _macro(sequence: str, group: Dataset, shared: Dataset) -> Dataset | None:
    for holder in (group, shared):
        items = value_of(holder, sequence)
        if items is not None and len(items):
            item: Dataset = items[0]
            return item
    return None


def _rescale(dataset: Dataset) -> tuple[float, float] | None:
    slope = number(dataset, "RescaleSlope")
    if slope is None or slope == 0:
        return None
    return slope, number(dataset, "RescaleIntercept") or 0.0


def classic_rescale(header: Dataset) -> tuple[float, float] | None:
    """(slope, intercept) of a single-frame image, None where it has none."""
    return _rescale(header)


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


def _spacing(dataset: Dataset) -> tuple[float, float] | None:
    for keyword in ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing"):
        numbers = number_list(dataset, keyword)
        if numbers is not None and len(numbers) == 2 and all(1e-4 < one < 1e4 for one in numbers):
            return numbers[0], numbers[1]
    return None


def _slice_distance(dataset: Dataset) -> float | None:
    for keyword in ("SpacingBetweenSlices", "SliceThickness"):
        distance = number(dataset, keyword)
        if distance is not None and 1e-3 < abs(distance) < 1e3:
            return abs(distance)
    return None
