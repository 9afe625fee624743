"""A scan's own voxels, masks and probabilities as raw bytes, for a viewer that draws them itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.arrays import release
from data.errors import NO_SCAN, InvalidInput, NotFound
from data.files import FileStore
from data.records import User, counting_mask
from data.stores.results import ResultStore
from data.stores.reviews import ReviewStore
from services import keys
from services.permissions import Permission, require
from services.reviewing.pictures import AI, CORRECTED, Pictures
from services.reviewing.volumes import kept_arrays

VOXEL_TYPES = ("uint8", "int16", "uint16", "float32")
"""What raw voxels may be of; all are little-endian."""

_PIECE_BYTES = 4 << 20


@dataclass(frozen=True)
class RawVoxels:
    """Raw little-endian voxels in display order (slice, row, column), piece by piece."""

    voxel_type: str
    pieces: Iterator[bytes]


class Voxels:
    """Reads; changes nothing."""

    def __init__(
        self, results: ResultStore, reviews: ReviewStore, files: FileStore, pictures: Pictures
    ) -> None:
        """`pictures` lends its memory of unpacked masks."""
        self._results = results
        self._reviews = reviews
        self._files = files
        self._unpacked = pictures.unpacked
        self._array = kept_arrays(files)

    def volume(self, scan_id: str, viewer: User, first: int = 0, last: int | None = None) -> RawVoxels:
        """Slices `first` to `last` (inclusive; by default the last there is).

        Raises NotFound where there are no such slices, also for who may see no scans.
        """
        require(viewer, Permission.SEE_SCANS, hidden=NO_SCAN)
        array = self._array(keys.array(scan_id))
        end = len(array) - 1 if last is None else last
        if not 0 <= first <= end < len(array):
            raise NotFound("There are no such slices.")
        voxel_type = voxel_type_of(array.dtype)
        return RawVoxels(voxel_type, _pieces(array[first : end + 1], voxel_type))

    def mask(self, scan_id: str, viewer: User, layer: str, version: str = "") -> RawVoxels:
        """A whole mask, uint8 0 or 1: the AI's, or a reviewer's corrected one.

        `version` is the id of the result or review; without one it is the newest that counts. Raises
        NotFound where this scan has no such mask, also for who may see no scans.
        """
        require(viewer, Permission.SEE_SCANS, hidden=NO_SCAN)
        key = self._mask_key(scan_id, layer, version)
        return RawVoxels("uint8", _pieces(self._unpacked(key), "uint8"))

    def probability(self, scan_id: str, viewer: User, version: str = "") -> RawVoxels:
        """The probability of each voxel, uint8 with 255 for 1, of result `version` or of the latest.

        Raises NotFound where there is none, also for who may see no scans.
        """
        require(viewer, Permission.SEE_SCANS, hidden=NO_SCAN)
        key = keys.pixel_probability(self._result_id(scan_id, version))
        return RawVoxels("uint8", _pieces(self._unpacked(key), "uint8"))

    def has_probability(self, result_id: str) -> bool:
        """Whether the probability of each voxel was kept with a result."""
        return self._files.exists(keys.pixel_probability(result_id))

    def _mask_key(self, scan_id: str, layer: str, version: str) -> str:
        if layer == AI:
            return keys.mask(self._result_id(scan_id, version))
        if layer != CORRECTED:
            raise InvalidInput("The mask is either the AI's or the corrected one.")
        return keys.corrected_mask(self._review_id(scan_id, version))

    def _result_id(self, scan_id: str, version: str) -> str:
        result = self._results.get(version) if version else self._results.latest(scan_id)
        if result is None or result.scan_id != scan_id:
            raise NotFound("This scan has no such result.")
        return result.id

    def _review_id(self, scan_id: str, version: str) -> str:
        brought = counting_mask(self._reviews.get(version) if version else self._reviews.current(scan_id))
        if brought is None or brought.scan_id != scan_id:
            raise NotFound("This scan has no such corrected mask.")
        return brought.id


def voxel_type_of(dtype: np.dtype[Any]) -> str:
    """The narrowest of `VOXEL_TYPES` that holds what an array of `dtype` holds.

    Whole numbers of 32 bits and more, and doubles, become float32, whose 24 bits are enough for the eye.
    """
    if dtype == np.bool_:
        return "uint8"
    return next((name for name in VOXEL_TYPES if np.can_cast(dtype, name)), "float32")


def _pieces(array: NDArray[Any], voxel_type: str) -> Iterator[bytes]:
    """Few slices at a time, so that neither a large array nor its bytes are in memory as a whole."""
    raw = np.dtype(voxel_type).newbyteorder("<")
    step = max(1, _PIECE_BYTES // max(1, array[:1].nbytes))
    for start in range(0, len(array), step):
        yield np.ascontiguousarray(array[start : start + step]).astype(raw, copy=False).tobytes()
    release(array)
