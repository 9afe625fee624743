"""Scans: decoded, accepted or refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.records.acquisition import Acquisition, RecognisedSequence
from data.records.patients import Identity


class ScanStatus(StrEnum):
    """Where a scan is on its way."""

    WAITING = "waiting"
    READING = "reading"
    READ = "read"
    FAILED = "failed"
    CANCELLED = "cancelled"  # its reading, by somebody who may have it read again

    @property
    def in_queue(self) -> bool:
        """Whether its reading waits or is under way."""
        return self in (ScanStatus.WAITING, ScanStatus.READING)

    @property
    def ended_unread(self) -> bool:
        """Whether its reading came to nothing, so that somebody may ask for it once more."""
        return self in (ScanStatus.FAILED, ScanStatus.CANCELLED)


@dataclass(frozen=True)
class Spacing:
    """Distance between neighbouring voxel centres in mm; None where the file does not say."""

    slice_mm: float | None = None
    row_mm: float | None = None
    column_mm: float | None = None

    @property
    def in_plane(self) -> tuple[float, float] | None:
        """(row_mm, column_mm) where both are known."""
        if self.row_mm is None or self.column_mm is None:
            return None
        return self.row_mm, self.column_mm

    @property
    def voxel_ml(self) -> float | None:
        """Volume of one voxel in mL where all three spacings are known."""
        if self.slice_mm is None or self.in_plane is None:
            return None
        return self.slice_mm * self.in_plane[0] * self.in_plane[1] / 1000.0


@dataclass(frozen=True)
class SourceGrid:
    """How the displayed array came from the file's own array, without resampling.

    `displayed = flip(transpose(source, axes), flips)`: `axes[d]` is the source axis that became
    display axis d; `flips` are the display axes that were then reversed. `shape` is the source
    array's shape: (i, j, k) for NIfTI, (column, row, slice) for DICOM, (slice, row, column) for
    plain images. `affine` maps source indices to RAS mm, None where the file has no geometry.
    `placed` is False where a NIfTI file gives voxel sizes but does not say how the patient lies.
    """

    kind: str  # "nifti", "dicom" or "image"
    shape: tuple[int, int, int]
    axes: tuple[int, int, int] = (0, 1, 2)
    flips: tuple[int, ...] = ()
    affine: tuple[tuple[float, ...], ...] | None = None
    placed: bool = True


@dataclass(frozen=True)
class ScanHeader:
    """What a file says of itself, without the patient's identity."""

    modality: str | None = None  # DICOM's code: MR, CT, CR, DX, ...
    body_part: str | None = None
    sequence: str | None = None  # series description or the like
    manufacturer: str | None = None
    scanner: str | None = None  # model name
    site: str | None = None
    acquired_at: datetime | None = None
    sex: str | None = None  # "F", "M" or "O"
    age_years: float | None = None
    study_uid: str | None = None
    series_uid: str | None = None
    software: str | None = None  # of the scanner
    acquired_day_only: bool = False  # the file names no time: `acquired_at` is the beginning of the day


@dataclass(frozen=True)
class DecodedScan:
    """One scan out of a file: pixels, geometry and header.

    `array` is (slices, height, width) in display order: for volumes with known orientation,
    axial slices have rows from anterior to posterior and columns from the patient's right to
    left (as radiologists look at them), with slices from inferior to superior. `affine` maps
    (slice, row, column) to RAS mm; None where the file does not say how the patient lies.
    """

    name: str
    array: NDArray[Any]
    affine: NDArray[np.float64] | None
    spacing: Spacing
    grid: SourceGrid
    header: ScanHeader
    identity: Identity
    content_sha256: str
    members: tuple[str, ...] = ()  # the files in the upload that it was made of
    warnings: tuple[str, ...] = ()
    acquisition: Acquisition = Acquisition()  # how it was made; never kept
    window: tuple[float, float] | None = None  # (black, white) that the file asks to be shown through
    identifiers: Mapping[str, str] = field(default_factory=dict, repr=False)  # `StudyIdentifierStore`


@dataclass(frozen=True)
class Refusal:
    """Something in an upload that is not read, with a reason in the user's words."""

    name: str
    code: str
    sentence: str
    modality: str | None = None  # as far as a header could be read
    scanner: str | None = None  # manufacturer and model
    site: str | None = None


SYNTHETIC_REFUSALS = "synthetic-"
"""The ids of the demonstration's refusals begin with this; those of others are hexadecimal."""


@dataclass(frozen=True)
class KeptRefusal:
    """A refusal as it is kept."""

    id: str
    refusal: Refusal
    created_at: datetime

    @property
    def synthetic(self) -> bool:
        """Whether it is of the demonstration."""
        return self.id.startswith(SYNTHETIC_REFUSALS)


@dataclass(frozen=True)
class Withdrawal:
    """Who took a scan back, when and why."""

    scan_id: str
    reason: str
    withdrawn_by: str
    withdrawn_name: str  # as it was then
    withdrawn_at: datetime


@dataclass(frozen=True)
class Scan:
    """An accepted scan."""

    id: str
    patient_id: str
    content_sha256: str
    status: ScanStatus
    task: str
    header: ScanHeader
    spacing: Spacing
    grid: SourceGrid
    slices: int
    height: int
    width: int
    uploaded_by: str
    created_at: datetime
    warnings: tuple[str, ...] = ()
    failure: str | None = None  # one sentence, where status is FAILED or CANCELLED
    synthetic: bool = False  # made by `demo`, of nobody
    recognised: RecognisedSequence | None = None  # of a brain MRI; None where nobody asked
    department_id: str | None = None  # None: of none

    @property
    def shape(self) -> tuple[int, int, int]:
        """(slices, height, width) as displayed."""
        return self.slices, self.height, self.width
