"""What is held to be true of a result."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from data.records.results import Measurements


class Verdict(StrEnum):
    """What a reviewer said of a result."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    CORRECTED = "corrected"
    LABELLED = "labelled"  # nobody looked: an imported label or mask says what is true


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
