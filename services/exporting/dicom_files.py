"""A version of a result as DICOM objects."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from data import formats
from data.errors import NotFound, RefusedScan
from data.files import FileStore
from reports.dicom import segmentation as seg
from reports.dicom.codes import codes_of
from reports.dicom.origin import Origin, Subject
from services import keys
from services.exporting.forms import Ask
from services.exporting.lesions import segment_labels, segments_of
from services.exporting.versions import ResultVersion
from services.reporting.reports import File
from services.reviewing.pictures import Pictures

DICOM = "application/dicom"
GONE = "The DICOM files that this scan came from are not here any more."


class DicomFiles:
    """Makes them from the series that was kept."""

    def __init__(self, files: FileStore, pictures: Pictures) -> None:
        self._files = files
        self._pictures = pictures

    def origin(self, version: ResultVersion, subject: Subject) -> Origin:
        """What the objects of a version share. Raises NotFound where the series is gone."""
        scan, review = version.view.scan, version.review
        try:
            with self._files.as_path(keys.original(scan.id, ".zip")) as archive:
                displayed = self._files.get_array(keys.array(scan.id))
                source = formats.kept_series(archive, scan.grid, displayed)
        except (NotFound, RefusedScan) as error:
            raise NotFound(GONE) from error
        return Origin(
            source=source,
            subject=subject,
            provenance=version.result.provenance,
            key=version.key,
            moment=version.moment,
            creator=None if review is None else review.reviewer_name,
        )

    def segmentation(self, version: ResultVersion, origin: Origin, ask: Ask) -> File:
        """SEG. Raises NotFound where the source's files allow none."""
        why_not = seg.why_no_segmentation(origin)
        if why_not is not None:
            raise NotFound(why_not)
        mask = np.asarray(self._pictures.unpacked(version.mask_key), dtype=bool)
        labels, count = segment_labels(mask, version.view.scan)
        content = seg.segmentation(
            origin,
            labels,
            segments_of(version, count),
            codes_of(version.result.task),
            labelmap=ask.labelmap,
            parent=None if version.parent is None else seg.reference(parent_origin(version, origin)),
        )
        return File(f"lightbox-{version.key[:12]}-seg.dcm", content, DICOM)


def parent_origin(version: ResultVersion, origin: Origin) -> Origin:
    """What the objects of the AI's own answer share, out of those of its correction."""
    parent = version.parent
    assert parent is not None
    return replace(origin, key=parent.key, moment=parent.moment, creator=None)
