"""What the structured report of a version of a result says, by the numbers that pages show."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from data import formats
from data.records import NOTICE, Lesion, Outcome, Scan
from reports.dicom import segmentation as seg
from reports.dicom import structured_report as sr
from reports.dicom.codes import ABSENT, INDETERMINATE, PRESENT, coded, codes_of
from reports.dicom.origin import Origin
from services.exporting.lesions import sized_segments
from services.exporting.versions import BY_A_REVIEWER, ResultVersion
from services.reading_words import VERDICT_NAMES
from services.task_words import not_ruled_out, outcome_words

ANSWERS = {Outcome.FOUND: PRESENT, Outcome.NOT_FOUND: ABSENT, Outcome.UNCERTAIN: INDETERMINATE}
_ON_A_PICTURE = 1e-6  # of the distance of slices
Ends = tuple[tuple[float, float, float], tuple[float, float, float]]


def report_content(
    version: ResultVersion, origin: Origin, segmentation: Origin | None, predecessor: Origin | None
) -> sr.ReportContent:
    """The content. `segmentation` is of the SEG that its lesions refer to, `predecessor` of the SR before."""
    result, current = version.result, version.view.current
    measurements = version.measurements
    reviewed = current is not None and current.verdict in BY_A_REVIEWER
    return sr.ReportContent(
        codes=codes_of(result.task),
        tracked=version.result.id,
        probability=result.probability,
        picture=_answer_picture(version, origin),
        statements=list(_statements(version)),
        segments=list(_measured(version, origin)),
        volume_ml=None if measurements is None else measurements.volume_ml,
        comment=_comment(version),
        reviewer=current.reviewer_name if current is not None and reviewed else None,
        segmentation=None if segmentation is None else seg.reference(segmentation),
        predecessor=None if predecessor is None else sr.reference(predecessor),
    )


def _comment(version: ResultVersion) -> str:
    result, mark = version.result, version.view.not_accepted
    said = f"{outcome_words(result.task, result.outcome)}. Outline {version.outline}."
    return " ".join(part for part in (said, not_ruled_out(result), mark, NOTICE) if part)


def _statements(version: ResultVersion) -> Iterator[sr.Statement]:
    result, current = version.result, version.view.current
    yield sr.Statement(sr.ANSWER, ANSWERS[result.outcome])
    for doubt in result.doubts:
        yield sr.Statement(sr.DOUBT, coded(doubt.value, doubt.words))
    if current is not None:
        yield sr.Statement(sr.REVIEW, coded(current.verdict.value, VERDICT_NAMES[current.verdict]))


def _measured(version: ResultVersion, origin: Origin) -> Iterator[sr.MeasuredSegment]:
    scan, measurements = version.view.scan, version.measurements
    for sized in sized_segments(version):
        assert measurements is not None
        # Of the smaller ones together it is that of the first of them.
        picture = _picture(scan, origin, measurements.lesions[sized.number - 1])
        lesion = sized.lesion
        if lesion is None:
            yield sr.MeasuredSegment(sized.segment, sized.number, picture, sized.volume_ml)
            continue
        yield sr.MeasuredSegment(
            segment=sized.segment,
            number=sized.number,
            picture=picture,
            volume_ml=sized.volume_ml,
            longest=_in_plane(scan, origin, lesion, lesion.longest_diameter_mm, lesion.longest_ends),
            perpendicular=_in_plane(
                scan, origin, lesion, lesion.perpendicular_diameter_mm, lesion.perpendicular_ends
            ),
            maximum_3d=_line(scan, origin, lesion.maximum_3d_diameter_mm, lesion.maximum_3d_ends),
        )


def _answer_picture(version: ResultVersion, origin: Origin) -> formats.SourceFrame:
    """The source's picture that shows most of the largest lesion; the middle one where there is none."""
    measurements = version.measurements
    if measurements is None or not measurements.lesions:
        return origin.source.frames[len(origin.source.frames) // 2]
    return _picture(version.view.scan, origin, measurements.lesions[0])


def _picture(scan: Scan, origin: Origin, lesion: Lesion) -> formats.SourceFrame:
    """The source's picture through the longest diameter of a lesion."""
    ends = [formats.source_index((lesion.largest_slice, *end), scan.grid)[2] for end in lesion.longest_ends]
    last = len(origin.source.frames) - 1
    return origin.source.frames[min(max(round(sum(ends) / 2), 0), last)]


def _in_plane(
    scan: Scan,
    origin: Origin,
    lesion: Lesion,
    length_mm: float | None,
    ends: tuple[tuple[float, float], tuple[float, float]],
) -> sr.Line | None:
    first, last = ((float(lesion.largest_slice), row, column) for row, column in ends)
    return _line(scan, origin, length_mm, (first, last))


def _line(scan: Scan, origin: Origin, length_mm: float | None, ends: Ends | None) -> sr.Line | None:
    """A diameter whose ends are displayed (slice, row, column); None without a length."""
    if length_mm is None:
        return None
    if ends is None:
        return sr.Line(length_mm)
    inside = np.array([formats.source_index(end, scan.grid) for end in ends])  # (column, row, slice)
    affine = scan.grid.affine if formats.placed_affine(scan.grid) is not None else None
    in_patient = None
    if affine is not None:
        ras = inside @ np.array(affine)[:3, :3].T + np.array(affine)[:3, 3]
        in_patient = ras * (-1.0, -1.0, 1.0)
    number = round(inside[0, 2])
    if np.abs(inside[:, 2] - number).max() > _ON_A_PICTURE:
        return sr.Line(length_mm, in_patient)
    # A pixel's centre is at a half: its corner up and left is whole (PS3.3 C.18.6.1.1).
    return sr.Line(length_mm, in_patient, origin.source.frames[number], inside[:, :2] + 0.5)
