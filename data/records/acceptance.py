"""Local acceptance: limits that are fixed beforehand, tests of a version on a scanner, signed records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class AcceptanceVerdict(StrEnum):
    """What a test comes to against its protocol. Only PASSED accepts; the last two are "cannot tell"."""

    PASSED = "passed"
    NOT_PASSED = "not-passed"
    CANNOT_TELL = "cannot-tell"  # a limit lies within its interval
    TOO_FEW = "too-few"  # cases


@dataclass(frozen=True)
class AcceptanceLimits:
    """What a version must reach on a scanner. Shares from 0 to 1; None: nothing is asked."""

    least_with: int  # cases with the finding
    least_without: int
    recall: float  # that the lower end of the 95 % interval must reach
    specificity: float
    dice: float | None = None
    least_masks: int = 0  # cases with a mask that a person drew
    most_refused: float | None = None  # that the upper end of the 95 % interval must keep


@dataclass(frozen=True)
class AcceptanceProtocol:
    """A revision of a task's protocol; it never changes, and the newest one says whether one is in force."""

    id: str
    task: str
    revision: int
    in_force: bool
    limits: AcceptanceLimits
    set_by: str
    set_name: str
    set_at: datetime
    why: str


@dataclass(frozen=True)
class AcceptanceTest:
    """A version reads the reviewed scans of a scanner, to be held against a protocol.

    Its record, where somebody has signed it, is `content` (JSON) with its `sha256`. `trained_on` are those of
    its scans, as it began, whose patients the version was trained on: they are not counted. None: its
    training does not say whom.
    """

    id: str
    task: str
    version: str
    scanner: str
    protocol_id: str
    evaluation_id: str
    asked_by: str
    asked_name: str
    asked_at: datetime
    trained_on: tuple[str, ...] | None = None
    verdict: AcceptanceVerdict | None = None
    content: str | None = None
    sha256: str | None = None
    signed_by: str | None = None
    signed_name: str | None = None
    signed_at: datetime | None = None
