"""Slices on different scales, signs that headers deny, and vendors' own transfer syntaxes."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import ImplicitVRLittleEndian

from data.formats import decode, without_identity
from tests.data.formats.making import DX, enhanced, picture, save
from tests.data.formats.making_series import AXIAL, VOLUME, Slices, each, read, stored

SLOPES = np.array([1, 2, 3, 1, 2, 3])
STORED = (VOLUME // SLOPES).astype(np.int16)
TRUE = (STORED * SLOPES).transpose(2, 1, 0)
GE, PHILIPS = "1.2.840.113619.5.2", "1.3.46.670589.33.1.4.1"


def mapped(holder: Dataset, slope: float) -> None:
    item = Dataset()
    item.RealWorldValueSlope, item.RealWorldValueIntercept = float(slope), 0.0
    holder.RealWorldValueMappingSequence = Items([item])


def by_real_world_values(series: Slices) -> Slices:
    for dataset, slope in zip(series, SLOPES, strict=True):
        mapped(dataset, slope)
    return series


def by_philips_scale(series: Slices) -> Slices:
    for dataset, slope in zip(series, SLOPES, strict=True):
        block = dataset.private_block(0x2005, "Philips MR Imaging DD 001", create=True)
        block.add_new(0x0E, "FL", 1 / slope)
        dataset.RescaleSlope, dataset.RescaleIntercept = 1, 0
    return series


def slices_on_scales() -> Slices:
    series = stored()
    for index, dataset in enumerate(series):
        dataset.PixelData = np.ascontiguousarray(STORED[:, :, index].T).tobytes()
    return series


@pytest.mark.parametrize("scaled", [by_real_world_values, by_philips_scale])
def test_slices_on_different_scales_are_brought_onto_one(
    scaled: Callable[[Slices], Slices], tmp_path: Path
) -> None:
    (scan,) = read(scaled(slices_on_scales()), tmp_path).scans
    assert scan.array == pytest.approx(TRUE)
    assert scan.warnings == (
        "The scanner stored the slices of this series on different scales; they were brought onto one.",
    )


def test_frames_on_different_real_world_scales_are_brought_onto_one(tmp_path: Path) -> None:
    dataset = enhanced(STORED, AXIAL)
    for group, slope in zip(dataset.PerFrameFunctionalGroupsSequence, SLOPES, strict=True):
        mapped(group, slope)
    (scan,) = decode(save(dataset, tmp_path / "file"), "file").scans
    assert scan.array == pytest.approx(TRUE)


def test_a_philips_scale_that_the_rescale_already_evens_out_changes_nothing(tmp_path: Path) -> None:
    series = by_philips_scale(slices_on_scales())
    for dataset, slope in zip(series, SLOPES, strict=True):
        dataset.RescaleSlope = int(slope)
    (scan,) = read(series, tmp_path).scans
    assert scan.array == pytest.approx(TRUE)
    assert scan.warnings == ()


def test_one_scale_for_all_leaves_values_as_they_are_stored(tmp_path: Path) -> None:
    series = stored()
    for dataset in series:
        mapped(dataset, 0.25)
    (scan,) = read(series, tmp_path).scans
    assert np.array_equal(scan.array, VOLUME.transpose(2, 1, 0))
    assert scan.warnings == ()


@pytest.mark.parametrize(("slope", "said"), [(2, True), (1, False)])
def test_a_rescale_on_some_slices_only_is_said(slope: int, said: bool, tmp_path: Path) -> None:
    series = stored()
    each(series[::2], RescaleSlope=slope, RescaleIntercept=0)
    (scan,) = read(series, tmp_path).scans
    assert ["Only some slices" in warning for warning in scan.warnings] == [True] * said


def without_sign(series: Slices) -> Slices:
    return each(series, PixelRepresentation=0)


@pytest.mark.parametrize("offset", [-50, -400])
def test_a_sign_that_the_header_denies_is_read(offset: int, tmp_path: Path) -> None:
    (scan,) = read(without_sign(stored(offset)), tmp_path).scans
    assert np.array_equal(scan.array, VOLUME.transpose(2, 1, 0) + offset)
    assert "no sign" in scan.warnings[0]


@pytest.mark.parametrize("values", [[3, 900, 2**16 - 1], [3, 40_000, 65_000], [50_000, 60_000, 65_000]])
def test_large_values_and_white_letters_are_no_signs(values: list[int], tmp_path: Path) -> None:
    pixels = np.array([values, values], np.uint16)
    (scan,) = decode(save(picture(pixels), tmp_path / "file"), "file").scans
    assert np.array_equal(scan.array[0], pixels)
    assert not any("no sign" in warning for warning in scan.warnings)


def test_an_x_ray_keeps_its_brightest_values(tmp_path: Path) -> None:
    pixels = np.array([[3, 900, 65_000], [4, 5, 65_001]], np.uint16)
    film = picture(pixels, SOPClassUID=DX, Modality="DX")
    (scan,) = decode(save(film, tmp_path / "file"), "file").scans
    assert scan.array.max() > 60_000


def in_private_syntax(dataset: Dataset, syntax: str, file: Path) -> None:
    """Implicit VR little endian under another name, which the library would not write."""
    dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    dataset["PixelData"].VR = "OW"
    if syntax == GE:
        dataset.PixelData = np.frombuffer(dataset.PixelData, "<i2").astype(">i2").tobytes()
    pydicom.dcmwrite(file, dataset, enforce_file_format=True)
    raw, old = file.read_bytes(), b"1.2.840.10008.1.2\x00"
    new = syntax.encode() + b"\x00" * (len(syntax) % 2)
    at = raw.index(old)
    raw = raw[: at - 2] + struct.pack("<H", len(new)) + new + raw[at + len(old) :]
    length = struct.unpack("<I", raw[140:144])[0] + len(new) - len(old)
    file.write_bytes(raw[:140] + struct.pack("<I", length) + raw[144:])


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("syntax", [GE, PHILIPS])
def test_a_vendors_own_transfer_syntax_is_read_where_its_pixels_are_plain(
    syntax: str, kept: bool, tmp_path: Path
) -> None:
    for index, dataset in enumerate(stored()):
        file = tmp_path / str(index)
        in_private_syntax(dataset, syntax, file)
        if kept:
            file.write_bytes(without_identity(file))
    (scan,) = decode(tmp_path, "upload").scans
    assert np.array_equal(scan.array, VOLUME.transpose(2, 1, 0))


def test_a_vendors_own_compression_is_named(tmp_path: Path) -> None:
    dataset: Any = stored()[0]
    dataset.PixelData = dataset.PixelData[:100]
    in_private_syntax(dataset, PHILIPS, tmp_path / "file")
    decoded = decode(tmp_path / "file", "file")
    assert [refusal.code for refusal in decoded.refusals] == ["compression"]
    assert "scanner's maker" in decoded.refusals[0].sentence
