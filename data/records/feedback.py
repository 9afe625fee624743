"""What people say is wrong with a result, and what they are answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class FeedbackCategory(StrEnum):
    """What is wrong, the gravest first."""

    WRONG_PATIENT = "wrong-patient"
    WRONG_SIDE = "wrong-side"
    WRONG_FINDING = "wrong-finding"
    WRONG_OUTLINE = "wrong-outline"
    WRONG_SIZE = "wrong-size"
    DISPLAY_FAULT = "display-fault"
    OTHER = "other"

    @property
    def words(self) -> str:
        """As people choose and read it."""
        return _WORDS[self]

    @property
    def critical(self) -> bool:
        """Whether another patient, or another side of one, may be treated for it."""
        return self in CRITICAL


CRITICAL = (FeedbackCategory.WRONG_PATIENT, FeedbackCategory.WRONG_SIDE)
_WORDS = {
    FeedbackCategory.WRONG_PATIENT: "Wrong picture or patient",
    FeedbackCategory.WRONG_SIDE: "Wrong place or side",
    FeedbackCategory.WRONG_FINDING: "Wrong finding",
    FeedbackCategory.WRONG_OUTLINE: "Wrong outline",
    FeedbackCategory.WRONG_SIZE: "Wrong size",
    FeedbackCategory.DISPLAY_FAULT: "Display fault",
    FeedbackCategory.OTHER: "Something else",
}


class FeedbackState(StrEnum):
    """How far a message is."""

    OPEN = "open"
    ANSWERED = "answered"
    CLOSED = "closed"


@dataclass(frozen=True)
class FeedbackAnswer:
    """What somebody answered."""

    words: str
    by: str
    by_name: str
    at: datetime


@dataclass(frozen=True)
class Feedback:
    """A message that something is wrong with a result."""

    id: str
    scan_id: str
    result_id: str
    task: str
    model_version: str
    category: FeedbackCategory
    words: str
    sender_id: str
    sender_name: str
    sender_role: str  # as people call it, when it was sent
    created_at: datetime
    state: FeedbackState = FeedbackState.OPEN
    answers: tuple[FeedbackAnswer, ...] = ()  # the oldest first
    closed_at: datetime | None = None
    unseen: bool = False  # whether the sender has not seen the last answer yet
