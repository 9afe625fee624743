"""A stored result that was read again from what it was made of, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class RerunOutcome(StrEnum):
    """What came of reading a result again."""

    WAITING = "waiting"
    IDENTICAL = "identical"  # the same mask, the same probability to the last digit
    WITHIN_LIMITS = "within-limits"  # not to the last digit, yet within the engine's limits
    DIFFERENT = "different"
    NOT_POSSIBLE = "not-possible"  # what it was made of is not all there
    FAILED = "failed"


class IngredientState(StrEnum):
    """Whether what a result was made of is what there is now."""

    SAME = "same"
    OTHER = "other"
    MISSING = "missing"
    UNKNOWN = "unknown"  # the result was made by a Lightbox that did not note it


@dataclass(frozen=True)
class Ingredient:
    """One thing that a result was made of: as its provenance has it, and as it is now."""

    name: str
    state: IngredientState
    kept: str = ""
    now: str = ""
    why: str = ""  # in a sentence, where it is missing or other


@dataclass(frozen=True)
class RerunNumbers:
    """A stored answer beside the one that was made now. Shares and shifts are None where no mask is drawn.

    `pixel_shift` is the mean difference of the pixels' probabilities (kept in steps of 1/255), `pixel_flips`
    the share of voxels that lie in one of the masks alone, `mask_dice` the overlap of both.
    """

    probability: tuple[float, float]  # stored, now
    positive: tuple[bool, bool]
    threshold: tuple[float, float]
    mask_sha256: tuple[str | None, str | None] = (None, None)
    volume_ml: tuple[float | None, float | None] = (None, None)
    mask_dice: float | None = None
    pixel_flips: float | None = None
    pixel_shift: float | None = None


@dataclass(frozen=True)
class RerunReport:
    """Everything that a rerun has to say."""

    ingredients: tuple[Ingredient, ...] = ()
    numbers: RerunNumbers | None = None  # None where nothing could be read
    read_by: str = ""  # what ran the network now
    sentence: str = ""


@dataclass(frozen=True)
class Rerun:
    """A result that somebody had read again."""

    id: str
    scan_id: str
    result_id: str
    outcome: RerunOutcome
    asked_by: str
    asked_name: str
    asked_at: datetime
    finished_at: datetime | None = None
    report: RerunReport = RerunReport()
