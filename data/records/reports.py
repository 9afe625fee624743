"""Reports that are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ReportKind(StrEnum):
    """What a report is about."""

    DRIFT = "drift"
    PERFORMANCE = "performance"
    COHORT = "cohort"
    GOVERNANCE = "governance"


class ReportState(StrEnum):
    """Where a report is on its way."""

    WAITING = "waiting"
    MADE = "made"
    FAILED = "failed"


@dataclass(frozen=True)
class Report:
    """A report: what was asked for, and the files that came of it."""

    id: str
    kind: ReportKind
    title: str
    ask: Mapping[str, str]
    state: ReportState
    made_by: str
    made_name: str
    created_at: datetime
    made_at: datetime | None = None
    failure: str | None = None  # one sentence
    files: Mapping[str, str] | None = None  # kind of file (pdf, json, html) -> its sha256
    signed: bool = False
