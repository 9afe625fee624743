"""What a reading found, in a few lines that a radiologist can paste into a report."""

from __future__ import annotations

from collections.abc import Iterator

from data.records import NOTICE, Outcome, Verdict, outcome_of
from reports.reading_report import SizeTable, size_lines
from reports.time_words import clock
from services.exporting.versions import BY_A_REVIEWER, ResultVersion
from services.measurement_words import EMPTY, MeasuredWords, measured_words, millilitres
from services.reading_words import (
    OF_NOBODY,
    UNSURE_OUTLINE,
    listed_reason,
    recognised_words,
    spacing_words,
    warns_of_outline,
)
from services.reporting.reading_content import verdict_words
from services.reviewing.prior import Prior
from services.task_words import not_ruled_out, outcome_words, reasons

WITHDRAWN = "WITHDRAWN: {name} rejected this AI result, {when}: {reason}. It is no result: disregard it."
NO_ALL_CLEAR = "This is neither a finding nor an all-clear."
_HASH = 12  # letters of a hash that tell it apart


def conclusion(version: ResultVersion) -> Outcome:
    """What is held to be so: what a clinician said who accepted or corrected it, else the AI's answer."""
    current = version.view.current
    if current is None or current.verdict not in BY_A_REVIEWER or current.truth_positive is None:
        return version.result.outcome
    return outcome_of(current.truth_positive, uncertain=False)


def headline(version: ResultVersion) -> str:
    """The conclusion in a few sentences: a clinician's first, why the AI is uncertain, what is none."""
    result, current = version.result, version.view.current
    if current is not None and current.verdict is Verdict.REJECTED:
        when, reason = clock(current.created_at), listed_reason(current)
        return WITHDRAWN.format(name=current.reviewer_name, when=when, reason=reason)
    said = f"AI: {outcome_words(result.task, result.outcome)}"
    if result.outcome is Outcome.UNCERTAIN:
        said = f"{said}: {reasons(result.doubts)}."
    else:
        said = f"{said} (probability {result.probability:.2f}, threshold {result.threshold:.2f})."
        said = " ".join(part for part in (said, not_ruled_out(result)) if part)
    if conclusion(version) is Outcome.UNCERTAIN:
        said = f"{said} {NO_ALL_CLEAR}"
    return f"{verdict_words(current, result.task)} {said}"


def finding_lines(version: ResultVersion, prior: Prior | None = None) -> list[str]:
    """All lines. Of a rejected result there are no sizes."""
    rejected = version.rejected_by is not None
    sizes = [] if rejected else [*_sizes(version), *_comparison(version, prior)]
    return [*_technique(version), headline(version), *sizes, *_last(version)]


def _technique(version: ResultVersion) -> Iterator[str]:
    scan, header = version.view.scan, version.view.scan.header
    if scan.synthetic:
        yield OF_NOBODY
    acquired = header.acquired_at
    told = [
        header.modality,
        recognised_words(scan.recognised) or header.sequence,
        acquired and f"acquired {acquired.astimezone():%Y-%m-%d}",
        f"voxel size {spacing_words(scan.spacing)}" if scan.slices > 1 else None,
    ]
    yield "Technique: " + "; ".join(part for part in told if part) + "."


def _sizes(version: ResultVersion) -> Iterator[str]:
    measurements, view = version.measurements, version.view
    if measurements is None:
        return
    yield f"Outline {version.outline}."
    if not measurements.lesions:
        yield EMPTY
        return
    words = measured_words(measurements, view.scan, placed=view.orientation is not None)
    yield "; ".join(f"{name} {value}" for name, value in words.whole) + "."
    yield from _lesions(words)
    if warns_of_outline(version.result) and version.review is None:
        yield UNSURE_OUTLINE


def _lesions(words: MeasuredWords) -> Iterator[str]:
    yield from size_lines(SizeTable(words.head, words.rows))
    if words.more:
        yield f"And {words.more} smaller lesions."
    yield from words.warnings


def _comparison(version: ResultVersion, prior: Prior | None) -> Iterator[str]:
    now = version.measurements
    if now is None or prior is None:
        return
    when = f"{prior.examined_at.astimezone():%Y-%m-%d}"
    if prior.measurements is None:
        yield f"Comparison: the prior of {when} has no outline by this version; see the patient's page."
    elif prior.measurements.volume_ml is not None and now.volume_ml is not None:
        before, after = millilitres(prior.measurements.volume_ml), millilitres(now.volume_ml)
        change = "" if prior.change is None else f" ({prior.change:+.0f} %)"
        lesions = f"lesions {len(prior.measurements.lesions)} then, {len(now.lesions)} now"
        yield f"Comparison with {when}, same sequence: volume {before} then, {after} now{change}; {lesions}."
        if prior.not_accepted is not None:
            yield f"Of the prior: {prior.not_accepted}"


def _last(version: ResultVersion) -> Iterator[str]:
    view, made = version.view, version.result.provenance
    yield from view.scan.warnings
    weights = made.weights_sha256[:_HASH]
    yield f"Made by {made.model_name} version {made.model_version} (weights {weights}), an AI. {NOTICE}"
