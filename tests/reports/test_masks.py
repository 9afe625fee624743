from __future__ import annotations

import io
from pathlib import Path

import nibabel as nib
import numpy as np
from PIL import Image

from data.records import SourceGrid
from reports.masks import mask_nifti, mask_png

SHEARED = ((1.0, 0.0, 0.0, 5.0), (0.0, 1.0, 0.4, -3.0), (0.0, 0.0, 4.0, 2.0), (0.0, 0.0, 0.0, 1.0))


def exported(mask: np.ndarray, grid: SourceGrid, folder: Path) -> nib.Nifti1Image:
    file = folder / "mask.nii.gz"
    file.write_bytes(mask_nifti(mask, grid))
    image = nib.load(file)
    assert isinstance(image, nib.Nifti1Image)
    return image


def test_the_mask_has_the_source_s_shape_and_affine(tmp_path: Path) -> None:
    grid = SourceGrid("dicom", (5, 7, 6), (2, 1, 0), (1,), SHEARED)
    mask = np.zeros((6, 7, 5), bool)
    mask[4, 1, 3] = True
    image = exported(mask, grid, tmp_path)
    assert image.shape == (5, 7, 6)
    assert image.get_data_dtype() == np.uint8
    assert np.allclose(image.affine, SHEARED, atol=1e-6)
    assert np.argwhere(np.asarray(image.dataobj)).tolist() == [[3, 5, 4]]
    assert image.header.get_xyzt_units()[0] == "mm"


def test_without_geometry_the_header_says_so(tmp_path: Path) -> None:
    image = exported(np.ones((3, 4, 5), bool), SourceGrid("image", (3, 4, 5)), tmp_path)
    assert image.header.get_zooms() == (1.0, 1.0, 1.0)
    assert image.header.get_xyzt_units()[0] == "unknown"
    assert b"unknown" in image.header["descrip"].tobytes()
    assert int(image.header["sform_code"]) == 0


def test_the_same_mask_gives_the_same_bytes() -> None:
    grid = SourceGrid("dicom", (5, 7, 6), (2, 1, 0), (1,), SHEARED)
    assert mask_nifti(np.ones((6, 7, 5)), grid) == mask_nifti(np.ones((6, 7, 5), bool), grid)


def test_png_holds_0_and_255() -> None:
    mask = np.zeros((4, 5), bool)
    mask[1, 2] = True
    pixels = np.asarray(Image.open(io.BytesIO(mask_png(mask))))
    assert pixels.dtype == np.uint8
    assert pixels[1, 2] == 255
    assert pixels.sum() == 255
