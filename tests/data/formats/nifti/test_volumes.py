from __future__ import annotations

import gzip
import zipfile
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from nilearn.datasets import load_mni152_template

from data.formats import Limits, decode
from reports.masks import mask_nifti
from tests.data.formats.making import write_nifti

AFFINE = np.diag([-2.0, 2.0, 2.0, 1.0])
VOLUME = np.arange(6 * 7 * 8).reshape(6, 7, 8)


@pytest.mark.parametrize("dtype", ["u1", "i1", "<i2", ">i2", "u2", "i4", "u4", "f4", ">f8"])
def test_every_data_type_keeps_its_values(dtype: str, tmp_path: Path) -> None:
    values = (VOLUME % 100).astype(dtype)
    (scan,) = decode(write_nifti(values, AFFINE, tmp_path / "scan.nii"), "scan.nii").scans
    assert sorted(scan.array.ravel().tolist()) == sorted(values.ravel().tolist())
    assert scan.array.dtype.isnative
    assert scan.array.flags.c_contiguous


@pytest.mark.parametrize("image", [nib.Nifti1Image, nib.Nifti2Image])
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_both_versions_plain_and_gzipped(image: Any, suffix: str, tmp_path: Path) -> None:
    file = tmp_path / f"scan{suffix}"
    nib.save(image(VOLUME.astype(np.int16), AFFINE), file)
    (scan,) = decode(file, file.name).scans
    assert scan.spacing.voxel_ml == pytest.approx(0.008)
    assert scan.header.modality is None
    assert scan.identity.name is None


def test_gzip_does_not_make_another_scan(tmp_path: Path) -> None:
    plain = write_nifti(VOLUME.astype(np.int16), AFFINE, tmp_path / "scan.nii")
    packed = tmp_path / "other name.nii.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    archive = tmp_path / "scan.zip"
    with zipfile.ZipFile(archive, "w") as out:
        out.write(plain, "inside.nii")
    hashes = {decode(file, file.name).scans[0].content_sha256 for file in (plain, packed, archive)}
    assert len(hashes) == 1


def test_a_pair_is_read_together_and_not_alone(tmp_path: Path) -> None:
    nib.save(nib.Nifti1Pair(VOLUME.astype(np.int16), AFFINE), tmp_path / "scan.hdr")
    decoded = decode(tmp_path, "folder")
    assert decoded.refusals == ()
    assert len(decoded.scans) == 1
    assert set(decoded.scans[0].members) == {"scan.hdr", "scan.img"}
    for half in ("scan.hdr", "scan.img"):
        (refusal,) = decode(tmp_path / half, half).refusals
        assert refusal.code == "incomplete"


def test_the_first_of_several_volumes_is_read(tmp_path: Path) -> None:
    values = np.stack([VOLUME, VOLUME + 1000], axis=-1).astype(np.int16)
    (scan,) = decode(write_nifti(values, AFFINE, tmp_path / "scan.nii"), "scan.nii").scans
    assert scan.array.max() < 1000
    assert "2 volumes" in scan.warnings[0]


def test_scaling_is_applied(tmp_path: Path) -> None:
    image = nib.Nifti1Image(VOLUME.astype(np.int16), AFFINE)
    image.header.set_slope_inter(0.5, 3)
    nib.save(image, tmp_path / "scan.nii")
    stored = np.asarray(nib.load(tmp_path / "scan.nii").dataobj)
    (scan,) = decode(tmp_path / "scan.nii", "scan.nii").scans
    assert np.allclose(sorted(scan.array.ravel()), sorted(stored.ravel()))


@pytest.mark.parametrize("lowest", [-1.9, 0.0, 300.0])
def test_what_is_no_number_is_background_and_never_middle_grey(lowest: float, tmp_path: Path) -> None:
    values = VOLUME.astype(np.float32) + np.float32(lowest)
    values[0, 0, 1], values[1, 1, 1], values[2, 2, 2] = np.nan, np.inf, -np.inf
    (scan,) = decode(write_nifti(values, AFFINE, tmp_path / "scan.nii"), "scan.nii").scans
    assert np.isfinite(scan.array).all()
    assert (scan.array == np.float32(lowest)).sum() == 4


def test_a_volume_without_any_number_is_black(tmp_path: Path) -> None:
    values = np.full(VOLUME.shape, np.nan, np.float32)
    (scan,) = decode(write_nifti(values, AFFINE, tmp_path / "scan.nii"), "scan.nii").scans
    assert not scan.array.any()


def test_huge_values_stay_finite(tmp_path: Path) -> None:
    (scan,) = decode(write_nifti(VOLUME * 1e200, AFFINE, tmp_path / "scan.nii"), "scan.nii").scans
    assert np.isfinite(scan.array).all()
    assert scan.array.max() > 1e200


def test_a_constant_volume_is_a_scan(tmp_path: Path) -> None:
    assert (
        len(decode(write_nifti(np.ones((4, 5, 6), np.uint8), AFFINE, tmp_path / "one.nii"), "one.nii").scans)
        == 1
    )


@pytest.mark.parametrize(
    ("dtype", "code"),
    [(np.complex64, "complex"), (np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")]), "colour")],
)
def test_complex_and_colour_are_refused(dtype: Any, code: str, tmp_path: Path) -> None:
    values = np.zeros((4, 5, 6), dtype)
    if values.dtype.names:
        values["R"] = 200
    file = write_nifti(values, AFFINE, tmp_path / "scan.nii")
    (refusal,) = decode(file, "scan.nii").refusals
    assert refusal.code == code


def test_a_cut_file_is_incomplete(tmp_path: Path) -> None:
    file = write_nifti(VOLUME.astype(np.int16), AFFINE, tmp_path / "scan.nii")
    file.write_bytes(file.read_bytes()[:-100])
    assert decode(file, "scan.nii").refusals[0].code == "incomplete"


def test_declared_sizes_are_checked_before_anything_is_allocated(tmp_path: Path) -> None:
    file = write_nifti(VOLUME.astype(np.int16), AFFINE, tmp_path / "scan.nii")
    raw = bytearray(file.read_bytes())
    raw[40:56] = np.array([3, 30000, 30000, 30000, 1, 1, 1, 1], "<i2").tobytes()
    file.write_bytes(raw)
    assert decode(file, "scan.nii").refusals[0].code == "too_large"


def test_a_gzip_bomb_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "bomb.nii.gz"
    file.write_bytes(gzip.compress(bytes(40 << 20)))
    assert decode(file, "bomb.nii.gz", Limits(max_unpacked_bytes=1 << 20)).refusals[0].code == "archive_bomb"


def test_unknown_geometry_is_said_and_travels_with_the_mask(tmp_path: Path) -> None:
    image = nib.Nifti1Image(VOLUME.astype(np.int16), None)
    image.header.set_zooms((1.0, 2.0, 3.0))
    nib.save(image, tmp_path / "scan.nii")
    source = nib.load(tmp_path / "scan.nii")
    (scan,) = decode(tmp_path / "scan.nii", "scan.nii").scans
    assert "left and right" in scan.warnings[0]
    assert not scan.grid.placed
    mask = tmp_path / "mask.nii.gz"
    mask.write_bytes(mask_nifti(scan.array > 100, scan.grid))
    exported = nib.load(mask)
    assert int(exported.header["sform_code"]) == int(exported.header["qform_code"]) == 0
    assert np.allclose(exported.affine, source.affine)
    assert np.array_equal(np.asarray(exported.dataobj) > 0, np.asarray(source.dataobj) > 100)


def test_a_broken_sform_falls_back_to_the_qform(tmp_path: Path) -> None:
    image = nib.Nifti1Image(VOLUME.astype(np.int16), AFFINE)
    image.set_qform(AFFINE, code=1)
    image.header["sform_code"] = 2
    image.header["srow_x"] = image.header["srow_y"] = image.header["srow_z"] = 0
    nib.save(image, tmp_path / "scan.nii")
    (scan,) = decode(tmp_path / "scan.nii", "scan.nii").scans
    assert np.allclose(np.array(scan.grid.affine), AFFINE)


def test_a_real_head_is_axial(tmp_path: Path) -> None:
    template = load_mni152_template(resolution=3)
    file = write_nifti(np.asarray(template.dataobj, np.float32), template.affine, tmp_path / "mni.nii.gz")
    (scan,) = decode(file, file.name).scans
    assert scan.array.shape[0] == template.shape[2]
    assert scan.affine is not None
    right_anterior_top = scan.affine @ [scan.array.shape[0] - 1, 0, 0, 1]
    assert (right_anterior_top[:3] > 0).all()
