"""A scan with what was said of it, on its way from one Lightbox to another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from data.records.patients import Identity
from data.records.results import Result
from data.records.reviews import Review
from data.records.scans import ScanHeader


@dataclass(frozen=True)
class PackagedScan:
    """What the other house is told of a scan beside its bytes, which name nobody.

    `content_sha256` is of the bytes as they came, identifiers and all, so that both houses know the scan by
    it; `input_sha256` of the pixels, which tells that both have decoded the same.
    """

    content_sha256: str
    input_sha256: str
    task: str
    shape: tuple[int, int, int]  # (slices, height, width) as displayed
    label: str  # what the patient is called where the file does not say
    suffix: str  # of the kept bytes: ".zip", ".nii.gz"
    as_volume: bool  # its numbered pictures are the slices of one volume
    header: ScanHeader
    identity: Identity
    identifiers: Mapping[str, str]
    created_at: datetime


@dataclass(frozen=True)
class ScanPackage:
    """A scan with all of its results and reviews, the oldest first; ids are those of the edge."""

    scan: PackagedScan
    latest_result_id: str
    results: tuple[Result, ...]
    reviews: tuple[Review, ...]
    software: str  # the version of Lightbox that wrote it
    format: int = 1

    @property
    def latest(self) -> Result:
        """The result that counts where the package comes from. Raises KeyError where it is not in it."""
        return {result.id: result for result in self.results}[self.latest_result_id]


@dataclass(frozen=True)
class KnownOfScan:
    """What the central house has of a scan already, by the ids of the house that asks."""

    known: bool
    results: tuple[str, ...] = ()
    reviews: tuple[str, ...] = ()


@dataclass(frozen=True)
class TakenIn:
    """What a package came to at the central house."""

    new: bool  # the scan was not known
    results: int = 0  # that were not known
    reviews: int = 0
    note: str | None = None  # what its sender should know
