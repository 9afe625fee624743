"""The pictures of a rehearsal: a slice with both outlines, drawn when asked."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from data.errors import NotFound
from data.files import FileStore
from data.packing import unpacked
from data.records import RehearsedScan
from reports import pictures
from reports.colours import AI_COLOUR, CANDIDATE_COLOUR, Colour
from services import keys
from services.reviewing.pictures import Pictures
from services.versions.rehearsals import Rehearsals
from services.versions.rehearser import CANDIDATE, CHAMPION

Outline = tuple[NDArray[np.bool_], Colour]


class RehearsalPictures:
    """Where two versions differ."""

    def __init__(self, rehearsals: Rehearsals, shown: Pictures, files: FileStore) -> None:
        self._rehearsals = rehearsals
        self._shown = shown
        self._files = files

    def kept(self, rehearsal_id: str) -> bool:
        """Whether the masks are still here; they go with the next rehearsal of the same version."""
        differences = self._rehearsals.opened(rehearsal_id).differences
        drawn = next((difference for difference in differences if difference.overlap is not None), None)
        key = None if drawn is None else keys.rehearsed_mask(rehearsal_id, drawn.scan_id, CANDIDATE)
        return key is None or self._files.exists(key)

    def png(self, rehearsal_id: str, scan_id: str) -> bytes:
        """The slice that differs most: the champion's outline, and the candidate's on top of it.

        A task without masks has the bare slice. Raises NotFound and TrackingAway.
        """
        rehearsed = self._rehearsals.opened(rehearsal_id).differences
        scan = next((scan for scan in rehearsed if scan.scan_id == scan_id), None)
        if scan is None:
            raise NotFound("This scan was not rehearsed.")
        low, high, _, _ = self._shown.window(scan_id)
        array = self._files.get_array(keys.array(scan_id))
        return pictures.outlines_png(array[scan.slice], low, high, self._drawn(rehearsal_id, scan))

    def _drawn(self, rehearsal_id: str, scan: RehearsedScan) -> list[Outline]:
        if scan.overlap is None:
            return []
        champion = keys.rehearsed_mask(rehearsal_id, scan.scan_id, CHAMPION)
        if scan.result_id is not None:
            champion = keys.mask(scan.result_id)
        candidate = keys.rehearsed_mask(rehearsal_id, scan.scan_id, CANDIDATE)
        return [
            (self._slice(champion, scan.slice), AI_COLOUR),
            (self._slice(candidate, scan.slice), CANDIDATE_COLOUR),
        ]

    def _slice(self, key: str, index: int) -> NDArray[np.bool_]:
        return np.asarray(unpacked(self._files.get(key))[index], dtype=bool)
