"""What a model said of a scan."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from data.records.acquisition import RecognisedSequence

DOUBTFUL_DICE = 0.7
"""A mask that is expected to overlap with the truth by less than this is to be checked first."""


class Outcome(StrEnum):
    """The three answers: what was looked for is there, is not there, or nobody should rely on either."""

    FOUND = "found"
    NOT_FOUND = "not-found"
    UNCERTAIN = "uncertain"


class Doubt(StrEnum):
    """Why an answer is uncertain."""

    UNLIKE_TRAINING = "unlike-training"
    DOUBTFUL_MASK = "doubtful-mask"
    ABNORMAL_NOT_TUMOUR = "abnormal-not-tumour"
    NEAR_THRESHOLD = "near-threshold"
    SEQUENCE_NOT_RECOGNISED = "sequence-not-recognised"

    @property
    def words(self) -> str:
        """The reason as people read it, without a full stop."""
        return _DOUBT_WORDS[self]


_DOUBT_WORDS = {
    Doubt.UNLIKE_TRAINING: "unlike what the model was trained on",
    Doubt.DOUBTFUL_MASK: "the outline is doubtful",
    Doubt.ABNORMAL_NOT_TUMOUR: "abnormal signal, not like the tumours that were learnt",
    Doubt.NEAR_THRESHOLD: "too close to call",
    Doubt.SEQUENCE_NOT_RECOGNISED: "sequence not recognised",
}


def outcome_of(positive: bool, uncertain: bool) -> Outcome:
    """The answer of the three that a model's call comes to, once it is known whether it is doubted."""
    if uncertain:
        return Outcome.UNCERTAIN
    return Outcome.FOUND if positive else Outcome.NOT_FOUND


@dataclass(frozen=True)
class Box:
    """The smallest box around a lesion: first and last index of each axis, both inclusive."""

    slices: tuple[int, int]
    rows: tuple[int, int]
    columns: tuple[int, int]


@dataclass(frozen=True)
class Lesion:
    """One connected piece of a mask, largest first.

    `longest_diameter_mm` and `perpendicular_diameter_mm` are the two diameters in the plane of the slice
    where the lesion is largest, `maximum_3d_diameter_mm` is the longest in any direction. What came later is
    None in results of versions that did not measure it.
    """

    box: Box
    voxels: int
    volume_ml: float | None
    area_mm2: float | None  # on its largest slice
    longest_diameter_mm: float | None  # in the plane of that slice
    perpendicular_diameter_mm: float | None
    longest_diameter_px: float
    perpendicular_diameter_px: float
    largest_slice: int
    centroid: tuple[float, float, float]
    position_mm: tuple[float, float, float] | None  # RAS of the centroid
    longest_ends: tuple[tuple[float, float], tuple[float, float]]  # (row, column) on largest_slice
    perpendicular_ends: tuple[tuple[float, float], tuple[float, float]]
    maximum_3d_diameter_mm: float | None = None  # None where a spacing is unknown
    maximum_3d_ends: tuple[tuple[float, float, float], tuple[float, float, float]] | None = None
    """(slice, row, column), the first voxel's centre being 0."""
    craniocaudal_mm: float | None = None  # from head to foot; None where the patient's axes are unknown


@dataclass(frozen=True)
class Measurements:
    """What a mask comes to, whole and lesion by lesion."""

    voxels: int
    volume_ml: float | None
    slices_touched: int
    touches_border: bool
    lesions: tuple[Lesion, ...] = ()
    satellites: tuple[int, ...] = ()
    """Slices on which a model left small pieces beside a much larger one out of its mask."""

    @property
    def longest_diameter_mm(self) -> float | None:
        """The longest diameter in plane of any lesion; None where there is none or no spacing."""
        known = [
            lesion.longest_diameter_mm for lesion in self.lesions if lesion.longest_diameter_mm is not None
        ]
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
    backend: str = "torch"  # what ran the network; it was nothing else before there were others
    network_sha256: str | None = None  # of the converted network, where one was run
    recognised: RecognisedSequence | None = None  # which sequence the scan was taken for, and by what
    mask_sha256: str | None = None  # of the mask that was drawn; the following too are None of older results
    decision_sha256: str | None = None  # of what was fixed on validation data, thresholds and all
    preprocessing_sha256: str | None = None  # of the sources that prepare a scan
    code_sha256: str | None = None  # of the sources that make an answer
    processor: str | None = None  # that computed it
    read_at: str | None = None  # the edge that read it, by its account's name; None: this house
    edge_version: str | None = None  # what the version is called at that edge


@dataclass(frozen=True)
class Result:
    """What a model said of a scan.

    `positive` is the model's call at its threshold whatever it doubts: that is what statistics count.
    `outcome` is what people are shown.
    """

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
    doubts: tuple[Doubt, ...] = ()  # why the answer is uncertain, in the order of `Doubt`
    outside_distance: float | None = None
    """How far the picture lies from the training set in the network's own view; 1 is the limit."""

    @property
    def outcome(self) -> Outcome:
        """Found, not found, or uncertain where anything is doubted."""
        return outcome_of(self.positive, bool(self.doubts))

    @property
    def doubtful(self) -> bool:
        """Whether the model itself expects its mask to be a poor one."""
        return self.estimated_dice is not None and self.estimated_dice < DOUBTFUL_DICE
