"""DICOM SR by TID 1500: what was found, how large it is, and where its longest diameter runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from highdicom import sr
from highdicom.coding_schemes import CodingSchemeIdentificationItem
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from data.formats import SourceFrame
from reports.dicom.codes import SCHEME, FindingCodes, coded
from reports.dicom.origin import MANUFACTURER, Origin, person_name, stable_uid
from reports.dicom.references import Reference, instances, made
from reports.dicom.segmentation import Segment

KIND = "sr"
SERIES_NUMBER = 9002
SOP_CLASS = "1.2.840.10008.5.1.4.1.1.88.34"  # Comprehensive 3D SR
_MM, _ML = sr.CodedConcept("mm", "UCUM", "millimeter"), sr.CodedConcept("mL", "UCUM", "milliliter")
_PERCENT = sr.CodedConcept("%", "UCUM", "Percent")
VOLUME = sr.CodedConcept("118565006", "SCT", "Volume")
LONG_AXIS = sr.CodedConcept("103339001", "SCT", "Long Axis")
SHORT_AXIS = sr.CodedConcept("103340004", "SCT", "Short Axis")
MAXIMUM_3D = sr.CodedConcept("L0JK", "IBSI", "Maximum 3D Diameter of a Mesh")
CERTAINTY = sr.CodedConcept("111012", "DCM", "Certainty of Finding")
_LIBRARY = sr.CodedConcept("111028", "DCM", "Image Library")
_LIBRARY_GROUP = sr.CodedConcept("126200", "DCM", "Image Library Group")
_SOURCE = sr.CodedConcept("260753009", "SCT", "Source")
_COMMENT = sr.CodedConcept("121106", "DCM", "Comment")
_PROCEDURES = {
    "MR": sr.CodedConcept("113091000", "SCT", "Magnetic resonance imaging"),
    "CT": sr.CodedConcept("77477000", "SCT", "Computed tomography"),
}
_RADIOGRAPHY = sr.CodedConcept("168537006", "SCT", "Plain radiography")
ANSWER = coded("answer", "Answer of the AI")
DOUBT = coded("doubt", "Why the answer is uncertain")
REVIEW = coded("review", "Review by a clinician")
_PERSON = sr.CodedConcept("121006", "DCM", "Person")
_DEVICE = sr.CodedConcept("121007", "DCM", "Device")


@dataclass(frozen=True)
class Line:
    """A diameter: its length, and its two ends.

    `ends_mm` (2, 3) are LPS mm, None where the scan has no place. `frame` is the source's picture that it
    lies on, if it lies on one, `ends_pixels` (2, 2) its (column, row) there, corners of pixels being whole.
    """

    length_mm: float
    ends_mm: NDArray[np.float64] | None = None
    frame: SourceFrame | None = None
    ends_pixels: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class MeasuredSegment:
    """A lesion, or all smaller ones together, with its sizes; None for what is unknown.

    `picture` is the source's that shows most of it.
    """

    segment: Segment
    number: int
    picture: SourceFrame
    volume_ml: float | None = None
    longest: Line | None = None
    perpendicular: Line | None = None
    maximum_3d: Line | None = None


@dataclass(frozen=True)
class Statement:
    """Something said with a word of Lightbox's own: a code (16 characters at most) and its meaning."""

    name: sr.CodedConcept
    value: sr.CodedConcept


@dataclass(frozen=True)
class ReportContent:
    """What the report says. `reviewer` accepted or corrected it; `segmentation` is where segments are.

    `picture` is the source's picture that the answer is shown on.
    """

    codes: FindingCodes
    tracked: str  # what the answer is followed by: the result's id
    probability: float
    picture: SourceFrame
    statements: Sequence[Statement]
    segments: Sequence[MeasuredSegment]
    volume_ml: float | None
    comment: str
    reviewer: str | None = None
    segmentation: Reference | None = None
    predecessor: Reference | None = None


def reference(origin: Origin) -> Reference:
    """How the report of these is named by another object."""
    return Reference(SOP_CLASS, origin.uid(KIND), origin.uid(KIND, "series"))


def structured_report(origin: Origin, content: ReportContent) -> bytes:
    """The file."""
    groups = [_answer(origin, content)]
    for lesion in content.segments:
        groups += _lesion(origin, content, lesion)
    tree = sr.MeasurementReport(
        observation_context=_observers(origin, content.reviewer),
        procedure_reported=_PROCEDURES.get(origin.source.modality, _RADIOGRAPHY),
        imaging_measurements=groups,
    )
    tree[0].ContentSequence.extend([_library(origin), _text(_COMMENT, content.comment)])
    evidence = instances(origin)
    if content.segmentation is not None:
        evidence.append(made(origin, content.segmentation))
    before = content.predecessor
    report = sr.Comprehensive3DSR(
        evidence=evidence,
        content=tree[0],
        **origin.common(KIND, SERIES_NUMBER, "Lightbox report"),
        is_complete=True,
        is_final=content.reviewer is not None,
        previous_versions=None if before is None else [made(origin, before)],
        coding_schemes=[
            CodingSchemeIdentificationItem(designator=SCHEME, name=f"{MANUFACTURER}'s own words")
        ],
    )
    return origin.file(report, KIND)


def _observers(origin: Origin, reviewer: str | None) -> sr.ObservationContext:
    device = sr.DeviceObserverIdentifyingAttributes(
        uid=stable_uid("device", origin.provenance.weights_sha256),
        name=MANUFACTURER,
        manufacturer_name=MANUFACTURER,
        model_name=origin.provenance.model_name,
        serial_number=origin.provenance.model_version,
    )
    person = None
    if reviewer is not None:
        identifying = sr.PersonObserverIdentifyingAttributes(name=person_name(reviewer))
        person = sr.ObserverContext(observer_type=_PERSON, observer_identifying_attributes=identifying)
    return sr.ObservationContext(
        observer_person_context=person,
        observer_device_context=sr.ObserverContext(
            observer_type=_DEVICE, observer_identifying_attributes=device
        ),
    )


def _algorithm(origin: Origin) -> sr.AlgorithmIdentification:
    made_by = origin.provenance
    return sr.AlgorithmIdentification(
        name=made_by.model_name,
        version=made_by.model_version,
        parameters=[f"weights_sha256={made_by.weights_sha256}", f"preprocessing={made_by.preprocessing}"],
        manufacturer=MANUFACTURER,
    )


def _answer(origin: Origin, content: ReportContent) -> sr.MeasurementsAndQualitativeEvaluations:
    """The answer as a whole. It is shown along the edge of a picture: OHIF opens no report with a group
    that has no place at all."""
    shown = _whole(content.picture)
    sizes = [_measured(CERTAINTY, 100 * content.probability, _PERCENT, shown)]
    if content.volume_ml is not None:
        sizes.append(_measured(VOLUME, content.volume_ml, _ML))
    return sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(
            uid=stable_uid(content.tracked, "answer"), identifier=f"{content.tracked[:12]}-answer"
        ),
        finding_type=content.codes.finding,
        finding_sites=[sr.FindingSite(content.codes.region)],
        algorithm_id=_algorithm(origin),
        measurements=sizes,
        qualitative_evaluations=[
            sr.QualitativeEvaluation(statement.name, statement.value) for statement in content.statements
        ],
    )


def _lesion(origin: Origin, content: ReportContent, lesion: MeasuredSegment) -> list[Any]:
    """The lesion's volume on its segment, and its diameters with their ends, under one tracking UID.

    A volume of interest may not have coordinates of its own (TID 1411), so these stand in a second group; a
    volume without diameters stands there on the whole picture. Nothing where its size is not known.
    """
    said: dict[str, Any] = {
        "tracking_identifier": sr.TrackingIdentifier(
            uid=lesion.segment.tracking_uid, identifier=lesion.segment.tracking_id
        ),
        "finding_type": content.codes.finding,
        "finding_sites": [sr.FindingSite(content.codes.region)],
        "algorithm_id": _algorithm(origin),
    }
    volume = [] if lesion.volume_ml is None else [_measured(VOLUME, lesion.volume_ml, _ML)]
    where, diameters = content.segmentation, _diameters(origin, lesion)
    if where is None and diameters:
        diameters = [*volume, *diameters]
    if not diameters and lesion.volume_ml is not None:  # smaller ones together, say
        diameters = [_measured(VOLUME, lesion.volume_ml, _ML, _whole(lesion.picture))]
    if not diameters:
        return []
    placed = sr.MeasurementsAndQualitativeEvaluations(**said, measurements=diameters)
    return [placed] if where is None else [_on_segment(origin, where, lesion.number, said, volume), placed]


def _on_segment(
    origin: Origin, where: Reference, number: int, said: dict[str, Any], measured: Sequence[sr.Measurement]
) -> sr.VolumetricROIMeasurementsAndQualitativeEvaluations:
    """What is measured of a segment of the SEG."""
    segment = sr.ReferencedSegment(
        where.sop_class_uid,
        where.sop_instance_uid,
        segment_number=number,
        source_series=sr.SourceSeriesForSegmentation(origin.source.header.SeriesInstanceUID),
    )
    return sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
        referenced_segment=segment, **said, measurements=measured
    )


def _diameters(origin: Origin, lesion: MeasuredSegment) -> list[sr.Measurement]:
    diameters = (
        (LONG_AXIS, lesion.longest),
        (SHORT_AXIS, lesion.perpendicular),
        (MAXIMUM_3D, lesion.maximum_3d),
    )
    return [
        _measured(name, diameter.length_mm, _MM, _ends(origin, diameter))
        for name, diameter in diameters
        if diameter is not None
    ]


def _measured(
    name: sr.CodedConcept, value: float, unit: sr.CodedConcept, ends: Sequence[Any] | None = None
) -> sr.Measurement:
    return sr.Measurement(name=name, value=value, unit=unit, referenced_coordinates=ends)


def _ends(origin: Origin, line: Line) -> Sequence[Any] | None:
    """Where a diameter runs: on the source's picture where it lies on one, else in the patient.

    In the patient, too, where pixels are not square: OHIF 3.13 draws lines on such pictures in wrong places.
    """
    on_picture = None
    if line.frame is not None and line.ends_pixels is not None:
        on_picture = _drawn(line.frame, line.ends_pixels)
        if line.frame.spacing_mm is None or np.isclose(*line.frame.spacing_mm, rtol=1e-3):
            return on_picture
    uid = origin.source.frame_of_reference
    if line.ends_mm is None or uid is None:
        return on_picture
    return [sr.CoordinatesForMeasurement3D(sr.GraphicTypeValues3D.POLYLINE, line.ends_mm, uid)]


def _whole(picture: SourceFrame) -> Sequence[Any]:
    """Along the edge of a picture, for what is said of all of it."""
    columns, rows = picture.header.Columns, picture.header.Rows
    return _drawn(picture, np.array([(0, 0), (columns, 0), (columns, rows), (0, rows), (0, 0)], float))


def _drawn(picture: SourceFrame, points: NDArray[np.float64]) -> Sequence[Any]:
    """A line through (column, row) on a picture of the source."""
    header, number = picture.header, picture.number
    image = sr.SourceImageForRegion(
        header.SOPClassUID, header.SOPInstanceUID, None if number is None else [number]
    )
    return [sr.CoordinatesForMeasurement(sr.GraphicTypeValues.POLYLINE, points, image)]


def _library(origin: Origin) -> sr.ContentItem:
    """Every instance of the source."""
    headers = {frame.header.SOPInstanceUID: frame.header for frame in origin.source.frames}
    images = [
        sr.ImageContentItem(
            name=_SOURCE,
            referenced_sop_class_uid=header.SOPClassUID,
            referenced_sop_instance_uid=uid,
            relationship_type=sr.RelationshipTypeValues.CONTAINS,
        )
        for uid, header in headers.items()
    ]
    return _container(_LIBRARY, [_container(_LIBRARY_GROUP, images)])


def _container(name: sr.CodedConcept, items: Sequence[sr.ContentItem]) -> sr.ContentItem:
    container = sr.ContainerContentItem(name=name, relationship_type=sr.RelationshipTypeValues.CONTAINS)
    container.ContentSequence = sr.ContentSequence(items)
    return container


def _text(name: sr.CodedConcept, value: str) -> Dataset:
    item: Dataset = sr.TextContentItem(
        name=name, value=value, relationship_type=sr.RelationshipTypeValues.CONTAINS
    )
    return item
