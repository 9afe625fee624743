"""The key pictures of a reading: of each of the largest lesions the slice that shows the most of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.files import FileStore
from data.records import Lesion, PictureBox, Scan
from models.text_detection.redaction import blacked_out
from reports.key_pictures import Mark, key_picture_png
from services import keys
from services.burned_in_text.screening import PictureScreening
from services.reviewing.pictures import AI, COLOURS, CORRECTED, Pictures
from services.reviewing.scan_views import ScanView

MOST = 3


@dataclass(frozen=True)
class KeySlice:
    """A slice, by its index, and which lesions (from 1, the largest first) it is the largest slice of.

    `layer` is whose outline is drawn; None: nobody's.
    """

    index: int
    lesions: tuple[int, ...] = ()
    layer: str | None = None


class KeyPictures:
    """Chooses slices, and draws them when asked."""

    def __init__(self, files: FileStore, pictures: Pictures, screening: PictureScreening) -> None:
        self._files = files
        self._pictures = pictures
        self._screening = screening

    def blackened(self, scan: Scan, *, named: bool) -> tuple[PictureBox, ...]:
        """What is black in a scan's pictures: nothing where they leave with the patient's name.

        Raises HeldPicture where they may not leave without it.
        """
        return () if named else self._screening.boxes_to_blacken(scan)

    def chosen(self, view: ScanView) -> tuple[KeySlice, ...]:
        """At most MOST slices of the outline that counts; the middle slice where nothing is outlined."""
        layer = AI if view.corrected is None else CORRECTED
        lesions = () if view.measurements is None else view.measurements.lesions[:MOST]
        if not lesions:
            return (KeySlice(view.scan.slices // 2),)
        numbers: dict[int, tuple[int, ...]] = {}
        for number, lesion in enumerate(lesions, start=1):
            numbers[lesion.largest_slice] = (*numbers.get(lesion.largest_slice, ()), number)
        return tuple(KeySlice(index, on_it, layer) for index, on_it in numbers.items())

    def drawn(self, view: ScanView, chosen: KeySlice, *, named: bool) -> bytes:
        """The slice as a PNG, with all that is outlined on it; `named`: it leaves with the patient's name.

        Raises NotFound, HeldPicture where it may not leave without it.
        """
        scan = view.scan
        boxes = self.blackened(scan, named=named)
        low, high, _, _ = self._pictures.window(scan.id)
        mask = None if chosen.layer is None else self._pictures.mask(scan.id, chosen.layer)[chosen.index]
        measurements = view.measurements
        marks = []
        if mask is not None and measurements is not None:
            marks = [_mark(number, measurements.lesions[number - 1], mask) for number in chosen.lesions]
        return key_picture_png(
            blacked_out(self._files.get_array(keys.array(scan.id))[chosen.index], boxes, low),
            (low, high),
            mask=mask,
            colour=COLOURS[chosen.layer or AI],
            marks=marks,
            letters=view.orientation,
            spacing_mm=scan.spacing.in_plane,
            words=f"Slice {chosen.index + 1} of {scan.slices}" if scan.slices > 1 else "",
        )


def _mark(number: int, lesion: Lesion, mask: NDArray[np.bool_]) -> Mark:
    """The number up and right of what the slice's mask (rows, columns) has in the lesion's box."""
    (top, bottom), (left, right) = lesion.box.rows, lesion.box.columns
    rows, columns = np.nonzero(mask[top : bottom + 1, left : right + 1])
    return Mark(str(number), float(top + rows.min()), float(left + columns.max()))
