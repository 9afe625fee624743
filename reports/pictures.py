"""Pictures of scans: grey slices, transparent layers over them, thumbnails. All are PNG bytes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

from reports.colours import Colour

MaskArray = NDArray[np.bool_]
THUMBNAIL = 96
NOTICE_HEIGHT = 16
SHORT_NOTICE = "Not for diagnostic use"


def default_window(array: NDArray[Any]) -> tuple[float, float, float, float]:
    """(low, high, minimum, maximum) of (slices, height, width): percentiles 1 and 99.5, and the range."""
    sample = array[:: max(1, len(array) // 24)]
    values = np.asarray(sample, dtype=np.float32)[:, ::2, ::2]
    low, high = np.percentile(values, [1, 99.5])
    minimum, maximum = float(array.min()), float(array.max())
    if high <= low:
        low, high = minimum, max(maximum, minimum + 1)
    return float(low), float(high), minimum, maximum


def slice_png(picture: NDArray[Any], low: float, high: float) -> bytes:
    """One slice (height, width), grey: `low` is black, `high` is white."""
    return _png(Image.fromarray(grey(picture, low, high)))


def layer_png(mask: MaskArray, colour: Colour) -> bytes:
    """A mask (height, width) filled with `colour`, transparent elsewhere; opacity is the viewer's."""
    return _png(_coloured(mask, colour))


def outline_png(mask: MaskArray, colour: Colour) -> bytes:
    """The outermost pixels of a mask (height, width) in `colour`, transparent elsewhere."""
    return _png(_coloured(outline(mask), colour))


def heatmap_png(heat: NDArray[np.uint8]) -> bytes:
    """Evidence 0..255 (height, width), from clear through yellow to red."""
    share = heat.astype(np.float32) / 255
    rgba = np.zeros((*heat.shape, 4), np.uint8)
    rgba[..., 0] = 255
    rgba[..., 1] = (255 * np.clip(1.4 - 1.4 * share, 0, 1)).astype(np.uint8)
    rgba[..., 3] = (200 * np.clip(share * 1.3 - 0.15, 0, 1)).astype(np.uint8)
    return _png(Image.fromarray(rgba))


def outlines_png(
    picture: NDArray[Any], low: float, high: float, drawn: Sequence[tuple[MaskArray, Colour]]
) -> bytes:
    """A slice (height, width) with the outline of each mask in its colour, the last on top; notice below."""
    base = Image.fromarray(grey(picture, low, high)).convert("RGBA")
    for mask, colour in drawn:
        base = Image.alpha_composite(base, _coloured(outline(mask), colour))
    return _png(_with_notice(base.convert("RGB")))


def thumbnail_png(array: NDArray[Any], index: int | None = None) -> bytes:
    """The middle slice (or slice `index`) of (slices, height, width), at most 96 px."""
    low, high, _, _ = default_window(array)
    chosen = array[len(array) // 2 if index is None else index]
    picture = Image.fromarray(grey(chosen, low, high))
    picture.thumbnail((THUMBNAIL, THUMBNAIL))
    return _png(picture)


def outline(mask: MaskArray) -> MaskArray:
    """The pixels of a mask (height, width) that have a neighbour outside it."""
    edge: MaskArray = mask & ~ndimage.binary_erosion(mask, border_value=0)
    return edge


def grey(picture: NDArray[Any], low: float, high: float) -> NDArray[np.uint8]:
    """A slice (height, width) in 8 bits: `low` and below is 0, `high` and above 255."""
    scale = 255.0 / max(high - low, 1e-9)
    values = (np.asarray(picture, dtype=np.float32) - low) * scale
    shown: NDArray[np.uint8] = np.clip(values, 0, 255).astype(np.uint8)
    return shown


def _coloured(mask: MaskArray, colour: Colour) -> Image.Image:
    rgba = np.zeros((*mask.shape, 4), np.uint8)
    rgba[mask] = (*colour, 255)
    return Image.fromarray(rgba)


def _with_notice(picture: Image.Image) -> Image.Image:
    """The picture on a strip that says what it is not for; the picture's own pixels stay."""
    strip = Image.new("RGB", (picture.width, picture.height + NOTICE_HEIGHT))
    strip.paste(picture, (0, 0))
    place = (4, picture.height + 2)
    ImageDraw.Draw(strip).text(place, SHORT_NOTICE, fill=(255, 214, 102), font_size=10)
    return strip


def _png(picture: Image.Image) -> bytes:
    memory = io.BytesIO()
    # Level 1 is a third of the size's cost at a fifth of the time: slices are drawn while scrolling.
    picture.save(memory, "PNG", compress_level=1)
    return memory.getvalue()
