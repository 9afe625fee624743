"""What an evaluation leaves behind as pictures: curves, and a gallery of its worst cases."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from plotly.io import to_image

from reports.chart_axes import Figure
from reports.colours import AI_COLOUR, CORRECTED_COLOUR
from reports.pictures import SHORT_NOTICE, outline

TILE, CAPTION, ACROSS = 256, 18, 5
SQUARE = 480


@dataclass(frozen=True)
class GalleryTile:
    """A case as a picture (height, width), with masks or evidence (0..1) of the same shape."""

    caption: str
    picture: NDArray[np.uint8]
    truth: NDArray[np.bool_] | None = None
    drawn: NDArray[np.bool_] | None = None
    heat: NDArray[np.float32] | None = None


def square_png(figure: Figure) -> bytes:
    """A chart of two shares as PNG, as high as it is wide."""
    return figure_png(figure | {"layout": figure["layout"] | {"width": SQUARE, "height": SQUARE}})


def figure_png(figure: Figure) -> bytes:
    """A chart as PNG at twice its size in pixels."""
    image: bytes = to_image(figure, format="png", scale=2, validate=False)
    return image


def gallery_png(tiles: Sequence[GalleryTile]) -> bytes:
    """Tiles of five across: the truth outlined in blue, what the model drew in red, evidence as a glow."""
    rows = -(-len(tiles) // ACROSS)
    sheet = Image.new("RGB", (ACROSS * TILE, rows * (TILE + CAPTION) + CAPTION), (16, 16, 16))
    write = ImageDraw.Draw(sheet)
    for index, tile in enumerate(tiles):
        left, top = index % ACROSS * TILE, index // ACROSS * (TILE + CAPTION)
        sheet.paste(_tile(tile), (left, top))
        write.text((left + 4, top + TILE + 2), tile.caption[:44], fill=(235, 235, 235), font_size=11)
    legend = f"Blue: truth. Red: the model.  {SHORT_NOTICE}"
    write.text((4, rows * (TILE + CAPTION) + 2), legend, fill=(255, 214, 102), font_size=11)
    memory = io.BytesIO()
    sheet.save(memory, "PNG")
    return memory.getvalue()


def _tile(case: GalleryTile) -> Image.Image:
    height, width = case.picture.shape
    scale = TILE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    rgb = (
        np.asarray(Image.fromarray(case.picture).resize(size)).astype(np.float32)[..., None].repeat(3, axis=2)
    )
    if case.heat is not None:
        heat = np.asarray(Image.fromarray((case.heat * 255).astype(np.uint8)).resize(size))
        rgb += (heat[..., None] / 255.0) * np.array([150.0, 60.0, -40.0])
    for mask, colour in ((case.truth, CORRECTED_COLOUR), (case.drawn, AI_COLOUR)):
        if mask is not None:
            rgb[outline(_resized(mask, size))] = colour
    tile = Image.new("RGB", (TILE, TILE))
    tile.paste(Image.fromarray(np.clip(rgb, 0, 255).astype(np.uint8)))
    return tile


def _resized(mask: NDArray[Any], size: tuple[int, int]) -> NDArray[np.bool_]:
    return np.asarray(Image.fromarray(mask.astype(np.uint8) * 255).resize(size)) > 127
