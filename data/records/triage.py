"""Who reads which scan, and how urgent it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Urgency(StrEnum):
    """How soon a scan should be reviewed."""

    CRITICAL = "critical"
    URGENT = "urgent"
    SUGGESTED = "suggested"  # said by nobody: something was found, and nobody has reviewed it
    ROUTINE = "routine"


URGENCIES_TO_SET = (Urgency.CRITICAL, Urgency.URGENT, Urgency.ROUTINE)
"""What a person may say of a scan."""


class DoubtKind(StrEnum):
    """The strongest of what speaks against relying on a scan's answer."""

    UNCERTAIN = "uncertain"  # the answer
    OUTLINE = "outline"  # the model expects a low Dice of its own mask
    WARNINGS = "warnings"  # of the scan: spacing, gaps, identity ...
    NONE = "none"


@dataclass(frozen=True)
class TriageEntry:
    """What people said of a scan; `urgency` is None where nobody did."""

    scan_id: str
    assigned_to: str | None
    urgency: Urgency | None
    changed_by: str
    changed_at: datetime
