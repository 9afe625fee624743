from __future__ import annotations

import io
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from data.formats import Limits, decode

GREY = (np.arange(40 * 50).reshape(40, 50) % 256).astype(np.uint8)


def saved(picture: Image.Image, file: Path, **options: Any) -> Path:
    picture.save(file, **options)
    return file


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp", "webp"])
def test_lossless_grey_pictures_keep_their_values(suffix: str, tmp_path: Path) -> None:
    options = {"lossless": True} if suffix == "webp" else {}
    file = saved(Image.fromarray(GREY), tmp_path / f"file.{suffix}", **options)
    (scan,) = decode(file, file.name).scans
    assert scan.array.shape == (1, 40, 50)
    assert np.array_equal(scan.array[0], GREY)
    assert scan.spacing.in_plane is None
    assert scan.grid.kind == "image"


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_sixteen_bits_are_kept(suffix: str, tmp_path: Path) -> None:
    values = GREY.astype(np.uint16) * 200
    (scan,) = decode(saved(Image.fromarray(values), tmp_path / f"file.{suffix}"), "file").scans
    assert np.array_equal(scan.array[0], values)


def test_pages_of_a_tiff_are_slices(tmp_path: Path) -> None:
    pages = [Image.fromarray(GREY // (number + 1)) for number in range(4)]
    file = saved(pages[0], tmp_path / "file.tif", save_all=True, append_images=pages[1:])
    (scan,) = decode(file, "file.tif").scans
    assert scan.array.shape == (4, 40, 50)
    assert scan.spacing.slice_mm is None
    assert np.array_equal(scan.array[2], GREY // 3)


def test_pages_of_different_sizes_are_refused(tmp_path: Path) -> None:
    pages = [Image.fromarray(GREY), Image.fromarray(GREY[:20])]
    file = saved(pages[0], tmp_path / "file.tif", save_all=True, append_images=pages[1:])
    assert decode(file, "file.tif").refusals[0].code == "pages_differ"


def test_grey_in_colour_channels_is_read_even_from_jpeg(tmp_path: Path) -> None:
    smooth = np.tile(np.linspace(0, 255, 200).astype(np.uint8), (200, 1))
    colour = Image.fromarray(smooth).convert("RGB")
    file = saved(colour, tmp_path / "file.jpg", quality=60)
    assert decode(file, "file.jpg").scans[0].array.shape == (1, 200, 200)
    with_alpha = saved(colour.convert("RGBA"), tmp_path / "file.png")
    assert np.array_equal(decode(with_alpha, "file.png").scans[0].array[0], smooth)


def test_colour_is_refused(tmp_path: Path) -> None:
    pixels = np.stack([GREY, 255 - GREY, GREY // 2], axis=-1)
    for suffix in ("png", "jpg", "tif"):
        file = saved(Image.fromarray(pixels), tmp_path / f"file.{suffix}")
        assert decode(file, file.name).refusals[0].code == "colour"


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif"])
def test_a_thin_coloured_outline_on_a_grey_picture_is_refused(suffix: str, tmp_path: Path) -> None:
    pixels = np.repeat(np.full((900, 700), 90, dtype=np.uint8)[..., None], 3, axis=-1)
    pixels[400:460, 300:302] = (255, 40, 30)  # 120 of 630,000 pixels: far fewer than colour needs
    file = saved(
        Image.fromarray(pixels), tmp_path / f"file.{suffix}", **({"quality": 90} if suffix == "jpg" else {})
    )
    assert [refusal.code for refusal in decode(file, file.name).refusals] == ["drawn_on"]


def test_a_picture_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    file = saved(Image.new("L", (3000, 3000)), tmp_path / "file.png")
    assert decode(file, "file.png", Limits(max_bytes=1 << 20)).refusals[0].code == "too_large"


def test_a_decompression_bomb_is_refused(tmp_path: Path) -> None:
    file = saved(Image.new("1", (8, 8)), tmp_path / "file.png")
    raw = bytearray(file.read_bytes())
    raw[16:24] = (60_000).to_bytes(4, "big") * 2  # the declared width and height
    raw[29:33] = zlib.crc32(raw[12:29]).to_bytes(4, "big")
    file.write_bytes(raw)
    assert decode(file, "file.png").refusals[0].code == "too_large"


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"", "empty", "empty"),
        (b"hello, world, this is only text", "unknown", "not a scan"),
        (b"%PDF-1.7 and so on", "not_an_image", "PDF"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 100, "unreadable", "damaged"),
        (b"\xff\xd8\xff\xe0" + b"\x00" * 100, "unreadable", "damaged"),
        (b"Rar!\x1a\x07", "not_an_image", ".zip"),
    ],
)
def test_other_files_are_refused_with_a_reason(content: bytes, code: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "file.png"
    file.write_bytes(content)
    (refusal,) = decode(file, "file.png").refusals
    assert refusal.code == code
    assert words in refusal.sentence
    assert refusal.name == "file.png"


def test_a_cut_picture_is_refused(tmp_path: Path) -> None:
    out = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (200, 200), np.uint8)).save(out, "PNG")
    file = tmp_path / "cut.png"
    file.write_bytes(out.getvalue()[: len(out.getvalue()) // 2])
    assert decode(file, "cut.png").refusals[0].code == "unreadable"
