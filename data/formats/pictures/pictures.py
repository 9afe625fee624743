"""PNG, JPEG, TIFF, WebP and BMP: pictures without geometry, turned and lit as people see them."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from data.errors import RefusedScan
from data.formats.arrays import grey, on_black, plain
from data.formats.limits import Limits, check_size, unreadable
from data.formats.pictures.tiff import read_tiff
from data.formats.pictures.white_frames import without_frame

_PILLOW_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "BMP")
_GREY_MODES = {"L", "I", "F", "I;16", "I;16L", "I;16B", "I;16N"}
_PIXEL_BYTES = 4
_EXIF_ORIENTATION = 0x0112
_TIFFS = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_COLOUR, _PNG_GREY_ALPHA, _PNG_COLOUR_ALPHA = 2, 4, 6  # colour types

FRAME = "A white frame around the picture was taken as background."


def read_picture(file: Path, limits: Limits) -> NDArray[Any]:
    """The grey picture as (pages, rows, columns), as a viewer shows it; several pages only from TIFF.

    Orientation of EXIF and TIFF is applied, min-is-white turned round, colour channels that agree (or are
    tinted as a scanned film is) are grey. Raises RefusedScan for real colour, pages of different sizes,
    damage, and sizes beyond `limits`.
    """
    with file.open("rb") as stream:
        head = stream.read(26)
    read = read_tiff(file, limits) if head.startswith(_TIFFS) else None
    if read is None and _is_deep_png(head):
        read = _deep_png(file, head, limits)
    pages, orientation = read or _with_pillow(file, limits)
    return plain(_turned(pages, orientation))


def read_framed_picture(file: Path, limits: Limits) -> tuple[NDArray[Any], tuple[str, ...]]:
    """The same for a scan: what lies in a white frame becomes background, and is said."""
    pages, framed = without_frame(read_picture(file, limits))
    return pages, (FRAME,) if framed else ()


def _with_pillow(file: Path, limits: Limits) -> tuple[NDArray[Any], int]:
    try:
        picture = Image.open(file, formats=_PILLOW_FORMATS)
    except Image.DecompressionBombError as error:
        raise RefusedScan("too_large", "This picture is larger than Lightbox can read.") from error
    with picture:
        # Frames of what is no TIFF are animations, not slices.
        pages = getattr(picture, "n_frames", 1) if picture.format == "TIFF" else 1
        check_size(limits, pages, picture.height, picture.width, item_bytes=_PIXEL_BYTES)
        orientation = picture.getexif().get(_EXIF_ORIENTATION, 1)
        frames = []
        for page in range(pages):
            picture.seek(page)
            frames.append(_grey_page(picture))
    if len({frame.shape for frame in frames}) > 1:
        raise RefusedScan("pages_differ", "The pages of this file have different sizes.")
    return np.stack(frames), orientation if isinstance(orientation, int) else 1


def _grey_page(page: Image.Image) -> NDArray[Any]:
    if page.mode in _GREY_MODES:
        return np.array(page)
    if page.mode == "1":
        return np.array(page.convert("L"))
    if page.mode in {"LA", "La", "PA", "RGBA", "RGBa"} or "transparency" in page.info:
        return grey(on_black(np.array(page.convert("RGBA"))))
    pixels = np.array(page.convert("RGB"))
    if pixels.ndim != 3:
        raise unreadable()
    return grey(pixels)


def _is_deep_png(head: bytes) -> bool:
    """Whether a PNG has 16 bits in several channels, of which Pillow keeps 8."""
    if not head.startswith(_PNG) or len(head) < 26:
        return False
    return head[24] == 16 and head[25] in (_PNG_COLOUR, _PNG_GREY_ALPHA, _PNG_COLOUR_ALPHA)


def _deep_png(file: Path, head: bytes, limits: Limits) -> tuple[NDArray[Any], int]:
    from imagecodecs import PngError, png_decode

    width, height = struct.unpack(">II", head[16:24])
    check_size(limits, height, width, 4, item_bytes=2)
    try:
        samples = png_decode(file.read_bytes())
    except PngError as error:
        raise unreadable() from error
    with Image.open(file, formats=("PNG",)) as picture:
        orientation = picture.getexif().get(_EXIF_ORIENTATION, 1)
    if head[25] == _PNG_COLOUR:
        return grey(samples)[None], orientation
    opaque = on_black(samples)
    return (opaque[..., 0] if head[25] == _PNG_GREY_ALPHA else grey(opaque))[None], orientation


def _turned(pages: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Pages as the tag Orientation (EXIF 2.3, TIFF 6.0) has them shown."""
    if orientation in (5, 6, 7, 8):
        pages = pages.transpose(0, 2, 1)
    rows = {3: True, 4: True, 7: True, 8: True}.get(orientation, False)
    columns = {2: True, 3: True, 6: True, 7: True}.get(orientation, False)
    return pages[:, :: -1 if rows else 1, :: -1 if columns else 1]
