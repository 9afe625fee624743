"""The pictures of many scans at a glance: of each the slice that shows the most."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from data.errors import NotFound
from data.files import FileStore
from reports.gallery import outlined_png
from services import keys
from services.reviewing.pictures import AI, COLOURS, CORRECTED, Pictures


class ScanGallery:
    """Draws when asked; keeps nothing."""

    def __init__(self, files: FileStore, pictures: Pictures) -> None:
        self._files = files
        self._pictures = pictures

    def thumbnail(self, scan_id: str) -> bytes:
        """The slice with the largest part of the mask, outlined; without a mask the middle one.

        The corrected mask is shown where there is one. Raises NotFound.
        """
        array = self._files.get_array(keys.array(scan_id))
        low, high, _, _ = self._pictures.window(scan_id)
        mask, layer = self._mask(scan_id)
        areas = None if mask is None else mask.sum(axis=(1, 2))
        index = len(array) // 2 if areas is None or not areas.any() else int(areas.argmax())
        return outlined_png(array[index], low, high, None if mask is None else mask[index], COLOURS[layer])

    def _mask(self, scan_id: str) -> tuple[NDArray[np.bool_] | None, str]:
        for layer in (CORRECTED, AI):
            try:
                return self._pictures.mask(scan_id, layer), layer
            except NotFound:
                continue
        return None, AI
