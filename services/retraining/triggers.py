"""When a retraining is due: so many truths are new, or what comes has drifted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from data.records import DriftRun, JudgedScan, RetrainingCause, Severity
from services.retraining.selection import Selection

LEAST_OF_EACH = 10
"""Scans with the finding, and without, below which nothing is trained: each of five folds needs both."""


@dataclass(frozen=True)
class RetrainingRule:
    """A schedule's ask: from how many new truths on a retraining is due, and whether it starts by itself."""

    task: str
    new_truths: int
    unattended: bool = False


@dataclass(frozen=True)
class Trigger:
    """Why a retraining is due."""

    cause: RetrainingCause
    why: str
    drift_run_id: str | None = None


def too_few(selection: Selection) -> str | None:
    """Why nothing can be learnt from a selection yet; None where it can."""
    if min(selection.positive, selection.negative) >= LEAST_OF_EACH:
        return None
    needs = f"{LEAST_OF_EACH} reviewed scans with the finding and {LEAST_OF_EACH} without"
    has = f"there are {selection.positive} and {selection.negative}"
    return f"A retraining needs {needs}, beside those that are kept for testing; {has}."


def new_truths(judged: Sequence[JudgedScan], since: datetime | None) -> int:
    """How many truths were said since a moment; all where there is none."""
    return len(judged) if since is None else sum(scan.judged_at > since for scan in judged)


def calls_for_retraining(run: DriftRun) -> bool:
    """Whether a finished drift run says that so much has drifted that a retraining is worth a look."""
    return run.severity is not None and run.severity.rank >= Severity.WARNING.rank


def due(
    rule: RetrainingRule, judged: Sequence[JudgedScan], since: datetime | None, drift: DriftRun | None
) -> Trigger | None:
    """Why a retraining is due by a rule, or None.

    `since`: when the task's last one was proposed. `drift`: the task's latest finished drift run.
    """
    new = new_truths(judged, since)
    if new >= rule.new_truths:
        return Trigger(RetrainingCause.TRUTHS, f"{new:,} scans with a known truth are new.")
    if drift is None or not calls_for_retraining(drift):
        return None
    if since is not None and (drift.finished_at is None or drift.finished_at <= since):
        return None
    why = f"{drift.drifted} of {drift.watched} watched features have drifted ({drift.severity})."
    return Trigger(RetrainingCause.DRIFT, why, drift.id)
