"""A version of a result as DICOM objects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from data import formats
from data.errors import NotFound, RefusedScan
from data.files import FileStore
from reports.dicom import encapsulated_pdf, key_object_selection, presentation_state, secondary_capture
from reports.dicom import segmentation as seg
from reports.dicom import structured_report as sr
from reports.dicom.codes import codes_of
from reports.dicom.origin import Origin, Subject
from reports.dicom.outlines import outlines
from reports.dicom.references import Reference
from services import keys
from services.exporting.forms import DICOM_MEDIA, Ask, why_no_outline
from services.exporting.lesions import segment_labels, segments_of
from services.exporting.plain_files import captioned, picture_words
from services.exporting.report_content import report_content
from services.exporting.versions import ResultVersion, earlier_versions
from services.reading_words import listed_reason
from services.reporting.key_pictures import KeyPictures, KeySlice
from services.reporting.reading_report import ReadingReports
from services.reporting.reports import File
from services.reviewing.pictures import Pictures

GONE = "The DICOM files that this scan came from are not here any more."
MARKED = "not accepted"  # in the keys of what bears the mark
BLACKENED = "text blacked out"  # in the keys of pictures that are so
_TO_DICOM = {"S": "H", "I": "F"}  # head and foot


class DicomFiles:
    """Makes them from the series that was kept."""

    def __init__(
        self, files: FileStore, pictures: Pictures, key_pictures: KeyPictures, reports: ReadingReports
    ) -> None:
        self._files = files
        self._pictures = pictures
        self._key_pictures = key_pictures
        self._reports = reports

    def origin(self, version: ResultVersion, subject: Subject) -> Origin:
        """What the objects of a version share. Raises NotFound where the series is gone."""
        scan = version.view.scan
        try:
            with self._files.as_path(keys.original(scan.id, ".zip")) as archive:
                displayed = self._files.get_array(keys.array(scan.id))
                source = formats.kept_series(archive, scan.grid, displayed)
        except NotFound as gone:
            raise NotFound(GONE) from gone
        except RefusedScan as refused:
            raise NotFound(str(refused)) from refused
        return _of_version(Origin(source, subject, version.result.provenance, "", version.moment), version)

    def segmentation(self, version: ResultVersion, origin: Origin, ask: Ask) -> File:
        """SEG. Raises NotFound where the source's files allow none."""
        why_not = seg.why_no_segmentation(origin)
        if why_not is not None:
            raise NotFound(why_not)
        labels, count = segment_labels(self._mask(version), version.view.scan)
        corrects = version.review is not None and version.parent is not None
        parent = seg.reference(_of_version(origin, version.parent)) if corrects and version.parent else None
        content = seg.segmentation(
            origin,
            labels,
            segments_of(version, count),
            codes_of(version.result.task),
            labelmap=ask.labelmap,
            parent=parent,
        )
        return _file(version, "seg.dcm", content)

    def report(self, version: ResultVersion, origin: Origin) -> File:
        """SR."""
        parent = version.parent
        content = report_content(
            version,
            origin,
            origin if _has_segmentation(version, origin) else None,
            None if parent is None else _of_report(origin, parent),
        )
        return _file(version, "sr.dcm", sr.structured_report(_of_report(origin, version), content))

    def captures(self, version: ResultVersion, origin: Origin) -> list[File]:
        """SC, one a key picture. Raises HeldPicture where they may not leave without the patient's name."""
        chosen = self._key_pictures.chosen(version.view)
        boxes = self._key_pictures.blackened(version.view.scan, named=origin.subject.named)
        worded = _worded(origin, version)
        shown = _blackened(worded) if boxes else worded
        return [
            _file(version, f"sc-{number}.dcm", self._capture(version, shown, number, key_slice))
            for number, key_slice in enumerate(chosen, start=1)
        ]

    def _capture(self, version: ResultVersion, origin: Origin, number: int, chosen: KeySlice) -> bytes:
        letters = version.view.orientation
        named = origin.subject.named
        png = captioned(self._key_pictures.drawn(version.view, chosen, named=named), version, chosen)
        return secondary_capture.secondary_capture(
            origin,
            png,
            number,
            _shown(version, origin, chosen.index),
            None if letters is None else (_letter(letters[1]), _letter(letters[3])),
            "; ".join(picture_words(version, chosen)),
        )

    def state(self, version: ResultVersion, origin: Origin) -> File:
        """GSPS: the outline on every picture of the source that has some, else words on the middle one."""
        drawn: dict[int, list[NDArray[np.float64]]] = {}
        if version.result.has_mask:
            mask = formats.to_source(self._mask(version), version.view.scan.grid).transpose(2, 1, 0)
            drawn = {int(index): outlines(mask[index]) for index in np.flatnonzero(mask.any(axis=(1, 2)))}
        if not drawn:
            drawn = {len(origin.source.frames) // 2: []}
        content = presentation_state.presentation_state(
            _worded(origin, version), drawn, picture_words(version)
        )
        return _file(version, "gsps.dcm", content)

    def pdf(self, version: ResultVersion, origin: Origin) -> File:
        """The report of the reading, as PDF in DICOM."""
        named, moment = origin.subject.named, version.reported[1]
        pdf = self._reports.pdf(version.view, named=named, made=moment)
        content = encapsulated_pdf.encapsulated_pdf(_of_report(origin, version), pdf, "Report of a reading")
        return _file(version, "pdf.dcm", content)

    def rejection(self, version: ResultVersion, origin: Origin) -> File:
        """KOS: every object of the result that may have left the house."""
        current = version.view.current
        assert current is not None  # it is rejected
        rejected: list[Reference] = []
        marks = (None, MARKED) if version.view.acceptance_asked else (version.view.not_accepted,)
        for earlier in earlier_versions(version):
            for mark in marks:  # what left before a signature was marked, what left after it was not
                said = replace(earlier, view=replace(earlier.view, not_accepted=mark))
                rejected += self._references(said, origin)
        each_once = list(dict.fromkeys(rejected))
        unmarked = replace(version, view=replace(version.view, not_accepted=None))
        note = key_object_selection.rejection_note(
            _of_report(origin, unmarked), each_once, current.reviewer_name, listed_reason(current)
        )
        return _file(version, "kos.dcm", note)

    def _references(self, version: ResultVersion, origin: Origin) -> Iterator[Reference]:
        outlined, reported = _of_version(origin, version), _of_report(origin, version)
        worded = _worded(outlined, version)
        if _has_segmentation(version, origin):
            yield seg.reference(outlined)
            yield seg.reference(outlined, labelmap=True)
        yield sr.reference(reported)
        yield encapsulated_pdf.reference(reported)
        yield presentation_state.reference(worded)
        for number, _ in enumerate(self._key_pictures.chosen(version.view), start=1):
            yield secondary_capture.reference(worded, number)
            if not origin.subject.named:  # with and without blackened text, whichever left
                yield secondary_capture.reference(_blackened(worded), number)

    def _mask(self, version: ResultVersion) -> NDArray[np.bool_]:
        return np.asarray(self._pictures.unpacked(version.mask_key), dtype=bool)


def _of_version(origin: Origin, version: ResultVersion) -> Origin:
    """What objects that follow from a version's outline share."""
    review = version.review
    return replace(
        origin,
        key=version.key,
        moment=version.moment,
        creator=None if review is None else review.reviewer_name,
        outline=version.outline,
    )


def _of_report(origin: Origin, version: ResultVersion) -> Origin:
    """What objects that follow from what was said of a version share."""
    key, moment = version.reported
    return _worded(replace(_of_version(origin, version), key=key, moment=moment), version)


def _worded(origin: Origin, version: ResultVersion) -> Origin:
    """The same for objects with words: with and without the mark of acceptance they are two, of two UIDs."""
    return replace(origin, key=f"{origin.key} {MARKED}") if version.bears_mark else origin


def _blackened(origin: Origin) -> Origin:
    """The same for pictures with text blacked out: they are other pictures, of other UIDs."""
    return replace(origin, key=f"{origin.key} {BLACKENED}")


def _has_segmentation(version: ResultVersion, origin: Origin) -> bool:
    return why_no_outline(version) is None and seg.why_no_segmentation(origin) is None


def _shown(version: ResultVersion, origin: Origin, index: int) -> Sequence[formats.SourceFrame]:
    """The source's picture that a displayed slice is, or all that it goes through."""
    grid = version.view.scan.grid
    if grid.axes[0] != 2:
        return origin.source.frames
    return (origin.source.frames[round(formats.source_index((index, 0, 0), grid)[2])],)


def _letter(letter: str) -> str:
    return _TO_DICOM.get(letter, letter)


def _file(version: ResultVersion, name: str, content: bytes) -> File:
    return File(f"{version.file_name}-{name}", content, DICOM_MEDIA)
