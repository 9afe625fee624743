"""The nouns of Lightbox: frozen records that every layer speaks in.

Indices are always (slice, row, column) of the scan as displayed. Lengths are millimetres,
volumes millilitres, times aware UTC. `None` means "unknown" and is shown as such, never guessed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

VERSION = "0.1.0"

BRAIN_TUMOUR = "brain-tumour"
PNEUMONIA = "pneumonia"

NOTICE = "Not for diagnostic use. Lightbox assists; a clinician reads the full images and decides."


DOUBTFUL_DICE = 0.7
"""A mask that is expected to overlap with the truth by less than this is to be checked first."""


class Role(StrEnum):
    """What a person may do."""

    CLINICIAN = "clinician"
    HEAD = "head"
    MLOPS = "mlops"
    ADMIN = "admin"


class ScanStatus(StrEnum):
    """Where a scan is on its way."""

    WAITING = "waiting"
    READING = "reading"
    READ = "read"
    FAILED = "failed"


class Verdict(StrEnum):
    """What a reviewer said of a result."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    CORRECTED = "corrected"
    LABELLED = "labelled"  # nobody looked: an imported label or mask says what is true


class UploadState(StrEnum):
    """Where an upload is on its way."""

    ARRIVING = "arriving"  # bytes are still coming in
    QUEUED = "queued"  # all bytes are here and kept
    OPENING = "opening"  # being decoded and checked
    DONE = "done"  # every scan in it is accepted or refused
    FAILED = "failed"  # our fault; will be retried by a person


class JobState(StrEnum):
    """Where a job is on its way."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


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
class Identity:
    """Who a patient is. Only clinicians may read it; everybody else sees a pseudonym."""

    name: str | None = None
    patient_id: str | None = None
    birth_date: date | None = None


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


@dataclass(frozen=True)
class DecodedScan:
    """One scan out of a file: pixels, geometry and header.

    `array` is (slices, height, width) in display order: for volumes with known orientation,
    axial slices have rows from anterior to posterior and columns from the patient's right to
    left (as radiologists look at them), with slices from inferior to superior. `affine` maps
    (slice, row, column) to RAS mm.
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


@dataclass(frozen=True)
class Refusal:
    """Something in an upload that is not read, with a reason in the user's words."""

    name: str
    code: str
    sentence: str
    modality: str | None = None  # as far as a header could be read
    scanner: str | None = None  # manufacturer and model
    site: str | None = None


@dataclass(frozen=True)
class KeptRefusal:
    """A refusal as it is kept."""

    id: str
    refusal: Refusal
    created_at: datetime


@dataclass(frozen=True)
class User:
    """A person with an account."""

    id: str
    name: str
    display_name: str
    role: Role
    active: bool = True
    must_change_password: bool = False
    session_epoch: int = 0  # sessions that carry an older number are signed out
    created_at: datetime | None = None
    last_seen_at: datetime | None = None


@dataclass(frozen=True)
class AccessToken:
    """A bearer token for scripts; the secret itself is shown once and not kept."""

    id: str
    user_id: str
    label: str
    created_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True)
class Patient:
    """A patient under a pseudonym; `identity` is None for viewers who may not see it."""

    id: str
    pseudonym: str
    identity: Identity | None = None


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
    failure: str | None = None  # one sentence, where status is FAILED
    synthetic: bool = False  # made by `demo`, of nobody


@dataclass(frozen=True)
class Box:
    """The smallest box around a lesion: first and last index of each axis, both inclusive."""

    slices: tuple[int, int]
    rows: tuple[int, int]
    columns: tuple[int, int]


@dataclass(frozen=True)
class Lesion:
    """One connected piece of a mask, largest first."""

    box: Box
    voxels: int
    volume_ml: float | None
    area_mm2: float | None  # on its largest slice
    longest_diameter_mm: float | None
    perpendicular_diameter_mm: float | None
    longest_diameter_px: float
    perpendicular_diameter_px: float
    largest_slice: int
    centroid: tuple[float, float, float]
    position_mm: tuple[float, float, float] | None  # RAS of the centroid
    longest_ends: tuple[tuple[float, float], tuple[float, float]]  # (row, column) on largest_slice
    perpendicular_ends: tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True)
class Measurements:
    """What a mask comes to, whole and lesion by lesion."""

    voxels: int
    volume_ml: float | None
    slices_touched: int
    touches_border: bool
    lesions: tuple[Lesion, ...] = ()

    @property
    def longest_diameter_mm(self) -> float | None:
        """The longest diameter of any lesion; None where there is none or no spacing."""
        known = [one.longest_diameter_mm for one in self.lesions if one.longest_diameter_mm is not None]
        return max(known, default=None)


@dataclass(frozen=True)
class Provenance:
    """What made a result, to the bit."""

    model_name: str
    model_version: str
    weights_sha256: str
    preprocessing: str
    input_sha256: str
    device: str
    dtype: str
    software: str
    timings_ms: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """What a model said of a scan."""

    id: str
    scan_id: str
    task: str
    positive: bool
    probability: float
    threshold: float
    provenance: Provenance
    created_at: datetime
    measurements: Measurements | None = None  # segmentation only
    estimated_dice: float | None = None  # what the model expects of its own mask, 0 to 1
    head_position: tuple[float, float] | None = None  # row, column of the largest lesion, 0 to 1
    has_mask: bool = False
    has_heatmap: bool = False

    @property
    def doubtful(self) -> bool:
        """Whether the model itself expects its mask to be a poor one."""
        return self.estimated_dice is not None and self.estimated_dice < DOUBTFUL_DICE


@dataclass(frozen=True)
class Review:
    """What a clinician said of a result. The AI's own mask stays as it was."""

    id: str
    scan_id: str
    result_id: str
    verdict: Verdict
    reason: str | None
    reviewer_id: str
    reviewer_name: str
    created_at: datetime
    measurements: Measurements | None = None  # of the corrected mask
    dice: float | None = None  # AI's mask against the corrected one
    truth_positive: bool | None = None  # what the reviewer holds to be true


@dataclass(frozen=True)
class Upload:
    """Bytes that somebody sent, and what became of them."""

    id: str
    user_id: str
    name: str
    size: int
    offset: int
    state: UploadState
    created_at: datetime
    sha256: str | None = None
    scan_ids: tuple[str, ...] = ()
    known_scan_ids: tuple[str, ...] = ()  # were in the house already
    refusals: tuple[Refusal, ...] = ()
    failure: str | None = None


@dataclass(frozen=True)
class Job:
    """A piece of long work, kept so that it survives a restart."""

    id: str
    kind: str
    subject: str
    state: JobState
    progress: float
    attempts: int
    created_at: datetime
    user_id: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    failure: str | None = None


@dataclass(frozen=True)
class ModelVersion:
    """A registered version of a task's model."""

    name: str
    version: str
    aliases: tuple[str, ...]
    created_at: datetime
    weights_sha256: str
    metrics: dict[str, float]
    run_id: str | None = None
    description: str = ""


@dataclass(frozen=True)
class WorklistQuery:
    """Which rows of the worklist are asked for. `sort` holds (column, descending) pairs."""

    start: int = 0
    count: int = 50
    search: str = ""
    filters: dict[str, tuple[str, ...]] = field(default_factory=dict)
    sort: tuple[tuple[str, bool], ...] = (("created_at", True),)


@dataclass(frozen=True)
class WorklistRow:
    """One line of the worklist. `patient` is a name for clinicians, a pseudonym for others."""

    scan_id: str
    patient: str
    patient_id: str | None
    modality: str | None
    sequence: str | None
    acquired_at: datetime | None
    created_at: datetime
    task: str
    status: ScanStatus
    positive: bool | None
    probability: float | None
    volume_ml: float | None
    longest_diameter_mm: float | None
    estimated_dice: float | None
    has_mask: bool
    verdict: Verdict | None
    synthetic: bool = False


@dataclass(frozen=True)
class WorklistPage:
    """Some rows, and how many there are in all."""

    rows: tuple[WorklistRow, ...]
    total: int


@dataclass(frozen=True)
class AuditEvent:
    """Who did what to what, and when."""

    at: datetime
    user_id: str | None
    action: str
    subject: str
    detail: str = ""


class ImportState(StrEnum):
    """Where a bulk import is on its way."""

    LISTING = "listing"  # the tree is being looked through
    RUNNING = "running"
    PAUSED = "paused"  # by a person, who will have it go on
    DONE = "done"
    FAILED = "failed"  # may be taken up again by a person


class ItemState(StrEnum):
    """Where one item of a bulk import is on its way."""

    WAITING = "waiting"
    DONE = "done"  # its scans are kept and read, were known, or were refused
    FAILED = "failed"  # our fault; tried again when the import is taken up again


@dataclass(frozen=True)
class Import:
    """A folder or archive that is read as a whole."""

    id: str
    folder: str  # on the server's machine
    labels: str | None  # the table of labels, if one was given
    state: ImportState
    user_id: str | None  # None: by the command line
    created_at: datetime
    finished_at: datetime | None = None
    failure: str | None = None  # one sentence, where state is FAILED


@dataclass(frozen=True)
class ImportFile:
    """A file of an item. Paths are relative to the folder, or to where the archive was laid out."""

    path: str
    name: str | None = None  # in the archive, where it differs from the path
    row: int | None = None  # of the table of labels
    mask: str | None = None  # may lie beside the table, then as an absolute path


@dataclass(frozen=True)
class ImportItem:
    """What becomes one scan as a rule: a file, a DICOM series, or pictures joined by the labels."""

    id: str
    import_id: str
    number: int
    name: str
    files: tuple[ImportFile, ...]
    stacked: bool = False  # the files are slices, in this order
    state: ItemState = ItemState.WAITING
    scan_ids: tuple[str, ...] = ()  # new ones and such as were known
    added: int = 0
    known: int = 0
    labelled: int = 0  # scans that got a review of their label
    refusals: tuple[Refusal, ...] = ()


@dataclass(frozen=True)
class ImportProgress:
    """How far a bulk import is, counted over its items."""

    items: int
    done: int
    failed: int
    added: int
    known: int
    labelled: int
    refused: int

    @property
    def fraction(self) -> float:
        """Of the items, how many are settled, 0 to 1."""
        return (self.done + self.failed) / self.items if self.items else 0.0


@dataclass(frozen=True)
class SavedView:
    """Filters of the cohort page under a name, for everybody who reads statistics."""

    id: str
    name: str
    query: str  # as in the page's address
    made_by: str
    created_at: datetime


@dataclass(frozen=True)
class ExportRow:
    """One number of the cohort statistics as it leaves: nothing rounded, `None` where there is none.

    `value` is a count, a share from 0 to 1, or what `quantity` says with its unit at the end
    (`median_ml`). `n` is how many cases stand behind it, `low` and `high` the 95 % interval.
    """

    section: str
    name: str  # the class that is counted
    quantity: str
    n: int | None
    value: float | None
    low: float | None = None
    high: float | None = None
    group: str = ""  # the site or scanner, where each has its own classes
    note: str = ""  # why a number is not told
