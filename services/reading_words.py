"""How a reading and what people said of it are put in words: pages, reports and texts say the same."""

from __future__ import annotations

from dataclasses import replace
from math import ceil

from data.records import (
    Doubt,
    EscapeReason,
    LesionCall,
    QueuePlace,
    RecognisedBy,
    RecognisedSequence,
    RejectReason,
    Result,
    Review,
    Spacing,
    UnaidedFinding,
    UnaidedReading,
    Verdict,
    marked,
)
from services.task_words import words_of

_INFANT_MONTHS = 24
_AGE_SLACK = 0.002  # of a year: an age of days divided by 365.25 falls short of it on the birthday
OF_NOBODY = marked("computed for a demonstration, of nobody.", synthetic=True)
UNSURE_OUTLINE = "The model is unsure of this outline: check it before using its sizes."
VERDICT_NAMES = {
    Verdict.ACCEPTED: "Accepted",
    Verdict.REJECTED: "Rejected",
    Verdict.CORRECTED: "Corrected",
    Verdict.UNSURE: "Unsure",
    Verdict.LABELLED: "Labelled",
    Verdict.TAKING_BACK: "Taken back",
}


REJECT_REASONS = {
    RejectReason.NORMAL_ANATOMY: "Normal anatomy",
    RejectReason.OTHER_DISEASE: "Another disease",
    RejectReason.ARTEFACT: "Artefact (motion, metal, noise)",
    RejectReason.MISSED: "Finding missed",
    RejectReason.OUTLINE: "Outline wrong",
    RejectReason.QUALITY: "Image quality insufficient",
    RejectReason.WRONG_EXAMINATION: "Wrong sequence, view or body part",
    RejectReason.OTHER: "Other, in words",
}
LESION_CALLS = {
    LesionCall.RIGHT: "right",
    LesionCall.WRONG: "wrong",
    LesionCall.OUTLINE_WRONG: "contour wrong",
}


ESCAPE_REASONS = {
    EscapeReason.URGENT: "The case is urgent",
    EscapeReason.KNOWN: "I know the AI's result already",
    EscapeReason.UNREADABLE: "The pictures cannot be read without help",
    EscapeReason.MISTAKE: "It was asked for by mistake",
}
"""Why the AI's result is shown before a reading without it, the most important first."""


def reason_words(review: Review) -> str:
    """Say why a result was rejected: the chosen reason, and what was written beside it."""
    chosen = review.reason_code
    named = "" if chosen in (None, RejectReason.OTHER) else REJECT_REASONS[chosen]
    return ": ".join(part for part in (named, review.reason or "") if part)


def listed_reason(review: Review) -> str:
    """Say why a result was rejected, by the list: what somebody wrote beside it may name the patient."""
    return reason_words(replace(review, reason=None)) or "Rejected by a reviewer"


def lesion_words(review: Review) -> str:
    """Say what was said of single lesions, such as "lesion 1 right, lesion 2 wrong"."""
    return ", ".join(f"lesion {said.lesion} {LESION_CALLS[said.call]}" for said in review.lesions)


def truth_words(review: Review, task: str) -> str:
    """Say what a reviewer holds to be true."""
    if review.truth_positive is None:
        return ""
    return f"{words_of(task).finding} {'present' if review.truth_positive else 'absent'}"


def unaided_words(reading: UnaidedReading, task: str) -> str:
    """Say what a reader saw without the AI: "tumour", "no tumour", "unsure"."""
    what = words_of(task).finding
    said = {UnaidedFinding.PRESENT: what, UnaidedFinding.ABSENT: f"no {what}"}
    return said.get(reading.finding or UnaidedFinding.UNSURE, "unsure")


def duration_words(seconds: float) -> str:
    """A time that somebody spent: "45 s", "2 min"."""
    return f"{seconds:.0f} s" if seconds < 60 else f"{seconds / 60:.0f} min"


def outline_source(review: Review) -> str:
    """Say where the mask that a review brings is from."""
    if review.verdict is Verdict.LABELLED:
        return "of an imported label"
    return f"corrected by {review.reviewer_name}"


def recognised_words(recognised: RecognisedSequence | None) -> str | None:
    """Which MRI sequence a scan is taken for, and whose word that is; None where nobody asked."""
    if recognised is None:
        return None
    if recognised.by is RecognisedBy.HEADER:
        return f"{recognised.sequence} (the header says so)"
    certainty = f"{recognised.certainty:.0%}" if recognised.certainty is not None else "unknown"
    if recognised.sequence is None:
        return f"not recognised (by the picture; likeliest kind {certainty})"
    return f"{recognised.sequence} (by the picture, certainty {certainty})"


def spacing_words(spacing: Spacing) -> str:
    """State the voxel size, or that the file does not."""
    known = [spacing.column_mm, spacing.row_mm, spacing.slice_mm]
    if spacing.in_plane is None:
        return "not stated in the file"
    return " × ".join(f"{value:.3g}" for value in known if value is not None) + " mm"


def warns_of_outline(result: Result) -> bool:
    """Whether the outline needs a warning of its own: its doubt is not among the reasons already."""
    return result.doubtful and Doubt.DOUBTFUL_MASK not in result.doubts


def age_words(age_years: float | None) -> str | None:
    """An age as it is said: completed years ("71 years" until the birthday), of infants completed months."""
    if age_years is None:
        return None
    months = int(12 * age_years + _AGE_SLACK)
    if months < _INFANT_MONTHS:
        return "1 month" if months == 1 else f"{months} months"
    return f"{completed_years(age_years)} years"


def completed_years(age_years: float) -> int:
    """The birthdays that are over."""
    return int(age_years + _AGE_SLACK)


def queue_words(queued: QueuePlace) -> str:
    """Where a reading stands, and how long it will take as far as that is known.

    "place 3 of 9 in the queue, about 2 minutes"; "being read, about 20 seconds left".
    """
    where = "being read" if queued.running else f"place {queued.place} of {queued.of} in the queue"
    if queued.expected_s is None:
        return where
    return f"{where}, {expected_words(queued.expected_s)}{' left' if queued.running else ''}"


def expected_words(seconds: float) -> str:
    """A time that is only expected, no finer than it is known: by ten seconds, by minutes, by hours."""
    if seconds <= 5:
        return "a few seconds"
    if seconds <= 50:
        return f"about {10 * ceil(seconds / 10)} seconds"
    minutes = ceil(seconds / 60)
    if minutes < 60:
        return f"about {minutes} minute{'' if minutes == 1 else 's'}"
    hours = ceil(minutes / 60)
    return f"about {hours} hour{'' if hours == 1 else 's'}"
