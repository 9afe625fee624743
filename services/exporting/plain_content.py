"""A version of a result as FHIR and HL7 v2 tell it: the words of the pages, the numbers of the API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from data.formats import SourceSeries
from data.records import Verdict
from reports.dicom.codes import codes_of
from reports.dicom.origin import Subject
from reports.dicom.structured_report import CERTAINTY, LONG_AXIS, SHORT_AXIS, VOLUME
from reports.plain_result import (
    MAXIMUM_3D,
    Instance,
    PlainLesion,
    PlainResult,
    Quantity,
    ResultStatus,
    SourceImages,
)
from services.exporting.findings import conclusion, finding_lines, headline
from services.exporting.lesions import SizedSegment, sized_segments
from services.exporting.report_content import ANSWERS
from services.exporting.versions import ResultVersion, earlier_versions

_STATUS = {
    Verdict.ACCEPTED: ResultStatus.FINAL,
    Verdict.CORRECTED: ResultStatus.CORRECTED,
    Verdict.REJECTED: ResultStatus.REJECTED,
}
_PERCENT, _ML, _MM = "%", "mL", "mm"


def plain_result(
    version: ResultVersion, subject: Subject, source: SourceSeries | None, pdf: bytes | None
) -> PlainResult:
    """The content; `source` is the series where its files are here, `pdf` the report that goes with it."""
    view, result, current = version.view, version.result, version.view.current
    status = ResultStatus.PRELIMINARY if current is None else _STATUS.get(current.verdict)
    status = status or ResultStatus.PRELIMINARY  # somebody is unsure, or nobody looked
    rejected = status is ResultStatus.REJECTED
    said, issued = version.told
    judged = status in (ResultStatus.FINAL, ResultStatus.CORRECTED, ResultStatus.REJECTED)
    return PlainResult(
        reading=result.id,
        version=said,
        subject=subject,
        sex=view.scan.header.sex,
        status=status,
        codes=codes_of(result.task),
        headline=headline(version),
        text=finding_lines(version),
        answer=None if rejected else ANSWERS[conclusion(version)],
        quantities=list(_answer_quantities(version, rejected=rejected)),
        lesions=list(_lesions(version, rejected=rejected)),
        provenance=result.provenance,
        images=_images(version, source),
        examined_at=view.scan.header.acquired_at,
        examined_day_only=view.scan.header.acquired_day_only,
        read_at=result.created_at,
        issued=issued,
        reviewer=current.reviewer_name if current is not None and judged else None,
        synthetic=view.scan.synthetic,
        pdf=pdf,
    )


def _answer_quantities(version: ResultVersion, *, rejected: bool) -> Iterator[Quantity]:
    measurements = version.measurements
    yield Quantity(CERTAINTY, None if rejected else 100 * version.result.probability, _PERCENT)
    if measurements is not None and measurements.volume_ml is not None:
        yield Quantity(VOLUME, None if rejected else measurements.volume_ml, _ML)


def _lesions(version: ResultVersion, *, rejected: bool) -> Iterator[PlainLesion]:
    """The lesions; then, withdrawn, those that only an earlier version of the result had."""
    told = [] if rejected else sized_segments(version)
    yield from (_lesion(sized) for sized in told)
    if version.view.current is None:
        return
    before = [sized for earlier in earlier_versions(version) for sized in sized_segments(earlier)]
    gone = {sized.number: sized for sized in before if sized.number > len(told)}
    for _, sized in sorted(gone.items()):
        lesion = _lesion(sized)
        none = [replace(quantity, value=None) for quantity in lesion.quantities]
        yield replace(lesion, quantities=none, withdrawn=True)


def _lesion(sized: SizedSegment) -> PlainLesion:
    lesion = sized.lesion
    told = [(VOLUME, sized.volume_ml, _ML)]
    if lesion is not None:
        told += [
            (LONG_AXIS, lesion.longest_diameter_mm, _MM),
            (SHORT_AXIS, lesion.perpendicular_diameter_mm, _MM),
            (MAXIMUM_3D, lesion.maximum_3d_diameter_mm, _MM),
        ]
    quantities = [Quantity(name, value, unit) for name, value, unit in told if value is not None]
    return PlainLesion(sized.number, sized.segment.label, sized.segment.tracking_uid, quantities)


def _images(version: ResultVersion, source: SourceSeries | None) -> SourceImages | None:
    header = version.view.scan.header
    if version.view.scan.grid.kind != "dicom" or not header.study_uid or not header.series_uid:
        return None
    frames = () if source is None else source.frames
    instances = {
        str(frame.header.SOPInstanceUID): Instance(
            str(frame.header.SOPClassUID), str(frame.header.SOPInstanceUID)
        )
        for frame in frames
    }
    modality = header.modality or "OT"
    return SourceImages(header.study_uid, header.series_uid, modality, tuple(instances.values()))
