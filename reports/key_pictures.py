"""A slice as it is printed: outline, lesion numbers, letters of the body's directions, scale bar.

Lines have a dark edge, so that they are told from the picture without colours too.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from reports.colours import Colour
from reports.pictures import MaskArray

LONG_SIDE = 620  # pixels of the slice's longer side on paper
MARGIN = 44  # of black around it, where letters and scale stand
_FONT = 32
_CAPTION, _SMALLEST = 24, 10  # font sizes of a caption
_EDGE = 4  # of dark around letters
_AWAY = 10  # pixels between an outline and its number
_BAR_SHARE = 0.3  # of the slice's width that a scale bar takes at most
_WHITE = (255, 255, 255)

Letters = tuple[str, str, str, str]


@dataclass(frozen=True)
class Mark:
    """A number up and right of the pixel (row, column) of the slice."""

    words: str
    row: float
    column: float


def key_picture_png(
    picture: NDArray[Any],
    window: tuple[float, float],
    *,
    mask: MaskArray | None,
    colour: Colour,
    marks: Sequence[Mark],
    letters: Letters | None,
    spacing_mm: tuple[float, float] | None,
    words: str,
) -> bytes:
    """A slice (rows, columns), `window` being what is black and what is white.

    `letters` are at (left, right, top, bottom), `spacing_mm` is (row, column): without it pixels are
    drawn square and there is no scale bar. `words` stand below the slice.
    """
    size = _size(picture.shape[0], picture.shape[1], spacing_mm)
    slice_ = _grey(picture, window).resize(size, Image.Resampling.BICUBIC).convert("RGB")
    if mask is not None and mask.any():
        slice_ = _outlined(slice_, mask, colour)
    canvas = Image.new("RGB", (size[0] + 2 * MARGIN, size[1] + (2 + bool(words) + bool(spacing_mm)) * MARGIN))
    canvas.paste(slice_, (MARGIN, MARGIN))
    draw = ImageDraw.Draw(canvas)
    scale = size[0] / picture.shape[1], size[1] / picture.shape[0]
    for mark in marks:
        x, y = MARGIN + (mark.column + 1) * scale[0], MARGIN + mark.row * scale[1]
        _text(draw, (min(x + _AWAY, canvas.width - _FONT), max(y - _AWAY, _FONT)), mark.words, "lm")
    _letters(draw, letters, size)
    _text(draw, (MARGIN, size[1] + 2.5 * MARGIN), words, "lm")
    if spacing_mm is not None:
        _scale_bar(draw, (MARGIN + size[0], canvas.height - MARGIN / 2), size[0], spacing_mm[1] / scale[0])
    return _png(canvas)


def captioned_png(png: bytes, lines: Sequence[str]) -> bytes:
    """A picture on a strip with one line below the other, each as large as the longest of them allows."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    fitting = (
        size for size in range(_CAPTION, _SMALLEST, -1) if _widest(lines, size) <= picture.width - 2 * _AWAY
    )
    size = next(fitting, _SMALLEST)
    font, step = ImageFont.load_default(size), round(size * 1.4)
    canvas = Image.new("RGB", (picture.width, picture.height + step * len(lines) + _AWAY))
    canvas.paste(picture, (0, 0))
    draw = ImageDraw.Draw(canvas)
    for number, line in enumerate(lines):
        draw.text((_AWAY, picture.height + number * step), line, fill=_WHITE, font=font)
    return _png(canvas)


def _widest(lines: Sequence[str], size: int) -> float:
    font = ImageFont.load_default(size)
    return max(font.getlength(line) for line in lines)


def scale_bar_mm(width_mm: float) -> float:
    """The longest of 1, 2, 5, 10, … mm that fits beside a slice so wide."""
    most = width_mm * _BAR_SHARE
    power = 10.0 ** np.floor(np.log10(most))
    return float(max(step * power for step in (1, 2, 5) if step * power <= most))


def _size(rows: int, columns: int, spacing_mm: tuple[float, float] | None) -> tuple[int, int]:
    """Width and height on paper: as the body is shaped, not as the pixels are counted."""
    row_mm, column_mm = spacing_mm or (1.0, 1.0)
    width, height = columns * column_mm, rows * row_mm
    scale = LONG_SIDE / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _grey(picture: NDArray[Any], window: tuple[float, float]) -> Image.Image:
    low, high = window
    values = (np.asarray(picture, dtype=np.float32) - low) * (255.0 / max(high - low, 1e-9))
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


def _outlined(slice_: Image.Image, mask: MaskArray, colour: Colour) -> Image.Image:
    """The mask's outline, two pixels wide and just outside of it, between two dark lines."""
    large = Image.fromarray(mask.astype(np.uint8) * 255).resize(slice_.size, Image.Resampling.BILINEAR)
    inside = np.asarray(large) >= 128
    line = ndimage.binary_dilation(inside, iterations=2) & ~inside
    edge = ndimage.binary_dilation(line, iterations=1) & ~line
    drawn = np.array(slice_)
    drawn[edge] = 0
    drawn[line] = colour
    return Image.fromarray(drawn)


def _letters(draw: ImageDraw.ImageDraw, letters: Letters | None, size: tuple[int, int]) -> None:
    if letters is None:
        return
    middle, centre, half = MARGIN + size[1] / 2, MARGIN + size[0] / 2, MARGIN / 2
    right, below = MARGIN + size[0] + half, MARGIN + size[1] + half
    for letter, place in zip(
        letters, ((half, middle), (right, middle), (centre, half), (centre, below)), strict=True
    ):
        _text(draw, place, letter, "mm")


def _scale_bar(
    draw: ImageDraw.ImageDraw, end: tuple[float, float], slice_width: int, mm_a_pixel: float
) -> None:
    """A bar with its length, up to its right `end`."""
    length = scale_bar_mm(slice_width * mm_a_pixel)
    right, level = end
    left = right - round(length / mm_a_pixel)
    draw.line([(left, level), (right, level)], fill=_WHITE, width=5)
    for x in (left, right):
        draw.line([(x, level - 8), (x, level + 8)], fill=_WHITE, width=3)
    _text(draw, (left - 10, level), f"{length:g} mm", "rm")


def _text(draw: ImageDraw.ImageDraw, place: tuple[float, float], words: str, anchor: str) -> None:
    font = ImageFont.load_default(_FONT)
    draw.text(place, words, fill=_WHITE, font=font, anchor=anchor, stroke_width=_EDGE, stroke_fill=(0, 0, 0))


def _png(picture: Image.Image) -> bytes:
    memory = io.BytesIO()
    picture.save(memory, "PNG", compress_level=4)
    return memory.getvalue()
