"""What the report of one reading says, in the words that the scan's page uses too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from data.records import (
    NOTICE,
    Identity,
    Measurements,
    Outcome,
    Result,
    Review,
    Verdict,
    counting_mask,
)
from data.version import VERSION
from reports.reading_report import KeyPicture, ReadingReport, Row, Section, SizeTable
from reports.time_words import clock
from services.deidentification import without_identity
from services.measurement_words import EMPTY, measured_words
from services.reading_words import (
    OF_NOBODY,
    UNSURE_OUTLINE,
    VERDICT_NAMES,
    age_words,
    lesion_words,
    outline_source,
    reason_words,
    recognised_words,
    spacing_words,
    truth_words,
    warns_of_outline,
)
from services.reporting.key_pictures import KeySlice
from services.reviewing.pictures import CORRECTED
from services.reviewing.scan_views import ScanView
from services.task_words import OUTCOME_NAMES, not_ruled_out, outcome_words, reasons, words_of

NOT_REVIEWED = "Not reviewed by a clinician."
NO_SIDES = "The file does not say how the patient lies: no side is marked on the pictures."
_HEAD = 48  # letters of a name in the head of a page
_HASH = 12  # letters of a hash that tell it apart


def reading_report(
    view: ScanView,
    result: Result,
    slices: Sequence[KeySlice],
    identity: Identity | None,
    *,
    named: bool,
    made: datetime,
) -> ReadingReport:
    """All that a report of a result says.

    `identity` is the patient's; with `named` it is told, otherwise it is taken out of what people wrote.
    """
    shown, hidden = (identity, None) if named else (None, identity)
    review = view.current
    return ReadingReport(
        title=f"Report of a reading: {words_of(result.task).label.lower()}",
        subject=_subject(view, shown),
        reading=result.id,
        made=f"{clock(made)} by Lightbox {VERSION}",
        headline=f"AI: {outcome_words(result.task, result.outcome)}",
        verdict=verdict_words(review, result.task),
        patient=Section("Patient", _patient(view, shown)),
        examination=Section("Examination", _stated(_examination(view))),
        answer=Section("Answer of the AI", _stated(_answer(result))),
        warnings=Section("Doubts and warnings", sentences=_warnings(view, result)),
        pictures=[_picture(view, chosen, review) for chosen in slices],
        sections=list(_sections(view, result, review, hidden)),
        notice=NOTICE,
    )


def _stated(rows: Sequence[tuple[str, Any]]) -> list[Row]:
    """The rows whose value is known."""
    return [(name, str(value)) for name, value in rows if value]


def _subject(view: ScanView, identity: Identity | None) -> str:
    told = [identity.name, identity.patient_id] if identity else []
    parts = [part if len(part) <= _HEAD else f"{part[:_HEAD]}…" for part in told if part]
    return ", ".join([*parts, view.patient.pseudonym])


def _patient(view: ScanView, identity: Identity | None) -> list[Row]:
    header = view.scan.header
    known = [
        ("Name", identity.name if identity else None),
        ("Patient ID", identity.patient_id if identity else None),
        ("Born", identity.birth_date if identity else None),
        ("Pseudonym", view.patient.pseudonym),
        ("Sex", header.sex),
        ("Age", age_words(header.age_years)),
    ]
    return _stated(known)


def _examination(view: ScanView) -> list[tuple[str, Any]]:
    scan, header = view.scan, view.scan.header
    acquired, day_only = header.acquired_at, header.acquired_day_only
    size = f"{scan.width} × {scan.height}" + (f" × {scan.slices}" if scan.slices > 1 else "")
    return [
        ("Acquired", acquired and (f"{acquired.astimezone():%Y-%m-%d}" if day_only else clock(acquired))),
        ("Modality", header.modality),
        ("Body part", header.body_part),
        ("Sequence", header.sequence),
        ("Recognised as", recognised_words(scan.recognised)),
        ("Scanner", " ".join(part for part in (header.manufacturer, header.scanner) if part)),
        ("Site", header.site),
        ("Size", f"{size} pixels"),
        ("Voxel size" if scan.slices > 1 else "Pixel size", spacing_words(scan.spacing)),
    ]


def _answer(result: Result) -> list[tuple[str, Any]]:
    words, made = words_of(result.task), result.provenance
    call = outcome_words(result.task, Outcome.FOUND if result.positive else Outcome.NOT_FOUND)
    distance, overlap = result.outside_distance, result.estimated_dice
    return [
        ("Asked for", f"{words.finding} in {words.picture}"),
        ("Answer", OUTCOME_NAMES[result.outcome].lower()),
        ("Why uncertain", reasons(result.doubts)),
        ("Left open", not_ruled_out(result)),
        ("Model's own call", call if result.doubts else ""),
        ("Probability", f"{result.probability:.2f}, threshold {result.threshold:.2f}"),
        ("Expected overlap", "" if overlap is None else f"Dice {overlap:.2f} with a specialist's outline"),
        ("Unlike the training", "" if distance is None else f"distance {distance:.2f}, limit 1.00"),
        ("Model", f"{made.model_name} version {made.model_version}, weights {made.weights_sha256[:_HASH]}"),
        ("Read", clock(result.created_at)),
    ]


def verdict_words(review: Review | None, task: str) -> str:
    """What a person said of a reading, and when, in a sentence; that nobody did, where nobody did."""
    if review is None:
        return NOT_REVIEWED
    if review.verdict is Verdict.LABELLED:
        return "Labelled: an imported label says what is true; no clinician looked at this reading."
    if review.verdict is Verdict.UNSURE:
        return f"{review.reviewer_name} looked at it, {clock(review.created_at)}, and is unsure."
    truth = truth_words(review, task)
    said = f"{VERDICT_NAMES[review.verdict]} by {review.reviewer_name}, {clock(review.created_at)}"
    return f"{said}: {truth}." if truth else f"{said}."


def _sections(
    view: ScanView, result: Result, review: Review | None, hidden: Identity | None
) -> Iterator[Section]:
    if review is not None:
        yield Section("Review", _stated(_review(review, result.task, hidden)))
    corrected = counting_mask(review)
    if corrected is not None and corrected.measurements is not None:
        yield _sizes(f"Sizes: outline {outline_source(corrected)}", corrected.measurements, view)
    if result.measurements is not None:
        replaced = "" if corrected is None else ", replaced by the outline above"
        yield _sizes(f"Sizes: outline of the AI{replaced}", result.measurements, view)
    yield Section("Identifiers", _stated(_identifiers(view, result)))


def _warnings(view: ScanView, result: Result) -> list[str]:
    warnings = [OF_NOBODY] if view.scan.synthetic else []
    if warns_of_outline(result):
        warnings.append(UNSURE_OUTLINE)
    return [*warnings, *view.scan.warnings, *([] if view.orientation else [NO_SIDES])]


def _review(review: Review, task: str, hidden: Identity | None) -> list[tuple[str, Any]]:
    return [
        ("Verdict", VERDICT_NAMES[review.verdict].lower()),
        ("Held to be true", truth_words(review, task)),
        ("Reason", without_identity(reason_words(review), hidden)),
        ("Lesion by lesion", lesion_words(review)),
        ("Comment", without_identity(review.comment or "", hidden)),
        (
            "Overlap",
            "" if review.dice is None else f"Dice {review.dice:.2f} of the AI's outline with this one",
        ),
    ]


def _sizes(title: str, measurements: Measurements, view: ScanView) -> Section:
    if not measurements.lesions:
        return Section(title, sentences=[EMPTY])
    words = measured_words(measurements, view.scan, placed=view.orientation is not None)
    more = [f"and {words.more} smaller lesions"] if words.more else []
    return Section(title, words.whole, [*more, *words.warnings], SizeTable(words.head, words.rows))


def _identifiers(view: ScanView, result: Result) -> list[tuple[str, Any]]:
    header = view.scan.header
    return [
        ("Reading", result.id),
        ("Scan", view.scan.id),
        ("Study UID", header.study_uid),
        ("Series UID", header.series_uid),
        ("Weights", result.provenance.weights_sha256),
        ("Software", result.provenance.software),
    ]


def _picture(view: ScanView, chosen: KeySlice, review: Review | None) -> KeyPicture:
    place = f"Slice {chosen.index + 1} of {view.scan.slices}" if view.scan.slices > 1 else "The whole picture"
    if not chosen.lesions:
        caption = f"{place}: nothing is outlined."
    else:
        numbers = " and ".join(str(number) for number in chosen.lesions)
        whose = outline_source(review) if review is not None and chosen.layer == CORRECTED else "of the AI"
        caption = f"{place}: largest extent of lesion {numbers}, outline {whose}."
    return KeyPicture(caption, f"{caption} {_sides(view)}")


def _sides(view: ScanView) -> str:
    if view.orientation is None:
        return "The file does not say where left and right are."
    left, right, top, bottom = view.orientation
    return f"On its left is {left}, on its right {right}, at the top {top}, at the bottom {bottom}."
