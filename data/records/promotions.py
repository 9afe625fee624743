"""Which version may go live: what the promotion gate said, who asked, who decided."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class PromotionVerdict(StrEnum):
    """What the promotion gate says. Only PASS is a pass."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    CANNOT_TELL = "cannot-tell"


@dataclass(frozen=True)
class NonInferiorityCheck:
    """One number that must not be worse: candidate less champion, on the same scans.

    `low` and `high` are the 95 % interval of the difference; the check passes when `low` is above
    `-margin`.
    """

    name: str  # recall, specificity, dice, or one outside the training sources
    difference: float | None
    low: float | None
    high: float | None
    n: int  # scans or pictures that it counts
    margin: float
    verdict: PromotionVerdict
    sentence: str


@dataclass(frozen=True)
class PromotionGateResult:
    """Whether a version may go live in the place of the champion, and why."""

    verdict: PromotionVerdict
    sentence: str
    rehearsal_id: str | None = None
    checks: tuple[NonInferiorityCheck, ...] = ()


class PromotionKind(StrEnum):
    """Forward, or back to the one before."""

    PROMOTION = "promotion"
    ROLLBACK = "rollback"


class PromotionState(StrEnum):
    """How far it came. ASKED waits for the second person."""

    ASKED = "asked"
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True)
class Promotion:
    """Somebody wanted another version to go live."""

    id: str
    task: str
    version: str
    from_version: str | None
    kind: PromotionKind
    state: PromotionState
    reason: str
    asked_by: str
    asked_name: str
    asked_at: datetime
    gate: PromotionGateResult | None = None
    overridden: bool = False  # it does, or would, go live without the promotion gate's pass
    decided_by: str | None = None
    decided_name: str | None = None
    decided_at: datetime | None = None
    decision: str | None = None  # the second person's reason, or why it failed
