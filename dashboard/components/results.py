"""How results read in words: short lines for the worklist, sentences for a scan's page."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from data.records import (
    DOUBTFUL_DICE,
    Outcome,
    Result,
    ScanStatus,
    WorklistRow,
)
from services.measurement_words import millilitres, millimetres
from services.reading_words import queue_words
from services.task_words import outcome_words, reasons, words_of

if TYPE_CHECKING:
    from services.reviewing.scan_views import ScanView

SUSPENDED = "Suspended"
STATUS_NAMES = {
    ScanStatus.WAITING: "Waiting",
    ScanStatus.READING: "Reading",
    ScanStatus.READ: "Read",
    ScanStatus.FAILED: "Failed",
    ScanStatus.CANCELLED: "Cancelled",
}


def task_name(task: str) -> str:
    """Name a task for a person."""
    return words_of(task).label


def finding(task: str) -> str:
    """Name what a task looks for, in lower case."""
    return words_of(task).finding


def short_result(row: WorklistRow) -> str:
    """Put a worklist row's result in a few words, such as "Tumour 23.4 mL, 41 mm in plane"."""
    outcome = row.outcome
    if row.suspended:
        return SUSPENDED
    if outcome is None:
        return ""
    words = outcome_words(row.task, outcome)
    if outcome is Outcome.UNCERTAIN:
        return words
    if not row.has_mask:
        return words if row.probability is None else f"{words} {row.probability:.2f}"
    if outcome is Outcome.NOT_FOUND:
        return words
    doubt = row.verdict is None and row.estimated_dice is not None and row.estimated_dice < DOUBTFUL_DICE
    longest = millimetres(row.longest_diameter_mm)
    sizes = [
        millilitres(row.volume_ml),
        f"{longest} in plane" if longest else "",
        "check" if doubt else "",
    ]
    known = ", ".join(size for size in sizes if size)
    return f"{finding(row.task).capitalize()} {known}" if known else words


def uncertain_sentence(result: Result) -> str:
    """Say why an uncertain result is one, and what its outline is worth where there is one."""
    outlined = result.measurements is not None and result.measurements.voxels > 0
    suggestion = " The outline below is a suggestion." if outlined else ""
    return f"{outcome_words(result.task, Outcome.UNCERTAIN)}: {reasons(result.doubts)}.{suggestion}"


def accepting_words(result: Result, *, withheld: bool = False) -> str:
    """Say what accepting comes to, where the page does not say it in large; "" where it does."""
    if withheld:  # without what the version said: that is no answer, and folded
        return "To accept is to say that the suspended version was right: look above at what it said first."
    if result.outcome is not Outcome.UNCERTAIN:
        return ""
    call = Outcome.FOUND if result.positive else Outcome.NOT_FOUND
    return f"To accept is to say: {outcome_words(result.task, call).lower()}."


def local_time(moment: datetime | None) -> str:
    """Format a time in the server's own time zone."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M") if moment else ""


def local_date(moment: datetime | None) -> str:
    """Format the day of a time, in this server's zone."""
    return moment.astimezone().strftime("%Y-%m-%d") if moment else ""


def version_of(view: ScanView) -> str:
    """A word that differs whenever what a scan's page shows has changed."""
    result = view.result.id if view.result else ""
    review = view.reviews[0].id if view.reviews else ""
    second = view.double.asked.id if view.double else ""
    unaided = ",".join(f"{reading.id}{'' if reading.is_open else '.'}" for reading in view.unaided)
    patient = ":".join((view.patient.id, *view.patient.in_conflict_with))
    queue = queue_words(view.queue) if view.queue else ""
    standing = view.standing.sentence if view.standing else ""
    return f"{view.scan.status.value}:{queue}:{result}:{review}:{second}:{unaided}:{patient}:{standing}"
