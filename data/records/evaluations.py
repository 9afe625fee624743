"""What a version said of a set of scans that it was had to read, apart from all clinical results."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ScanSetKind(StrEnum):
    """Where a set of scans comes from."""

    COHORT = "cohort"  # what fits filters of the cohort page
    PACK = "pack"  # the scans of a retraining pack
    OUTSIDE = "outside"  # a labelled folder of the server, of nobody here


@dataclass(frozen=True)
class ScanSet:
    """A set of scans that a version can read. Real scans or synthetic ones, never both.

    `key` names it among its kind: the query of a cohort, the id of a pack, the name of a folder.
    """

    kind: ScanSetKind
    key: str
    words: str
    synthetic: bool = False


class EvaluationState(StrEnum):
    """How far an evaluation is."""

    QUEUED = "queued"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Evaluation:
    """One version had to read one set."""

    id: str
    task: str
    version: str
    weights_sha256: str
    chosen: ScanSet
    state: EvaluationState
    asked_by: str
    asked_name: str
    asked_at: datetime
    total: int  # scans of the set
    read: int = 0  # of these, how many have an answer or a reason for none
    finished_at: datetime | None = None
    failure: str | None = None


@dataclass(frozen=True)
class EvaluationReading:
    """What the version said of one scan of the set; until `read_at`, only that it is to be read.

    A scan of the house has a `scan_id`, and its truth is what the house holds to be true when it is looked
    at; one of an outside set has a `name` and the truth of its index. `dice` is of the mask that was drawn
    and one that a person drew, as it was known at `read_at`.
    """

    number: int
    name: str
    scan_id: str | None = None
    truth_positive: bool | None = None
    read_at: datetime | None = None
    positive: bool | None = None
    probability: float | None = None
    threshold: float | None = None
    volume_ml: float | None = None
    dice: float | None = None
    network_ms: float | None = None
    mask_sha256: str | None = None
    failure: str | None = None  # why there is no answer


@dataclass(frozen=True)
class OtherReading:
    """A version's answer about a scan of the house that is no result: of an evaluation or a rehearsal."""

    scan_id: str
    source: str  # where it stands, as an address
    kind: str  # "evaluation" or "rehearsal"
    read_at: datetime
    positive: bool
    probability: float
    threshold: float | None
    volume_ml: float | None
    dice: float | None
    network_ms: float | None
