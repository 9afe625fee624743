"""Measurements that an older version kept, completed out of the masks that they are of."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from data import formats
from data.errors import NotFound
from data.files import FileStore
from data.packing import unpacked
from data.records import Measurements, Result, Review, Scan, SourceGrid, Spacing
from models.measuring import measure
from services import keys

_KEPT = 2048  # measurements in memory; a mask never changes under its key


class Remeasuring:
    """Measures a kept mask where what is kept of it lacks a size that is measured today; keeps no rows."""

    def __init__(self, files: FileStore) -> None:
        self._files = files
        self._measured = lru_cache(maxsize=_KEPT)(self._measure)

    def result(self, scan: Scan, result: Result) -> Result:
        """The result with every size that today's version measures, as far as its mask is kept."""
        measurements = self._completed(scan, result.measurements, keys.mask(result.id))
        return result if measurements is result.measurements else replace(result, measurements=measurements)

    def review(self, scan: Scan, review: Review) -> Review:
        """The same of a corrected mask."""
        measurements = self._completed(scan, review.measurements, keys.corrected_mask(review.id))
        return review if measurements is review.measurements else replace(review, measurements=measurements)

    def _completed(self, scan: Scan, kept: Measurements | None, key: str) -> Measurements | None:
        if kept is None or not _lacks_sizes(scan, kept):
            return kept
        try:
            measured = self._measured(key, scan.spacing, scan.grid)
        except NotFound:  # without its mask it stays as it is: pages say "not measured"
            return kept
        return measured if measured.voxels == kept.voxels else kept

    def _measure(self, key: str, spacing: Spacing, grid: SourceGrid) -> Measurements:
        return measure(unpacked(self._files.get(key)).astype(bool), spacing, formats.placed_affine(grid))


def _lacks_sizes(scan: Scan, kept: Measurements) -> bool:
    measurable = scan.spacing.voxel_ml is not None
    return measurable and any(lesion.maximum_3d_diameter_mm is None for lesion in kept.lesions)
