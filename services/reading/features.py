"""Features: what of each reading is kept to see when patients, scanners, pictures or answers change."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import Busy, NotFound
from data.files import FileStore
from data.ledger.rows import scanner_name
from data.packing import unpacked
from data.records import Features, Result, Scan
from data.stores.features import FeatureStore
from data.stores.results import ResultStore
from data.stores.scans import ScanStore
from models.features import PictureFeatures, binary_entropy, mean_entropy, picture_of
from services import keys
from services.inference.faults import FILE_FAULTS
from services.jobs import JobContext, Jobs

log = logging.getLogger(__name__)

FloatArray = NDArray[np.float32]
Pixels = NDArray[np.uint8]
JOB = "features"
MISSING = "missing"
AT_ONCE = 50
IN_A_ROW = 1000  # results, after which other jobs may come in between
LEAST_FOREGROUND = 0.05  # share of a slice; the vectors of emptier ones are left out
MOST = float(np.finfo(np.float16).max)


def measured_features(
    scan: Scan,
    result: Result,
    array: NDArray[Any] | None,
    pixels: Pixels | None,
    vectors: FloatArray | None,
    picture: PictureFeatures | None = None,
) -> Features:
    """What is kept of a reading of `array` (slices, height, width); raises nothing.

    `pixels` are the probabilities 0..255 of a segmentation, `vectors` (n, d) the network's of its n
    inputs, `picture` what was measured of `array` already. A number that cannot be had is None: no reading
    is lost for one.
    """
    known = _of_rows(scan, result)
    if array is None:
        return known
    try:
        picture = picture or picture_of(array)
        return replace(
            known,
            **picture.numbers,  # type: ignore[arg-type]
            doubt=known.doubt if pixels is None else mean_entropy(pixels, picture),
            vector=None if vectors is None else volume_vector(vectors, picture),
        )
    except Exception:  # a clinician's reading is not lost for a number that only drift uses
        log.exception("scan %s: its features cannot be had", scan.id)
        return known


def measured_picture(array: NDArray[Any]) -> PictureFeatures | None:
    """What is measured of the array of a reading, None where it cannot be had; raises nothing."""
    try:
        return picture_of(array)
    except Exception:  # a clinician's reading is not lost for a number beside it
        log.exception("a picture cannot be measured")
        return None


def volume_vector(vectors: FloatArray, picture: PictureFeatures) -> NDArray[np.float16] | None:
    """The mean of the vectors (n, d) of all slices that hold something; of all inputs where none does.

    None where the mean holds something that is not a number.
    """
    counted = np.ones(len(vectors), dtype=bool)
    each = picture.foreground.mean(axis=(1, 2)) >= LEAST_FOREGROUND
    of_slice = np.repeat(each, picture.sampled[0].step)[: len(vectors)]
    if len(of_slice) == len(vectors) and of_slice.any():
        counted = of_slice
    mean = vectors[counted].mean(axis=0, dtype=np.float64)
    return np.clip(mean, -MOST, MOST).astype(np.float16) if np.isfinite(mean).all() else None


class FeatureCompletion:
    """Features of results that were kept by a Lightbox which knew none, as a job."""

    def __init__(
        self, features: FeatureStore, results: ResultStore, scans: ScanStore, files: FileStore, jobs: Jobs
    ) -> None:
        self._features = features
        self._results = results
        self._scans = scans
        self._files = files
        self._jobs = jobs
        jobs.register(JOB, self._work, limit=1)

    def resume(self) -> None:
        """Have features made where there are none."""
        if self._features.without(limit=1):
            self._jobs.submit(JOB, MISSING)

    def complete(self, result_id: str) -> None:
        """Make a kept result's features of its kept pixels.

        It gets no vector: that comes only with a reading.
        """
        result = self._results.get(result_id)
        scan = None if result is None else self._scans.get(result.scan_id)
        if result is None or scan is None:
            return
        self._features.add(measured_features(scan, result, self._array(scan), self._pixels(result), None))

    def _work(self, job: JobContext) -> None:
        last, done = "", 0
        while part := self._features.without(after=last, limit=AT_ONCE):
            for result_id in part:
                if job.cancelled():
                    return
                self._try_to_complete(result_id)
            last, done = part[-1], done + len(part)
            if done >= IN_A_ROW:
                raise Busy("Features of older results are made when nothing else is to be done.")

    def _try_to_complete(self, result_id: str) -> None:
        try:
            self.complete(result_id)
        except FILE_FAULTS:  # the others need not wait for it; the next start tries again
            log.exception("result %s: its features cannot be made", result_id)

    def _array(self, scan: Scan) -> NDArray[Any] | None:
        try:
            return self._files.get_array(keys.array(scan.id))
        except NotFound:
            return None

    def _pixels(self, result: Result) -> Pixels | None:
        try:
            return unpacked(self._files.get(keys.pixel_probability(result.id)))
        except NotFound:  # no mask was asked for
            return None


def _of_rows(scan: Scan, result: Result) -> Features:
    """What scan and result say without their pixels."""
    header, measured = scan.header, result.measurements
    return Features(
        result_id=result.id,
        scan_id=scan.id,
        task=result.task,
        version=result.provenance.model_version,
        created_at=result.created_at,
        synthetic=scan.synthetic,
        row_mm=scan.spacing.row_mm,
        slice_mm=scan.spacing.slice_mm,
        slices=scan.slices,
        height=scan.height,
        width=scan.width,
        probability=result.probability,
        volume_ml=None if measured is None else measured.volume_ml,
        lesions=None if measured is None else len(measured.lesions),
        doubt=None if result.has_mask else binary_entropy(result.probability),
        estimated_dice=result.estimated_dice,
        outside_distance=result.outside_distance,
        latency_ms=sum(result.provenance.timings_ms.values()) or None,
        age_years=header.age_years,
        hour=None if header.acquired_day_only else _hour(header.acquired_at),
        sex=header.sex,
        site=header.site,
        scanner=scanner_name(header.manufacturer, header.scanner),
        software=header.software,
    )


def _hour(acquired_at: datetime | None) -> float | None:
    """The time of day in hours; midnight to the microsecond is a day without a time."""
    if acquired_at is None:
        return None
    since = acquired_at.hour + acquired_at.minute / 60 + acquired_at.second / 3600
    return since if since or acquired_at.microsecond else None
