"""The pictures of a kept scan: slices under a window, masks, outlines, heat map, downloads."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data import formats
from data.errors import NotFound
from data.files import FileStore
from data.records import Result, Scan, counting_mask, marked_name
from data.stores.results import ResultStore
from data.stores.reviews import ReviewStore
from data.stores.scans import ScanStore
from models.text_detection.redaction import blacked_out
from reports import masks as mask_files
from reports import pictures
from reports.colours import AI_COLOUR, CORRECTED_COLOUR
from reports.key_pictures import captioned_png, key_picture_png
from services import keys
from services.burned_in_text.screening import PictureScreening
from services.reading_words import OF_NOBODY
from services.reviewing.blinding import NO_CORRECTED_MASK
from services.reviewing.scan_views import letters
from services.reviewing.volumes import MEMORY_BYTES, kept_volumes
from services.reviewing.windows import NamedWindow, named_windows
from services.task_words import words_of

AI = "ai"
CORRECTED = "corrected"
COLOURS = {AI: AI_COLOUR, CORRECTED: CORRECTED_COLOUR}

Download = tuple[bytes, str, str]


class Pictures:
    """Drawn when asked; nothing drawn is kept."""

    def __init__(
        self,
        scans: ScanStore,
        results: ResultStore,
        reviews: ReviewStore,
        files: FileStore,
        screening: PictureScreening,
        memory_bytes: int = MEMORY_BYTES,
    ) -> None:
        """`screening` says which pictures may leave; `memory_bytes`: how much of unpacked masks and heat maps
        is held in memory.
        """
        self._screening = screening
        self._scans = scans
        self._results = results
        self._reviews = reviews
        self._files = files
        self.unpacked = kept_volumes(files, memory_bytes)
        self._window = lru_cache(maxsize=512)(self._window_of)
        self._windows = lru_cache(maxsize=512)(self._windows_of)

    def slice_png(
        self, scan_id: str, index: int, low: float | None = None, high: float | None = None
    ) -> bytes:
        """Slice `index`, grey, at the scan's own matrix; raises NotFound."""
        chosen = _nth(self._array(scan_id), index)
        default_low, default_high, _, _ = self._window(scan_id)
        return pictures.slice_png(
            chosen, default_low if low is None else low, default_high if high is None else high
        )

    def window(self, scan_id: str) -> tuple[float, float, float, float]:
        """(default low, default high, minimum, maximum) in the scan's own intensities."""
        return self._window(scan_id)

    def windows(self, scan_id: str) -> tuple[NamedWindow, ...]:
        """The windows to choose from, the default one first; raises NotFound."""
        return self._windows(scan_id)

    def mask_png(self, scan_id: str, index: int, layer: str = AI) -> bytes:
        """The mask of slice `index`, filled, on clear ground."""
        return pictures.layer_png(self._slice_of_mask(scan_id, index, layer), COLOURS[layer])

    def outline_png(self, scan_id: str, index: int, layer: str = AI) -> bytes:
        """The mask's outline on slice `index`, on clear ground."""
        return pictures.outline_png(self._slice_of_mask(scan_id, index, layer), COLOURS[layer])

    def compared_outline_png(self, scan_id: str, layer_id: str, index: int) -> bytes:
        """The outline of any result of a scan, or of the mask that a review of it brought, by its id."""
        result, review = self._results.get(layer_id), self._reviews.get(layer_id)
        if result is not None and result.scan_id == scan_id and result.has_mask:
            key, colour = keys.mask(layer_id), COLOURS[AI]
        elif review is not None and review.scan_id == scan_id and review.measurements is not None:
            key, colour = keys.corrected_mask(layer_id), COLOURS[CORRECTED]
        else:
            raise NotFound("This scan has no such mask.")
        return pictures.outline_png(_nth(np.asarray(self.unpacked(key), dtype=bool), index), colour)

    def heatmap_png(self, scan_id: str) -> bytes:
        """What spoke for the finding, on clear ground; raises NotFound where there is none."""
        result = self._results.latest(scan_id)
        if result is None or not result.has_heatmap:
            raise NotFound("This scan has no heat map.")
        return pictures.heatmap_png(self.unpacked(keys.heatmap(result.id)))

    def mask(self, scan_id: str, layer: str = AI) -> NDArray[np.bool_]:
        """The whole mask (slices, height, width) as displayed; raises NotFound where there is none."""
        return np.asarray(self.unpacked(self._mask_key(scan_id, layer)), dtype=bool)

    def mask_file(self, scan_id: str, form: str, layer: str = AI, index: int | None = None) -> Download:
        """(bytes, file name, media type) of a mask in the scan's own grid.

        `form` is "nifti", or "png" for one slice (slice `index`, by default the middle one).
        """
        scan, mask = self._scans.existing(scan_id), self.mask(scan_id, layer)
        name = f"{marked_name(scan.id[:8], scan.synthetic)}.{layer}-mask"
        if form == "nifti":
            return mask_files.mask_nifti(mask, scan.grid), f"{name}.nii.gz", "application/gzip"
        chosen = self._chosen(scan, index)
        # A picture's mask lies on the file's own picture, a volume's slice on the slice as displayed.
        volume = formats.is_volume(scan.grid)
        drawn = mask[chosen] if volume else formats.source_picture(mask, scan.grid)
        return mask_files.mask_png(drawn), f"{name}-{chosen + 1}.png", "image/png"

    def overlay_file(
        self,
        scan_id: str,
        whose: str,
        index: int | None = None,
        layer: str = AI,
        window: tuple[float, float] | None = None,
        remark: str | None = None,
    ) -> Download:
        """(bytes, file name, media type) of one slice with the mask's outline, letters and scale.

        Below stand `whose` (a pseudonym), slice, window (the own one unless given), version, `remark` where
        there is one, and the notice. Text that is burned in is black where somebody decided so. Raises
        NotFound, HeldPicture where the picture may not leave.
        """
        scan = self._scans.existing(scan_id)
        chosen = self._chosen(scan, index)
        boxes = self._screening.boxes_to_blacken(scan)
        low, high = window or self._window(scan_id)[:2]
        if (low, high) != self._window(scan_id)[:2]:
            self._screening.refuse_window(scan, chosen, (low, high))
        try:
            drawn = self.mask(scan_id, layer)[chosen]
        except NotFound:
            drawn = None
        row_mm, column_mm = scan.spacing.row_mm, scan.spacing.column_mm
        picture = key_picture_png(
            blacked_out(self._array(scan_id)[chosen], boxes, low),
            (low, high),
            mask=drawn,
            colour=COLOURS[layer],
            marks=(),
            letters=letters(scan.grid),
            spacing_mm=(row_mm, column_mm) if row_mm and column_mm else None,
            words="",
        )
        lines = caption(scan, self._results.latest(scan_id), whose, chosen, (low, high), layer)
        of_nobody = (OF_NOBODY,) if scan.synthetic else ()
        said = (*lines[:-1], *of_nobody, *(() if remark is None else (remark,)), lines[-1])
        return (
            captioned_png(picture, said),
            f"{marked_name(scan.id[:8], scan.synthetic)}-{chosen + 1}.png",
            "image/png",
        )

    def _slice_of_mask(self, scan_id: str, index: int, layer: str) -> NDArray[np.bool_]:
        return _nth(self.mask(scan_id, layer), index)

    def _mask_key(self, scan_id: str, layer: str) -> str:
        if layer == CORRECTED:
            brought = counting_mask(self._reviews.current(scan_id))
            if brought is None:
                raise NotFound(NO_CORRECTED_MASK)
            return keys.corrected_mask(brought.id)
        result = self._results.latest(scan_id)
        if layer != AI or result is None or not result.has_mask:
            raise NotFound("This scan has no mask.")
        return keys.mask(result.id)

    def _chosen(self, scan: Scan, index: int | None) -> int:
        chosen = scan.slices // 2 if index is None else index
        if not 0 <= chosen < scan.slices:
            raise NotFound("There is no such slice.")
        return chosen

    def _array(self, scan_id: str) -> NDArray[Any]:
        return self._files.get_array(keys.array(scan_id))

    def _window_of(self, scan_id: str) -> tuple[float, float, float, float]:
        return pictures.default_window(self._array(scan_id))

    def _windows_of(self, scan_id: str) -> tuple[NamedWindow, ...]:
        body_part = words_of(self._scans.existing(scan_id).task).body_part
        return named_windows(self._array(scan_id), self._window(scan_id), body_part, self._stated(scan_id))

    def _stated(self, scan_id: str) -> tuple[float, float] | None:
        """The window that the scan's file states, None where it states none."""
        if not self._files.exists(keys.window(scan_id)):
            return None
        low, high = json.loads(self._files.get(keys.window(scan_id)))
        return float(low), float(high)


def caption(
    scan: Scan, result: Result | None, whose: str, index: int, window: tuple[float, float], layer: str
) -> tuple[str, ...]:
    """What stands below a picture that leaves the house: of whom, which slice, how shown, who outlined."""
    where = f"slice {index + 1} of {scan.slices}" if scan.slices > 1 else "one picture"
    drawn = "corrected outline" if layer == CORRECTED else "outline by the model"
    version = "" if result is None else f", version {result.provenance.model_version}"
    outlined = (
        f"{drawn}{version}"
        if result is not None and result.has_mask
        else f"read{version}"
        if version
        else "not read"
    )
    return (
        f"{whose}, {scan.header.sequence or scan.header.modality or 'scan'}, {where}",
        f"Window {window[0]:g} to {window[1]:g}; {outlined}",
        pictures.SHORT_NOTICE,
    )


def _nth(slices: NDArray[Any], index: int) -> NDArray[Any]:
    """Slice `index`; raises NotFound where there is none (a negative one counts as none)."""
    if not 0 <= index < len(slices):
        raise NotFound("There is no such slice.")
    chosen: NDArray[Any] = slices[index]
    return chosen
