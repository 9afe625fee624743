"""What of a reading is watched for drift."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float16]


@dataclass(frozen=True)
class Features:
    """One row a result; every number is None where it is not known or cannot be had.

    The picture's numbers are of the foreground unless said otherwise; `WATCHED` says of each what it
    means and in which unit. `vector` is the network's own summary of the scan.
    """

    result_id: str
    scan_id: str
    task: str
    version: str
    created_at: datetime  # of the result
    synthetic: bool = False
    p01: float | None = None
    p10: float | None = None
    p25: float | None = None
    p50: float | None = None
    p75: float | None = None
    p90: float | None = None
    p99: float | None = None
    mean: float | None = None
    contrast: float | None = None
    entropy: float | None = None
    sharpness: float | None = None
    noise: float | None = None
    bias_field: float | None = None
    foreground: float | None = None
    row_mm: float | None = None
    slice_mm: float | None = None
    slices: float | None = None
    height: float | None = None
    width: float | None = None
    probability: float | None = None
    volume_ml: float | None = None
    lesions: float | None = None
    doubt: float | None = None
    estimated_dice: float | None = None
    outside_distance: float | None = None
    latency_ms: float | None = None
    age_years: float | None = None
    hour: float | None = None
    sex: str | None = None
    site: str | None = None
    scanner: str | None = None
    software: str | None = None
    vector: Vector | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Watched:
    """What a watched column is: a heading, its unit ("" for none) and one sentence."""

    title: str
    unit: str
    meaning: str


_RANGE = "of range"  # 0: the scan's 1st percentile; 1: `p99`


def _percentile(share: str) -> Watched:
    said = f"{share} % of the foreground is darker than this, between the scan's floor (0) and top (1)."
    return Watched(f"Intensity, {share}th percentile", _RANGE, said)


PICTURE: dict[str, Watched] = {
    "p01": Watched(
        "Intensity, 1st percentile",
        _RANGE,
        "1 % of the foreground is darker than this, between the scan's floor (0) and top (1).",
    ),
    "p10": _percentile("10"),
    "p25": _percentile("25"),
    "p50": Watched(
        "Intensity, median",
        _RANGE,
        "Half of the foreground is darker than this, between the scan's floor (0) and top (1).",
    ),
    "p75": _percentile("75"),
    "p90": _percentile("90"),
    "p99": Watched(
        "Top intensity",
        "as stored",
        "99 % of the foreground is darker than this, in the numbers that the file holds.",
    ),
    "mean": Watched(
        "Mean intensity", _RANGE, "The mean of the foreground, between the scan's floor (0) and top (1)."
    ),
    "contrast": Watched("Contrast", _RANGE, "The standard deviation of the foreground's intensities."),
    "entropy": Watched(
        "Entropy", "bits", "Shannon's entropy of the foreground's intensities in 64 classes, at most 6."
    ),
    "sharpness": Watched(
        "Sharpness", "", "The variance of the Laplacian over the variance of the intensities themselves."
    ),
    "noise": Watched("Noise", _RANGE, "The standard deviation of the noise, from second differences."),
    "bias_field": Watched(
        "Bias field", "", "How far a smooth shading varies over the foreground: its spread over its mean."
    ),
    "foreground": Watched("Foreground", "share", "The share of the scan that is not background, 0 to 1."),
}
GEOMETRY: dict[str, Watched] = {
    "row_mm": Watched("Distance of rows", "mm", "The distance between neighbouring rows of pixels."),
    "slice_mm": Watched("Distance of slices", "mm", "The distance between neighbouring slices."),
    "slices": Watched("Slices", "", "The number of slices."),
    "height": Watched("Rows", "pixels", "The number of rows of a slice."),
    "width": Watched("Columns", "pixels", "The number of columns of a slice."),
}
OUTPUTS: dict[str, Watched] = {
    "probability": Watched("Probability", "", "The probability that the model gave, 0 to 1."),
    "volume_ml": Watched("Volume", "mL", "The volume of the mask."),
    "lesions": Watched("Lesions", "", "The number of separate pieces of the mask."),
    "doubt": Watched(
        "Doubt", "bits", "The entropy of the answer: of the mean pixel, or of the yes or no; at most 1."
    ),
    "estimated_dice": Watched("Expected Dice", "", "The overlap that the model expects of its own mask."),
    "outside_distance": Watched(
        "Distance from training",
        "",
        "How far the picture lies from the training set in the network's own view; 1 is the limit.",
    ),
    "latency_ms": Watched("Reading time", "ms", "How long the reading took, waiting for a batch included."),
}
PERSON: dict[str, Watched] = {
    "age_years": Watched("Age", "years", "The patient's age at the acquisition."),
    "hour": Watched("Hour", "h", "The time of day of the acquisition, in hours, UTC."),
}
ORIGIN: dict[str, Watched] = {
    "sex": Watched("Sex", "", "The patient's sex as the file says: F, M or O."),
    "site": Watched("Site", "", "The institution that the file names."),
    "scanner": Watched("Scanner", "", "Manufacturer and model of the scanner."),
    "software": Watched("Scanner software", "", "The version of the scanner's software."),
}

WATCHED: dict[str, Watched] = PICTURE | GEOMETRY | OUTPUTS | PERSON | ORIGIN
NUMBERS: tuple[str, ...] = (*PICTURE, *GEOMETRY, *OUTPUTS, *PERSON)
"""The watched columns that hold numbers."""
CATEGORIES: tuple[str, ...] = tuple(ORIGIN)
"""The watched columns that hold names."""
