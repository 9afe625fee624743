"""References to the source's pictures, whether an instance holds one of them or many.

The library knows series of single pictures, or one instance of many. Here every picture is first given
to it as one of its own, under a UID that stands in, and then each reference is turned into the real one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence

from data.formats import SourceFrame
from reports.dicom.origin import Origin, stable_uid

_SINGLE = {"MR": "1.2.840.10008.5.1.4.1.1.4", "CT": "1.2.840.10008.5.1.4.1.1.2"}


@dataclass(frozen=True)
class Reference:
    """Where another object of ours stands in the study."""

    sop_class_uid: str
    sop_instance_uid: str
    series_uid: str


class StandIns:
    """Pictures as instances of their own, and the way back."""

    def __init__(self, origin: Origin) -> None:
        """All pictures of the source, in the order of the source grid's slices."""
        self._origin = origin
        self._real: dict[str, SourceFrame] = {}
        self.datasets = [self._stand_in(number, frame) for number, frame in enumerate(origin.source.frames)]

    def _stand_in(self, number: int, frame: SourceFrame) -> Dataset:
        header, dataset = frame.header, self._origin.study()
        uid = stable_uid("stands in", str(number))
        self._real[uid] = frame
        dataset.SOPInstanceUID = uid
        dataset.SOPClassUID = _SINGLE.get(self._origin.source.modality, _SINGLE["MR"])
        dataset.Modality = self._origin.source.modality
        dataset.SeriesInstanceUID = self._origin.source.header.SeriesInstanceUID
        dataset.Rows, dataset.Columns = header.Rows, header.Columns
        if self._origin.source.frame_of_reference is not None:
            dataset.FrameOfReferenceUID = self._origin.source.frame_of_reference
        dataset.PositionReferenceIndicator = ""
        dataset.SamplesPerPixel = 1
        return dataset

    def place(self) -> None:
        """Give each picture its place and the direction of the first one (that all have)."""
        first = self._origin.source.frames[0]
        assert first.orientation is not None and first.spacing_mm is not None
        thickness = first.thickness_mm or self._distance()
        for dataset, frame in zip(self.datasets, self._origin.source.frames, strict=True):
            assert frame.position is not None
            dataset.ImageOrientationPatient = [ds(value) for value in first.orientation]
            dataset.ImagePositionPatient = [ds(value) for value in frame.position]
            dataset.PixelSpacing = [ds(value) for value in first.spacing_mm]
            dataset.SliceThickness = ds(thickness)

    def _distance(self) -> float:
        """The distance of slices, for a file that states no thickness; 1 for a lone slice."""
        frames = self._origin.source.frames
        if len(frames) < 2:
            return 1.0
        first, second = frames[0].position, frames[1].position
        assert first is not None and second is not None
        return float(((second - first) ** 2).sum() ** 0.5)

    def make_real(self, dataset: Dataset) -> None:
        """Turn each reference to a stand-in into the real instance, and its frame."""
        for holder in _every_item(dataset):
            uid = str(holder.get("ReferencedSOPInstanceUID", ""))
            if uid in self._real:
                refer(holder, self._real[uid])


def instances(origin: Origin) -> list[Dataset]:
    """Each instance of the source once, as far as another object has to know it."""
    headers = {frame.header.SOPInstanceUID: frame.header for frame in origin.source.frames}
    return [_instance(origin, header) for header in headers.values()]


def _instance(origin: Origin, header: Dataset) -> Dataset:
    dataset = origin.study()
    dataset.Modality = origin.source.modality
    for keyword in ("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID"):
        dataset[keyword] = header[keyword]
    return dataset


def made(origin: Origin, reference: Reference) -> Dataset:
    """An object of ours, as far as another one has to know it."""
    dataset = origin.study()
    dataset.SOPClassUID = reference.sop_class_uid
    dataset.SOPInstanceUID = reference.sop_instance_uid
    dataset.SeriesInstanceUID = reference.series_uid
    return dataset


def ds(value: float) -> str:
    """A number as DICOM's decimal string: at most 16 characters, as exact as these allow."""
    return next(text for digits in range(16, 0, -1) if len(text := f"{value:.{digits}g}") <= 16)


def refer(holder: Dataset, frame: SourceFrame) -> None:
    """Let an item refer to a picture of the source."""
    holder.ReferencedSOPClassUID = frame.header.SOPClassUID
    holder.ReferencedSOPInstanceUID = frame.header.SOPInstanceUID
    if frame.number is not None:
        holder.ReferencedFrameNumber = frame.number


def source_images(frames: Sequence[SourceFrame]) -> DicomSequence:
    """References to pictures: each instance once, with the frames of it where it has many."""
    by_uid: dict[str, tuple[Dataset, list[int]]] = {}
    for frame in frames:
        item, numbers = by_uid.setdefault(frame.header.SOPInstanceUID, (Dataset(), []))
        item.ReferencedSOPClassUID = frame.header.SOPClassUID
        item.ReferencedSOPInstanceUID = frame.header.SOPInstanceUID
        if frame.number is not None:
            numbers.append(frame.number)
            item.ReferencedFrameNumber = sorted(numbers)
    return DicomSequence([item for item, _ in by_uid.values()])


def referenced_series(frames: Sequence[SourceFrame]) -> DicomSequence:
    """ReferencedSeriesSequence: each instance once, by series."""
    by_series: dict[str, dict[str, Dataset]] = {}
    for frame in frames:
        item = Dataset()
        item.ReferencedSOPClassUID = frame.header.SOPClassUID
        item.ReferencedSOPInstanceUID = frame.header.SOPInstanceUID
        by_series.setdefault(frame.header.SeriesInstanceUID, {})[frame.header.SOPInstanceUID] = item
    return DicomSequence([_series(uid, list(items.values())) for uid, items in by_series.items()])


def _series(uid: str, instances: list[Dataset]) -> Dataset:
    item = Dataset()
    item.SeriesInstanceUID = uid
    item.ReferencedInstanceSequence = DicomSequence(instances)
    return item


def _every_item(dataset: Dataset) -> Iterator[Dataset]:
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value:
                yield item
                yield from _every_item(item)
