"""Rows of the ledger's table as columns of numbers and codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data import house_clock
from data.ledger import bands
from data.ledger.bands import NONE, UNKNOWN
from data.ledger.sample import SHARE, sampled

FloatArray = NDArray[np.float64]
AnyArray = NDArray[Any]
Columns = dict[str, AnyArray]
RawColumns = Mapping[str, Sequence[Any]]

_CODED = {  # dimension -> (column, what an empty one is called)
    "task": ("task", UNKNOWN),
    "status": ("status", UNKNOWN),
    "modality": ("modality", UNKNOWN),
    "sequence": ("sequence", UNKNOWN),
    "scanner": ("scanner", UNKNOWN),
    "site": ("site", UNKNOWN),
    "sex": ("sex", UNKNOWN),
    "review": ("verdict", NONE),
    "assigned": ("assigned_to", NONE),
    "department": ("department_id", NONE),
}
NUMBERS = (
    "created_us", "acquired_us", "read_us", "reviewed_us", "age_years", "positive", "uncertain",
    "probability", "has_mask", "volume_ml", "longest_diameter_mm", "estimated_dice", "head_row",
    "head_column", "truth_positive", "dice", "warned",
)  # fmt: skip
COLUMNS = (
    "line", "scan_id", "changed", "gone", "patient_id", "version", "synthetic", "prior", "urgency",
    *(column for column, _ in _CODED.values()), *NUMBERS,
)  # fmt: skip
"""The columns of the table that are read."""

_FIXED_NAMES = {
    "age": bands.AGES,
    "size": bands.SIZES,
    "chance": bands.CHANCES,
    "result": bands.RESULTS,
    "outcome": bands.OUTCOMES,
    "truth": bands.TRUTHS,
    "place": bands.PLACES,
    "synthetic": ("no", "yes"),
    "prior": ("no", "yes"),
    "sample": ("no", "yes"),
    "urgency": bands.URGENCIES,
    "doubt": bands.DOUBTS,
}
NAMED_BY_SCANS = (*_CODED, "version")
"""Dimensions whose classes are whatever scans have."""
DIMENSIONS = (*_CODED, "version", *_FIXED_NAMES)
"""What scans can be filtered and grouped by."""

NOTHING: RawColumns = dict.fromkeys(COLUMNS, ())


def turned(rows: Sequence[Sequence[Any]]) -> RawColumns:
    """Rows of COLUMNS as columns by name."""
    return dict(zip(COLUMNS, zip(*rows, strict=True), strict=True)) if rows else NOTHING


class Coder:
    """Gives every name that it meets a code, and remembers it."""

    def __init__(self, share: float = SHARE) -> None:
        """`share` is the random sample's, 0 to 1."""
        self._share = share
        self._known: dict[str, dict[str, int]] = {dimension: {} for dimension in (*_CODED, "version")}

    def names(self) -> dict[str, tuple[str, ...]]:
        """Of each of DIMENSIONS the names in the order of their codes."""
        return {name: tuple(known) for name, known in self._known.items()} | _FIXED_NAMES

    def columns(self, column: RawColumns, people: Mapping[str, int]) -> Columns:
        """COLUMNS as arrays by name: `scan_ids`, `keys`, `patients`, `days`, NUMBERS, DIMENSIONS.

        Numbers are NaN where unknown; `patients` are codes of `people`.
        """
        number = {name: np.array(column[name], dtype=np.float64) for name in NUMBERS}
        versions = [
            NONE if version is None else f"{task} {version}"
            for task, version in zip(column["task"], column["version"], strict=True)
        ]
        scan_ids = np.array(column["scan_id"], dtype="S32")
        return {
            "scan_ids": scan_ids,
            "keys": np.array(column["line"], dtype=np.int64),
            "patients": np.array([people[patient] for patient in column["patient_id"]], dtype=np.int32),
            "days": house_clock.days(number["created_us"]),
            **number,
            **{name: self._coded(name, column[source], empty) for name, (source, empty) in _CODED.items()},
            "version": self._coded("version", versions, NONE),
            "synthetic": np.array(column["synthetic"], dtype=np.uint8),
            "prior": np.array(column["prior"], dtype=np.uint8),
            "sample": sampled(scan_ids, self._share).astype(np.uint8),
            **_banded(number),
            "urgency": bands.urgencies(
                column["urgency"],
                np.where(np.array(column["prior"], dtype=np.bool_), np.nan, number["positive"]),
                number["uncertain"] == 1,
                number["reviewed_us"],
            ),
        }

    def _coded(self, dimension: str, values: Sequence[str | None], empty: str) -> AnyArray:
        known = self._known[dimension]
        codes = {fromkey: known.setdefault(fromkey or empty, len(known)) for fromkey in dict.fromkeys(values)}
        return np.fromiter(map(codes.__getitem__, values), dtype=np.uint16, count=len(values))


def _banded(number: Mapping[str, FloatArray]) -> Columns:
    return {
        "age": bands.ages(number["age_years"]),
        "size": bands.sizes(number["volume_ml"], number["positive"], number["has_mask"] == 1),
        "chance": bands.chances(number["probability"]),
        "result": bands.results(number["positive"]),
        "outcome": bands.outcomes(number["positive"], number["uncertain"] == 1),
        "truth": bands.truths(number["positive"], number["truth_positive"]),
        "place": bands.places(number["head_row"], number["head_column"]),
        "doubt": bands.doubts(number["uncertain"] == 1, number["estimated_dice"], number["warned"] == 1),
    }
