"""A large volume is copied once on its way to display order, whatever numbers the file holds."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from data.formats import decode
from tests.data.formats.making import affine_of

SHAPE = (160, 170, 150)
VOXELS = int(np.prod(SHAPE))
AFFINE = affine_of(((0, 1, 2), (-1, 1, 1)), (1, 1, 1))


@pytest.mark.parametrize(
    ("kind", "slope", "broken", "most"),
    [("i2", 1, False, 3), ("i2", 0.5, False, 9), ("f4", 1, False, 5), ("f4", 1, True, 5), ("f8", 1, True, 5)],
)
def test_bytes_a_voxel_of_decoding(
    kind: str, slope: float, broken: bool, most: float, tmp_path: Path
) -> None:
    voxels = np.random.default_rng(0).integers(0, 900, SHAPE).astype(kind)
    if broken:
        voxels[:3] = np.nan
    image = nib.Nifti1Image(voxels, AFFINE)
    image.header.set_slope_inter(slope, 0)
    nib.save(image, tmp_path / "volume.nii")
    tracemalloc.start()
    try:
        (scan,) = decode(tmp_path / "volume.nii", "volume.nii").scans
        assert tracemalloc.get_traced_memory()[1] / VOXELS < most
    finally:
        tracemalloc.stop()
    assert np.isfinite(scan.array).all()
