"""One head in every form that DICOM has for it: the same voxels at the same places of the patient."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    RLELossless,
)

from data.formats import decode, without_identity
from data.records import DecodedScan
from tests.data.formats.making import ORIENTATIONS, enhanced, slices_of

SIZES = np.array([1.5, 1.0, 2.0])  # mm along right, anterior and superior
ORIGIN = np.array([11.0, -23.0, 7.0])
PHANTOM = np.random.default_rng(7).integers(0, 4000, (34, 33, 35)).astype(np.int16)
NATIVE = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian)
COMPRESSED = (RLELossless, JPEG2000Lossless)


def as_stored(orientation: Any) -> tuple[NDArray[np.int16], NDArray[np.float64]]:
    """The phantom as (column, row, slice) along these axes of the patient, and its affine to RAS mm."""
    axes, signs = orientation
    stored, affine = PHANTOM.transpose(axes), np.eye(4)
    affine[:3, 3] = ORIGIN
    affine[:3, :3] = 0
    for source, (world, sign) in enumerate(zip(axes, signs, strict=True)):
        affine[world, source] = sign * SIZES[world]
        if sign < 0:
            stored = np.flip(stored, source)
            affine[world, 3] += SIZES[world] * (PHANTOM.shape[world] - 1)
    return np.ascontiguousarray(stored), affine


def write(dataset: Dataset, file: Path, syntax: UID) -> None:
    """One file in a transfer syntax."""
    dataset["PixelData"].VR = "OW"
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    if syntax in COMPRESSED:
        dataset.compress(syntax)
        dataset.save_as(file, enforce_file_format=True)
        return
    dataset.file_meta.TransferSyntaxUID = syntax
    if syntax == ExplicitVRBigEndian:
        dataset.PixelData = np.frombuffer(dataset.PixelData, "<i2").astype(">i2").tobytes()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    pydicom.dcmwrite(file, dataset, enforce_file_format=True)


def assert_is_the_phantom(scan: DecodedScan) -> None:
    """Every voxel lies where it lies in the patient."""
    assert scan.affine is not None
    indices = np.stack(np.indices(scan.array.shape), axis=-1).reshape(-1, 3)
    points = indices @ scan.affine[:3, :3].T + scan.affine[:3, 3]
    places = (points - ORIGIN) / SIZES
    rounded = np.rint(places).astype(int)
    assert np.abs(places - rounded).max() < 1e-3
    assert scan.array.size == PHANTOM.size
    assert np.array_equal(PHANTOM[tuple(rounded.T)], scan.array.ravel())
    assert scan.spacing.voxel_ml == pytest.approx(SIZES.prod() / 1000)
    assert scan.warnings == ()


@settings(max_examples=20, deadline=None)
@given(
    orientation=st.sampled_from(ORIENTATIONS),
    syntaxes=st.lists(st.sampled_from(NATIVE + COMPRESSED), min_size=1, max_size=3),
    order=st.permutations(range(33)),
    names=st.permutations(range(33)),
    numbered=st.permutations(range(33)),
    one_file=st.booleans(),
    nameless=st.booleans(),
)
def test_every_form_is_the_same_head(
    orientation: Any,
    syntaxes: list[UID],
    order: list[int],
    names: list[int],
    numbered: list[int],
    one_file: bool,
    nameless: bool,
) -> None:
    stored, affine = as_stored(orientation)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "scan"
        folder.mkdir()
        if one_file:
            write(enhanced(stored, affine, SpacingBetweenSlices=9), folder / "f", syntaxes[0])
        else:
            slices = slices_of(stored, affine)
            for index in sorted(range(len(slices)), key=lambda index: order[index % 33]):
                slices[index].InstanceNumber = numbered[index % 33] + 100 * (index // 33)
                write(
                    slices[index],
                    folder / f"{names[index % 33]}-{index // 33}.ima",
                    syntaxes[index % len(syntaxes)],
                )
        if nameless:
            for file in folder.iterdir():
                file.write_bytes(without_identity(file))
        (scan,) = decode(folder, "scan").scans
        assert_is_the_phantom(scan)


@pytest.mark.parametrize("syntax", NATIVE + COMPRESSED, ids=lambda syntax: syntax.name)
@pytest.mark.parametrize("one_file", [False, True])
def test_every_transfer_syntax_is_tried(syntax: UID, one_file: bool, tmp_path: Path) -> None:
    stored, affine = as_stored(ORIENTATIONS[5])
    datasets = [enhanced(stored, affine)] if one_file else slices_of(stored, affine)
    for index, dataset in enumerate(datasets):
        write(dataset, tmp_path / str(index), syntax)
    (scan,) = decode(tmp_path, "scan").scans
    assert_is_the_phantom(scan)
