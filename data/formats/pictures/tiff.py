"""TIFF in every sample type that scanners and ImageJ write: integers, signed or not, floats, of any depth."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data.errors import RefusedScan
from data.formats.arrays import grey, on_black
from data.formats.limits import Limits, check_size, unreadable

# The library is imported where a TIFF is read: every child that decodes would wait for it.
if TYPE_CHECKING:
    import tifffile

# It writes what a file says of itself into its warnings.
logging.getLogger("tifffile").setLevel(logging.CRITICAL)

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE = 0, 1, 2, 3  # PhotometricInterpretation
_OPACITY = (1, 2)  # ExtraSamples
_PLANES = 2  # PlanarConfiguration: one channel behind the other
_ORIENTATION = 274
_SAMPLE_BYTES = 4
_DIFFER = RefusedScan("pages_differ", "The pages of this file have different sizes.")
_CHANNELS = RefusedScan(
    "channels", "This TIFF holds several channels or time points; please export the one to be read."
)

PHOTOMETRICS = frozenset({_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE})
"""What is read here; other colour spaces are a picture library's."""


def read_tiff(file: Path, limits: Limits) -> tuple[NDArray[Any], int] | None:
    """The grey pages (pages, rows, columns) as they are stored, and the tag Orientation (1 to 8).

    None where the colour space is none of PHOTOMETRICS. Raises RefusedScan for real colour, pages of
    different sizes, several channels, what is cut off, and sizes beyond `limits`.
    """
    import tifffile

    with tifffile.TiffFile(file) as tiff:
        pages: list[Any] = [page for page in (_page(tiff, index) for index in range(len(tiff.pages)))
                            if not page.is_reduced]  # fmt: skip
        if not pages:
            raise unreadable()
        if any(page.photometric not in PHOTOMETRICS for page in pages):
            return None
        orientation = pages[0].tags.valueof(_ORIENTATION, 1)
        stacked = _in_one_directory(tiff, pages, limits)
        if stacked is None:
            stacked = _stacked(tiff, pages, limits)
    return stacked, int(orientation)


def _page(tiff: tifffile.TiffFile, index: int) -> Any:
    return tiff.pages.get(index, aspage=True)


def _stacked(tiff: tifffile.TiffFile, pages: list[Any], limits: Limits) -> NDArray[Any]:
    first = pages[0]
    check_size(limits, len(pages), first.imagelength, first.imagewidth, item_bytes=_SAMPLE_BYTES)
    if any((page.imagelength, page.imagewidth) != (first.imagelength, first.imagewidth) for page in pages):
        raise _DIFFER
    for page in pages:
        check_size(limits, page.imagelength, page.imagewidth, page.samplesperpixel, item_bytes=_SAMPLE_BYTES)
        _check_whole(tiff, page)
    return np.stack([_grey_page(page, page.asarray()) for page in pages])


def _in_one_directory(tiff: tifffile.TiffFile, pages: list[Any], limits: Limits) -> NDArray[Any] | None:
    """ImageJ's large stacks: one directory for the first slice, the others right behind it."""
    if not tiff.is_imagej or not tiff.series:
        return None
    series = tiff.series[0]
    sizes = dict(zip(series.axes, series.shape, strict=True))
    along = {axis: n for axis, n in sizes.items() if axis not in "YXS" and n > 1}
    if len(along) > 1:
        raise _CHANNELS
    count = int(np.prod(list(along.values()), dtype=np.int64))
    if count <= len(pages):
        return None
    check_size(limits, count, sizes["Y"], sizes["X"], sizes.get("S", 1), item_bytes=_SAMPLE_BYTES)
    offset = series.dataoffset
    if offset is None or offset + series.nbytes > tiff.filehandle.size:
        raise RefusedScan("incomplete", "This file is incomplete: a part of the scan is missing.")
    array = series.asarray().reshape(count, sizes["Y"], sizes["X"], -1)
    return np.stack([_grey_page(pages[0], each[..., 0] if each.shape[-1] == 1 else each) for each in array])


def _check_whole(tiff: tifffile.TiffFile, page: Any) -> None:
    """Strips that lie beyond the end would come back as black."""
    ends = [offset + count for offset, count in zip(page.dataoffsets, page.databytecounts, strict=False)]
    if not ends or max(ends) > tiff.filehandle.size or not all(page.databytecounts):
        raise RefusedScan("incomplete", "This file is incomplete: a part of the scan is missing.")


def _grey_page(page: Any, stored: NDArray[Any]) -> NDArray[Any]:
    """One page as grey values (rows, columns) where more is brighter."""
    samples = stored
    if page.samplesperpixel > 1 and page.planarconfig == _PLANES and samples.shape[0] == page.samplesperpixel:
        samples = np.moveaxis(samples, 0, -1)
    if page.photometric == _PALETTE:
        return grey(np.moveaxis(np.asarray(page.colormap)[:, samples], 0, -1))
    if samples.ndim == 2:
        return _brighter_is_more(page, samples)
    colours = 3 if page.photometric == _RGB else 1
    if page.extrasamples and int(page.extrasamples[0]) in _OPACITY:
        samples = on_black(samples[..., : colours + 1])
    return grey(samples[..., :3]) if colours == 3 else _brighter_is_more(page, samples[..., 0])


def _brighter_is_more(page: Any, samples: NDArray[Any]) -> NDArray[Any]:
    if page.photometric != _WHITE_IS_ZERO:
        return np.asarray(samples)
    if samples.dtype == np.bool_:
        return np.asarray(~samples)
    if samples.dtype.kind == "u":
        return np.asarray(samples.dtype.type(2**page.bitspersample - 1) - samples)
    if samples.dtype.kind == "i":
        return np.asarray(~samples)
    finite = samples[np.isfinite(samples)]
    return np.asarray(finite.max() + finite.min() - samples) if finite.size else samples
