"""The DICOM series that a kept scan came from: which picture of which instance each of its slices is."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import UID

from data.errors import RefusedScan
from data.formats.archives.zip_and_gzip import zip_members
from data.formats.dicom.frames import Frame, Vector, frames_of
from data.formats.dicom.grouping import series_of
from data.formats.dicom.instances import read_instance
from data.formats.dicom.series import LocatedStack, decode_stack, grid_of, stacks_in
from data.formats.dicom.values import number, text_of
from data.formats.limits import Limits
from data.records import SourceGrid

_MOVED_MM = 1e-3
_AFFINE_MM = 1e-6
_IDENTIFIERS = ("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")
_STUDY = {  # and what their values must look like
    "StudyInstanceUID": r".+",
    "StudyDate": r"\d{8}",
    "StudyTime": r"\d\d(\d\d(\d\d(\.\d{1,6})?)?)?",
    "StudyDescription": r".{1,64}",
    "PatientSex": r"[FMO]",
    "PatientAge": r"\d{3}[DWMY]",
    "PatientSize": r"\d{1,3}(\.\d{1,6})?",
    "PatientWeight": r"\d{1,4}(\.\d{1,6})?",
}
_NO_UIDS = RefusedScan(
    "no_uids", "The files of this scan do not state which instances they are, so no object can refer to them."
)
_NOT_FOUND = RefusedScan("not_kept", "The DICOM series that this scan came from was not kept as it was read.")


@dataclass(frozen=True)
class SourceFrame:
    """A picture of a DICOM instance.

    `number` counts from 1, None where the instance holds one picture. `position` (LPS mm) and `orientation`
    (six cosines) are as the file states them; None where it does not, or where Lightbox knew better.
    """

    header: Dataset
    number: int | None
    position: Vector | None
    orientation: Vector | None
    spacing_mm: tuple[float, float] | None  # between rows, between columns
    thickness_mm: float | None


@dataclass(frozen=True)
class SourceSeries:
    """The pictures of a scan, in the order of the third axis of its source grid."""

    frames: tuple[SourceFrame, ...]

    @property
    def header(self) -> Dataset:
        """What the first instance says."""
        return self.frames[0].header

    @property
    def modality(self) -> str:
        """MR, CT, DX, ...; OT where the header does not say."""
        return text_of(self.header, "Modality") or "OT"

    @property
    def frame_of_reference(self) -> str | None:
        """FrameOfReferenceUID."""
        uid = text_of(self.header, "FrameOfReferenceUID")
        return uid if uid is not None and UID(uid).is_valid else None

    def study(self) -> dict[str, str]:
        """What the header says of the study, and of the patient beside the name, as far as it is valid."""
        said = {keyword: (text_of(self.header, keyword) or "").replace("\\", " ") for keyword in _STUDY}
        said["StudyTime"] = said["StudyTime"].replace(":", "")
        return {keyword: text for keyword, text in said.items() if re.fullmatch(_STUDY[keyword], text)}


def kept_series(archive: Path, grid: SourceGrid, displayed: NDArray[Any]) -> SourceSeries:
    """The series in the kept zip of a scan with this grid and these displayed voxels.

    It is found as it was when the scan came, by the same steps. Where the same files hold several stacks of
    one geometry, the voxels tell which. Raises RefusedScan: `not_kept` where none is that scan's, `no_uids`
    where its files do not state what other objects refer to.
    """
    limits = Limits()
    with tempfile.TemporaryDirectory(prefix="lightbox-") as folder:
        instances = [read_instance(member) for member in zip_members(archive, Path(folder), limits)]
        stacks = [
            located
            for series in series_of(instances, limits)
            for located in stacks_in(series, limits)
            if isinstance(located, LocatedStack) and _fits(located, grid)
        ]
        if len(stacks) > 1:
            # These bytes were decoded under guard before they were kept.
            stacks = [located for located in stacks if _shows(located, displayed, limits)]
        if not stacks:
            raise _NOT_FOUND
        frames = stacks[0].stack.frames
        if not all(_is_identified(frame.instance.header) for frame in frames):
            raise _NO_UIDS
        return SourceSeries(_source_frames(frames))


def _is_identified(header: Dataset) -> bool:
    return all(UID(text_of(header, keyword) or "").is_valid for keyword in _IDENTIFIERS)


def _fits(located: LocatedStack, grid: SourceGrid) -> bool:
    first = located.stack.frames[0]
    shape = (len(located.stack.frames), first.rows, first.columns)
    own = grid_of(located.stack, shape)
    if (own.shape, own.axes, own.flips) != (grid.shape, grid.axes, grid.flips):
        return False
    if own.affine is None or grid.affine is None:
        return own.affine is grid.affine
    return bool(np.abs(np.array(own.affine) - np.array(grid.affine)).max() < _AFFINE_MM)


def _shows(located: LocatedStack, displayed: NDArray[Any], limits: Limits) -> bool:
    try:
        return bool(np.array_equal(decode_stack(located, "", limits).array, displayed))
    except RefusedScan:
        return False


def _source_frames(frames: Sequence[Frame]) -> tuple[SourceFrame, ...]:
    instances = {id(frame.instance): frame.instance for frame in frames}
    stated = {key: frames_of(instance) for key, instance in instances.items()}
    return tuple(_source_frame(frame, stated[id(frame.instance)][frame.index]) for frame in frames)


def _source_frame(frame: Frame, stated: Frame) -> SourceFrame:
    header = frame.instance.header
    return SourceFrame(
        header=header,
        number=frame.index + 1 if (number(header, "NumberOfFrames") or 0) > 1 else None,
        position=stated.position if _is_where(stated.position, frame.position) else None,
        orientation=frame.orientation,
        spacing_mm=frame.spacing_mm,
        thickness_mm=frame.thickness_mm,
    )


def _is_where(stated: Vector | None, taken: Vector | None) -> bool:
    if stated is None or taken is None:
        return False
    return bool(np.abs(stated - taken).max() < _MOVED_MM)
