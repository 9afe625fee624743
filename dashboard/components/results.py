"""How results read in words: short lines for the worklist, sentences for a scan's page."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from data.records import (
    DOUBTFUL_DICE,
    Lesion,
    Result,
    Review,
    ScanStatus,
    Verdict,
    WorklistRow,
)
from services.task_words import words_of

if TYPE_CHECKING:
    from services.reviewing.worklist import ScanView

STATUS_NAMES = {
    ScanStatus.WAITING: "Waiting",
    ScanStatus.READING: "Reading",
    ScanStatus.READ: "Read",
    ScanStatus.FAILED: "Failed",
}
VERDICT_NAMES = {
    Verdict.ACCEPTED: "Accepted",
    Verdict.REJECTED: "Rejected",
    Verdict.CORRECTED: "Corrected",
    Verdict.LABELLED: "Labelled",
}


def task_name(task: str) -> str:
    """Name a task for a person."""
    return words_of(task).label


def finding(task: str) -> str:
    """Name what a task looks for, in lower case."""
    return words_of(task).finding


def short_result(row: WorklistRow) -> str:
    """Put a worklist row's result in a few words, such as "Tumour 23.4 mL, 41 mm"."""
    if row.positive is None:
        return ""
    name = finding(row.task)
    if not row.has_mask:
        score = "" if row.probability is None else f" {row.probability:.2f}"
        return f"{name.capitalize() if row.positive else 'No ' + name}{score}"
    if not row.positive:
        return f"No {name} found"
    doubt = row.verdict is None and row.estimated_dice is not None and row.estimated_dice < DOUBTFUL_DICE
    sizes = [millilitres(row.volume_ml), millimetres(row.longest_diameter_mm), "check" if doubt else ""]
    known = ", ".join(size for size in sizes if size)
    return f"{name.capitalize()} {known}" if known else f"{name.capitalize()} found"


def headline(result: Result) -> str:
    """Say in large what a result is."""
    name = finding(result.task)
    if not result.has_mask:
        return f"{name.capitalize()} {'likely' if result.positive else 'unlikely'}"
    return f"{name.capitalize()} found" if result.positive else f"No {name} found"


def position(lesion: Lesion, *, placed: bool) -> str:
    """Say where a lesion's centre lies: patient axes in mm, or the pixel where they are unknown."""
    if lesion.position_mm is None or not placed:
        _, row, column = lesion.centroid
        return f"row {row:.0f}, column {column:.0f}"
    letters = (("R", "L"), ("A", "P"), ("S", "I"))
    # RAS: the positive direction is right, anterior, superior.
    parts = [
        f"{positive if value >= 0 else negative} {abs(value):.0f}"
        for value, (positive, negative) in zip(lesion.position_mm, letters, strict=True)
    ]
    return ", ".join(parts) + " mm"


def truth_words(review: Review, task: str) -> str:
    """Say what a reviewer holds to be true."""
    if review.truth_positive is None:
        return ""
    return f"{finding(task)} {'present' if review.truth_positive else 'absent'}"


def millilitres(volume: float | None) -> str:
    """Format a volume; small ones keep more digits."""
    if volume is None:
        return ""
    return f"{volume:.1f} mL" if volume >= 1 else f"{volume:.2f} mL"


def millimetres(length: float | None) -> str:
    """Format a length in whole millimetres, or with one digit below 10."""
    if length is None:
        return ""
    return f"{length:.0f} mm" if length >= 10 else f"{length:.1f} mm"


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
    patient = ":".join((view.patient.id, *view.patient.in_conflict_with))
    return f"{view.scan.status.value}:{result}:{review}:{patient}"
