"""Pictures as scanners, phones and ImageJ write them: the grey values that people see, upright."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image, TiffImagePlugin

from data.formats import decode

HEAD = np.fromfunction(lambda row, column: (row * 5 + column * 3) % 251, (40, 50)).astype(np.uint8)
DEEP = HEAD.astype(np.uint16) * 16


def read(file: Path) -> Any:
    decoded = decode(file, file.name)
    assert decoded.refusals == ()
    (scan,) = decoded.scans
    return scan.array


def refusal(file: Path) -> str:
    decoded = decode(file, file.name)
    assert decoded.scans == ()
    return decoded.refusals[0].code


def stored_for(orientation: int) -> Any:
    """What a camera stores for HEAD to be shown upright under this tag (EXIF 2.3)."""
    turned = {
        1: HEAD, 2: HEAD[:, ::-1], 3: HEAD[::-1, ::-1], 4: HEAD[::-1],
        5: HEAD.T, 6: np.rot90(HEAD, 1), 7: HEAD[::-1, ::-1].T, 8: np.rot90(HEAD, -1),
    }  # fmt: skip
    return np.ascontiguousarray(turned[orientation])


@pytest.mark.parametrize("suffix", ["png", "webp", "tif", "jpg"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_picture_is_read_as_it_is_shown(suffix: str, orientation: int, tmp_path: Path) -> None:
    picture = Image.fromarray(stored_for(orientation))
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = tmp_path / f"turned.{suffix}"
    options: dict[str, Any] = {"webp": {"lossless": True}, "jpg": {"quality": 95}}.get(suffix, {})
    if suffix == "tif":
        tags = TiffImagePlugin.ImageFileDirectory_v2()
        tags[274] = orientation
        picture.save(file, tiffinfo=tags)
    else:
        picture.save(file, exif=exif, **options)
    (shown,) = read(file)
    assert shown.shape == HEAD.shape
    off = np.abs(shown.astype(int) - HEAD).mean()
    assert off == 0 if suffix != "jpg" else off < 12


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("channels", [1, 3])
def test_sixteen_bits_are_kept_in_every_kind_of_png(alpha: bool, channels: int, tmp_path: Path) -> None:
    samples = np.repeat(DEEP[..., None], channels, axis=-1)
    if alpha:
        samples = np.concatenate([samples, np.full((*DEEP.shape, 1), 65535, np.uint16)], axis=-1)
    file = tmp_path / "deep.png"
    file.write_bytes(imagecodecs.png_encode(samples[..., 0] if samples.shape[-1] == 1 else samples))
    assert np.array_equal(read(file)[0], DEEP)


def test_what_is_transparent_is_black(tmp_path: Path) -> None:
    opaque = np.full(DEEP.shape, 65535, np.uint16)
    opaque[:10] = 0
    file = tmp_path / "clear.png"
    file.write_bytes(imagecodecs.png_encode(np.stack([DEEP, opaque], axis=-1)))
    (shown,) = read(file)
    assert not shown[:10].any()
    assert np.array_equal(shown[10:], DEEP[10:])


@pytest.mark.parametrize("compression", [None, "lzw", "deflate"])
@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", ">u2", "i2", "u4", "i4", "f4", "f8"])
def test_every_sample_type_of_a_tiff_keeps_its_values(
    dtype: str, compression: str | None, tmp_path: Path
) -> None:
    values = (HEAD.astype(np.int64) - (60 if dtype[-2] in "if" else 0)).clip(-120, 120).astype(dtype)
    file = tmp_path / "typed.tif"
    tifffile.imwrite(file, values, compression=compression, photometric="minisblack")
    assert np.array_equal(read(file)[0].astype(np.float64), values.astype(np.float64))


@pytest.mark.parametrize("dtype", ["u1", "u2", "i2", "f4"])
def test_min_is_white_is_turned_round_at_any_depth(dtype: str, tmp_path: Path) -> None:
    values = HEAD.astype(dtype)
    file = tmp_path / "white.tif"
    tifffile.imwrite(file, values, photometric="miniswhite")
    shown = read(file)[0].astype(np.float64)
    assert (np.diff(shown.ravel()[np.argsort(values.ravel(), kind="stable")]) <= 0).all()
    assert np.ptp(shown) == np.ptp(HEAD)


@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("dtype", ["u1", "u2"])
def test_equal_channels_of_a_tiff_are_grey(dtype: str, planar: Any, tmp_path: Path) -> None:
    values = HEAD.astype(dtype) * (100 if dtype == "u2" else 1)
    stacked = np.stack([values] * 3, axis=0 if planar == "separate" else -1)
    file = tmp_path / "rgb.tif"
    tifffile.imwrite(file, stacked, photometric="rgb", planarconfig=planar)
    assert np.array_equal(read(file)[0], values)


def test_a_grey_palette_is_grey(tmp_path: Path) -> None:
    colours = np.tile((np.arange(256, dtype=np.uint16) * 257)[None], (3, 1))
    file = tmp_path / "palette.tif"
    tifffile.imwrite(file, HEAD, photometric="palette", colormap=colours)
    assert np.array_equal(read(file)[0], HEAD.astype(np.uint16) * 257)


@pytest.mark.parametrize("count", [2, 9])
def test_a_stack_of_imagej_is_a_volume_also_in_one_directory(count: int, tmp_path: Path) -> None:
    slices = np.stack([DEEP + number for number in range(count)]).astype(np.uint16)
    many = tmp_path / "many.tif"
    tifffile.imwrite(many, slices, imagej=True, metadata={"axes": "ZYX"})
    assert np.array_equal(read(many), slices)
    # As ImageJ does above 4 GB: one directory, and the slices right behind each other.
    single = tmp_path / "single.tif"
    description = f"ImageJ=1.53\nimages={count}\nslices={count}\n"
    tifffile.imwrite(single, slices[0], description=description, metadata=None, byteorder=">")
    single.write_bytes(single.read_bytes() + slices[1:].astype(">u2").tobytes())
    with tifffile.TiffFile(single) as tiff:
        assert len(tiff.pages) == 1
    assert np.array_equal(read(single), slices)
    single.write_bytes(single.read_bytes()[:-100])
    assert decode(single, "single.tif").scans == () or len(read(single)) == 1


def test_channels_of_imagej_are_no_slices(tmp_path: Path) -> None:
    file = tmp_path / "channels.tif"
    tifffile.imwrite(file, np.zeros((3, 2, 40, 50), np.uint16), imagej=True, metadata={"axes": "ZCYX"})
    assert refusal(file) == "channels"


def test_a_cut_tiff_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "cut.tif"
    tifffile.imwrite(file, np.random.default_rng(0).integers(0, 255, (200, 200), np.uint8), rowsperstrip=10)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    assert refusal(file) in ("incomplete", "unreadable")


def tinted(strength: tuple[float, float, float], noise: int = 3) -> Any:
    random = np.random.default_rng(1)
    grey = np.clip(HEAD.astype(float)[..., None] * strength, 0, 255)
    return np.clip(grey + random.integers(-noise, noise + 1, (*HEAD.shape, 3)), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("strength", [(1.0, 0.93, 0.8), (0.82, 0.92, 1.0), (0.9, 1.0, 0.88)])
def test_a_faint_tint_of_a_scanned_film_is_grey(strength: tuple[float, float, float], tmp_path: Path) -> None:
    file = tmp_path / "film.png"
    Image.fromarray(tinted(strength)).save(file)
    (shown,) = read(file)
    assert np.corrcoef(shown.ravel(), HEAD.ravel())[0, 1] > 0.999


def arrow() -> Any:
    pixels = np.repeat(HEAD[..., None], 3, axis=-1)
    pixels[10:13, 5:25] = (255, 0, 0)
    return pixels


def hot() -> Any:
    level = HEAD.astype(int)[..., None] * 3 - np.array([0, 255, 510])
    return np.clip(level, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("pixels", [arrow(), hot(), tinted((1.0, 0.5, 0.2)), tinted((1, 1, 1), noise=90)])
def test_colours_that_say_something_are_refused(pixels: Any, tmp_path: Path) -> None:
    file = tmp_path / "colour.png"
    Image.fromarray(pixels).save(file)
    assert refusal(file) == "colour"


def framed(white: int = 255, sides: str = "tblr") -> Any:
    inside = np.where(np.hypot(*np.mgrid[-50:50, -50:50]) < 40, 120, 5).astype(np.uint8)
    widths = [[12 if side in sides else 0 for side in pair] for pair in ("tb", "lr")]
    return np.pad(inside, widths, constant_values=white)


@pytest.mark.parametrize("sides", ["tblr", "lr", "tb", "tbl"])
@pytest.mark.parametrize("white", [255, 248])
def test_a_white_frame_is_background_and_said(white: int, sides: str, tmp_path: Path) -> None:
    file = tmp_path / "print.png"
    Image.fromarray(framed(white, sides)).save(file)
    (scan,) = decode(file, file.name).scans
    assert scan.array.shape[1:] == framed(white, sides).shape
    assert scan.array.max() == 120
    assert "white frame" in scan.warnings[0]


def test_bright_anatomy_at_one_edge_is_no_frame(tmp_path: Path) -> None:
    for name, pixels in (("edge", framed(sides="b")), ("white", np.full((50, 50), 255, np.uint8))):
        file = tmp_path / f"{name}.png"
        Image.fromarray(pixels).save(file)
        assert np.array_equal(read(file)[0], pixels)


def test_an_animation_s_first_frame_alone_is_read(tmp_path: Path) -> None:
    memory = io.BytesIO()
    Image.fromarray(HEAD).save(
        memory, "WEBP", save_all=True, append_images=[Image.fromarray(255 - HEAD)], lossless=True
    )
    file = tmp_path / "film.webp"
    file.write_bytes(memory.getvalue())
    assert len(read(file)) == 1
