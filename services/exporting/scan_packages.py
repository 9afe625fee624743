"""A scan with its results and reviews for the central house: the bytes that were kept, and what was said.

The kept bytes have no identifiers; who the patient is, and what a PACS matches the study by, is said beside
them, as both houses are of one hospital.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from data.errors import NotFound
from data.files import FileStore
from data.formats import scan_package
from data.records import Identity, PackagedScan, Result, Review, Scan, ScanPackage
from data.stores.study_identifiers import StudyIdentifierStore
from data.version import VERSION
from services import keys
from services.exporting.versions import ResultVersion
from services.reading.reader import input_sha256
from services.reporting.reports import File

GONE = "The bytes that this scan came from are not here any more, so it cannot be sent."
_ORIGINAL = "original"


class ScanPackages:
    """Makes them; keeps nothing."""

    def __init__(self, files: FileStore, identifiers: StudyIdentifierStore) -> None:
        self._files = files
        self._identifiers = identifiers

    def file(self, version: ResultVersion) -> File:
        """The package of a scan. Raises NotFound where its bytes are gone."""
        scan, results = version.view.scan, sorted(version.view.results, key=_age)
        reviews = sorted(version.view.reviews, key=_age)
        suffix = self._suffix(scan)
        package = ScanPackage(
            scan=self._scan(version, suffix),
            latest_result_id=version.result.id,
            results=tuple(results),
            reviews=tuple(reviews),
            software=VERSION,
        )
        with ExitStack() as opened:
            original = opened.enter_context(self._files.as_path(keys.original(scan.id, suffix)))
            blobs: dict[str, bytes | Path] = {scan_package.ORIGINAL: original}
            blobs |= dict(self._said(results, reviews))
            content = scan_package.written(package, blobs)
        return File(f"{scan.id}.zip", content, scan_package.MEDIA_TYPE)

    def _scan(self, version: ResultVersion, suffix: str) -> PackagedScan:
        scan, patient = version.view.scan, version.view.patient
        identity = patient.identity or Identity()
        return PackagedScan(
            content_sha256=scan.content_sha256,
            input_sha256=input_sha256(self._files.get_array(keys.array(scan.id))),
            task=scan.task,
            shape=scan.shape,
            label=identity.patient_id or patient.pseudonym,
            suffix=suffix,
            as_volume=scan.grid.kind == "image" and scan.slices > 1,
            header=scan.header,
            identity=identity,
            identifiers=self._identifiers.get(scan.id),
            created_at=scan.created_at,
        )

    def _suffix(self, scan: Scan) -> str:
        for key in self._files.keys(f"scans/{scan.id}"):
            name = key.rpartition("/")[2]
            if name.startswith(f"{_ORIGINAL}."):
                return name.removeprefix(_ORIGINAL)
        raise NotFound(GONE)

    def _said(self, results: list[Result], reviews: list[Review]) -> Iterator[tuple[str, bytes]]:
        """The masks and maps that are kept of results and reviews, by their names in the package."""
        for result in results:
            for which, key in blob_keys(result.id).items():
                if self._files.exists(key):
                    yield scan_package.result_blob(result.id, which), self._files.get(key)
        for review in reviews:
            if review.measurements is not None:
                yield scan_package.review_blob(review.id), self._files.get(keys.corrected_mask(review.id))


def blob_keys(result_id: str) -> dict[str, str]:
    """Where what belongs to a result is kept, by its name in a package."""
    return {
        "mask": keys.mask(result_id),
        "pixels": keys.pixel_probability(result_id),
        "heatmap": keys.heatmap(result_id),
    }


def _age(said: Result | Review) -> tuple[object, str]:
    return said.created_at, said.id
