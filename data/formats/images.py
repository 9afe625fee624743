"""PNG, JPEG, TIFF, WebP and BMP: pictures without geometry."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageSequence

from data.errors import RefusedScan
from data.formats.arrays import grey, plain
from data.formats.limits import Limits, check_size, unreadable

_PILLOW_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "BMP")
_GREY_MODES = {"L", "I", "F", "I;16", "I;16L", "I;16B", "I;16N"}
_PIXEL_BYTES = 4


def read_picture(file: Path, limits: Limits) -> NDArray[Any]:
    """The grey picture as (pages, height, width), as stored; several pages only from TIFF.

    Raises RefusedScan for real colour, pages of different sizes, damage, and sizes beyond `limits`.
    """
    try:
        picture = Image.open(file, formats=_PILLOW_FORMATS)
    except Image.DecompressionBombError as error:
        raise RefusedScan("too_large", "This picture is larger than Lightbox can read.") from error
    with picture:
        # Other formats' frames are animations, not slices.
        pages = getattr(picture, "n_frames", 1) if picture.format == "TIFF" else 1
        check_size(limits, pages, picture.height, picture.width, item_bytes=_PIXEL_BYTES)
        frames = _frames(picture, pages)
    if len({frame.shape for frame in frames}) > 1:
        raise RefusedScan("pages_differ", "The pages of this file have different sizes.")
    return plain(np.stack(frames))


def _frames(picture: Image.Image, pages: int) -> list[NDArray[Any]]:
    if pages == 1:
        return [_grey_page(picture)]
    size = picture.size
    frames = []
    for page in ImageSequence.Iterator(picture):
        if page.size != size:
            raise RefusedScan("pages_differ", "The pages of this file have different sizes.")
        frames.append(_grey_page(page))
    return frames


def _grey_page(page: Image.Image) -> NDArray[Any]:
    if page.mode in _GREY_MODES:
        return np.array(page)
    if page.mode == "1":
        return np.array(page.convert("L"))
    if page.mode in {"LA", "La", "PA", "RGBA", "RGBa"} or "transparency" in page.info:
        page = _on_black(page)
    pixels = np.array(page.convert("RGB"))
    if pixels.ndim != 3:
        raise unreadable()
    return grey(pixels)


def _on_black(page: Image.Image) -> Image.Image:
    """What is transparent counts as black."""
    clear = page.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", clear.size, (0, 0, 0, 255)), clear)
