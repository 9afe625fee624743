from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from data.errors import InvalidInput
from data.formats import decode, read_mask, source_picture
from data.records import DecodedScan
from reports.masks import mask_nifti, mask_png
from tests.data.formats.making import ORIENTATIONS, affine_of, picture, save, write_nifti, write_series

SHAPE = (5, 7, 6)
AFFINE = affine_of(((0, 1, 2), (-1, 1, 1)), (1.0, 1.5, 4.0), (5, 3, -2))
DRAWN = np.random.default_rng(3).random(SHAPE) > 0.7


@pytest.fixture
def scan(tmp_path: Path) -> DecodedScan:
    volume = np.arange(np.prod(SHAPE), dtype=np.int16).reshape(SHAPE)
    return decode(write_nifti(volume, AFFINE, tmp_path / "scan.nii"), "scan.nii").scans[0]


def displayed(scan: DecodedScan) -> Any:
    return np.flip(np.transpose(DRAWN, scan.grid.axes), scan.grid.flips)


@settings(max_examples=48, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(orientation=st.sampled_from(ORIENTATIONS))
def test_a_mask_in_another_order_of_axes_is_turned_back(
    orientation: Any, scan: DecodedScan, tmp_path: Path
) -> None:
    axes, signs = orientation
    image = nib.Nifti1Image(DRAWN.astype(np.uint8), AFFINE)
    turned = image.as_reoriented(np.array(list(zip(axes, signs, strict=True))))
    nib.save(turned, tmp_path / "mask.nii.gz")
    assert np.array_equal(read_mask(tmp_path / "mask.nii.gz", "mask.nii.gz", scan.grid), displayed(scan))


def test_any_value_but_zero_is_mask_in_nifti(scan: DecodedScan, tmp_path: Path) -> None:
    file = write_nifti((DRAWN * 3.5).astype(np.float32), AFFINE, tmp_path / "mask.nii")
    assert np.array_equal(read_mask(file, "mask.nii", scan.grid), displayed(scan))


def test_a_mask_that_does_not_fit_is_refused_with_a_sentence(scan: DecodedScan, tmp_path: Path) -> None:
    moved, scaled = AFFINE.copy(), AFFINE.copy()
    moved[0, 3] += 1.0
    scaled[:3, :3] *= 1.1
    wrong = {
        "moved": (DRAWN, moved, "elsewhere"),
        "scaled": (DRAWN, scaled, "elsewhere"),
        "tilted": (DRAWN, affine_of(((0, 1, 2), (-1, 1, 1)), (1.0, 1.5, 4.0), (40, 3, -2)), "elsewhere"),
        "cut": (DRAWN[:-1], AFFINE, "size"),
        "grown": (np.pad(DRAWN, 20), AFFINE, "size"),
    }
    for name, (values, affine, words) in wrong.items():
        file = write_nifti(values.astype(np.uint8), affine, tmp_path / f"{name}.nii.gz")
        with pytest.raises(InvalidInput, match=words):
            read_mask(file, file.name, scan.grid)


def test_other_files_are_no_masks(scan: DecodedScan, tmp_path: Path) -> None:
    for content in (b"", b"text, and nothing else at all", b"\x1f\x8bdamaged", b"\x89PNG\r\n\x1a\nno"):
        (tmp_path / "mask.png").write_bytes(content)
        with pytest.raises(InvalidInput, match=r"\.$"):
            read_mask(tmp_path / "mask.png", "mask.png", scan.grid)


def test_a_picture_is_no_mask_of_a_volume(scan: DecodedScan, tmp_path: Path) -> None:
    (tmp_path / "mask.png").write_bytes(mask_png(np.ones((7, 5))))
    with pytest.raises(InvalidInput, match="size"):
        read_mask(tmp_path / "mask.png", "mask.png", scan.grid)


def test_a_picture_s_mask(tmp_path: Path) -> None:
    Image.fromarray(np.arange(600).reshape(20, 30).astype(np.uint8)).save(tmp_path / "scan.png")
    (scan,) = decode(tmp_path / "scan.png", "scan.png").scans
    mask = scan.array > 100
    (tmp_path / "mask.png").write_bytes(mask_png(source_picture(mask, scan.grid)))
    assert np.array_equal(read_mask(tmp_path / "mask.png", "mask.png", scan.grid), mask)
    Image.fromarray(mask[0].astype(np.uint8)).save(tmp_path / "ones.png")
    assert np.array_equal(read_mask(tmp_path / "ones.png", "ones.png", scan.grid), mask)


def test_pages_of_a_tiff_are_a_mask_of_a_volume(tmp_path: Path) -> None:
    volume = np.arange(np.prod(SHAPE), dtype=np.int16).reshape(SHAPE)
    (scan,) = decode(write_series(volume, AFFINE, tmp_path / "series"), "series").scans
    source = np.transpose(np.flip(scan.array, scan.grid.flips), np.argsort(scan.grid.axes)) > 100
    pages = [Image.fromarray(np.where(source[:, :, k].T, 255, 0).astype(np.uint8)) for k in range(SHAPE[2])]
    pages[0].save(tmp_path / "mask.tif", save_all=True, append_images=pages[1:])
    assert np.array_equal(read_mask(tmp_path / "mask.tif", "mask.tif", scan.grid), scan.array > 100)


@pytest.mark.parametrize("orientation", [[1, 0, 0, 0, 1, 0], [-1, 0, 0, 0, -1, 0], [0, 1, 0, 1, 0, 0]])
def test_a_turned_slice_s_mask_is_in_the_file_s_own_picture(orientation: list[int], tmp_path: Path) -> None:
    values = np.arange(600, dtype=np.uint16).reshape(20, 30)
    place = {
        "ImageOrientationPatient": orientation,
        "ImagePositionPatient": [0, 0, 0],
        "PixelSpacing": [1, 1],
    }
    (scan,) = decode(save(picture(values, **place), tmp_path / "slice.dcm"), "slice.dcm").scans
    mask = scan.array > 300
    assert np.array_equal(source_picture(mask, scan.grid), values > 300)
    (tmp_path / "mask.png").write_bytes(mask_png(values > 300))
    assert np.array_equal(read_mask(tmp_path / "mask.png", "mask.png", scan.grid), mask)
    (tmp_path / "mask.nii.gz").write_bytes(mask_nifti(mask, scan.grid))
    assert np.array_equal(read_mask(tmp_path / "mask.nii.gz", "mask.nii.gz", scan.grid), mask)
