"""Text that is burned into pictures: where it was found, and what a person decided on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class BurnedInDecision(StrEnum):
    """What a person says of pictures that are held."""

    NONE = ""
    RELEASED = "released"  # nothing in them says who the patient is
    BLACKED_OUT = "blacked-out"  # the boxes are black in every copy that leaves


@dataclass(frozen=True)
class PictureBox:
    """A rectangle on a slice as displayed, in pixels; `bottom` and `right` lie outside it."""

    slice: int
    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True)
class PixelScreening:
    """What a detector found in a scan's pictures. What was read there is never kept.

    `declared`: the file itself says that text is burned in, DICOM (0028,0301) YES.
    """

    id: str
    content_sha256: str  # of the scan
    detector: str
    slices: int  # how many were looked at
    declared: bool
    boxes: tuple[PictureBox, ...]
    screened_at: datetime
    decision: BurnedInDecision = BurnedInDecision.NONE
    decided_by: str = ""
    decided_name: str = ""
    decided_at: datetime | None = None
    why: str = ""

    @property
    def finds_text(self) -> bool:
        """Whether a person must look before the pictures leave."""
        return self.declared or bool(self.boxes)

    @property
    def is_held(self) -> bool:
        """Whether they may not leave as things stand."""
        return self.finds_text and self.decision is BurnedInDecision.NONE
