"""NIfTI headers as people write them: the same voxels in the patient, the same mL, or a sentence."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.formats import decode, look_at
from data.formats.geometry import display_affine
from data.formats.members import Member
from data.formats.processes.sightings import grouped
from data.records import DecodedScan
from tests.data.formats.making import ORIENTATIONS, affine_of

SHAPE = (20, 24, 9)
VOXEL_ML = 0.9375 * 0.9375 * 5.0 / 1000
AFFINE = affine_of(((0, 1, 2), (-1, -1, 1)), (0.9375, 0.9375, 5.0), (7, -4, 11))
VOLUME = np.random.default_rng(5).integers(0, 1200, SHAPE).astype(np.int16)
MILLIMETRES, METRES, MICRONS, SECONDS = 2, 1, 3, 8

Change = Callable[[Any], None]


def written(
    file: Path, change: Change = lambda header: None, values: Any = VOLUME, affine: Any = AFFINE
) -> Path:
    """A single file whose header was changed behind the library's back."""
    image = nib.Nifti1Image(values, affine)
    image.set_qform(affine, code=1)
    image.set_sform(affine, code=1)
    image.header.set_xyzt_units("mm")
    content = bytearray(image.to_bytes())
    header = nib.Nifti1Header(bytes(content[:348]), check=False)
    change(header)
    content[:348] = header.binaryblock
    file.write_bytes(content)
    return file


def read(file: Path) -> DecodedScan:
    decoded = decode(file, file.name)
    assert decoded.refusals == ()
    (scan,) = decoded.scans
    return scan


def bright_places(scan: DecodedScan, count: int = 30) -> Any:
    """Where the brightest voxels lie in the patient, RAS mm, in the order of their values."""
    flat = np.argsort(scan.array.ravel(), kind="stable")[-count:]
    index = np.stack([*np.unravel_index(flat, scan.array.shape), np.ones(count)])
    affine = display_affine(scan.grid)
    assert affine is not None
    return (affine @ index)[:3].round(3)


def only_qform(header: Any) -> None:
    header["sform_code"] = 0


def negative_sizes(header: Any) -> None:
    only_qform(header)
    header["pixdim"][1:3] *= -1


def long_quaternion(header: Any) -> None:
    only_qform(header)
    for part in "bcd":
        header[f"quatern_{part}"] *= np.float32(1 + 3e-6)


def as_metres_in_metres(header: Any) -> None:
    header["xyzt_units"] = METRES
    header["pixdim"][1:4] /= 1000
    for row in "xyz":
        header[f"srow_{row}"] /= 1000


def unit(code: int) -> Change:
    def change(header: Any) -> None:
        header["xyzt_units"] = code

    return change


def in_metres_without_saying_so(header: Any) -> None:
    as_metres_in_metres(header)
    header["xyzt_units"] = 0


def another_magic(header: Any) -> None:
    header["magic"] = b"ni1"


def no_offset(header: Any) -> None:
    header["vox_offset"] = 0


def empty_dimensions(header: Any) -> None:
    header["dim"][0], header["dim"][4:] = 5, 0


def nonsense_sform(header: Any) -> None:
    for row in "xyz":
        header[f"srow_{row}"] = 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (only_qform, None),
        (negative_sizes, None),
        (long_quaternion, None),
        (nonsense_sform, None),
        (another_magic, None),
        (no_offset, None),
        (empty_dimensions, None),
        (unit(0), None),
        (as_metres_in_metres, None),
        (unit(METRES), "states its sizes in metres"),
        (unit(MICRONS), "states its sizes in microns"),
        (in_metres_without_saying_so, "taken as metres"),
    ],
)
def test_a_header_as_people_write_it_gives_the_plain_one_s_voxels(
    change: Change, words: str | None, tmp_path: Path
) -> None:
    scan, plain = read(written(tmp_path / "odd.nii", change)), read(written(tmp_path / "plain.nii"))
    assert np.array_equal(scan.array, plain.array)
    assert scan.spacing.voxel_ml == pytest.approx(VOXEL_ML, rel=1e-5)
    assert np.allclose(bright_places(scan), bright_places(plain), atol=0.01)
    assert [words in sentence for sentence in scan.warnings] == ([True] if words else [])


@pytest.mark.parametrize("size", [0.0, np.nan, np.inf, 1e-7, 1e5])
def test_a_voxel_that_no_scanner_makes_gives_no_sizes_and_a_sentence(size: float, tmp_path: Path) -> None:
    def change(header: Any) -> None:
        header["sform_code"] = header["qform_code"] = 0
        header["pixdim"][1] = size

    scan = read(written(tmp_path / "scan.nii", change))
    assert scan.spacing.voxel_ml is None
    assert scan.spacing.in_plane is None
    assert any("make no sense" in sentence for sentence in scan.warnings)


def test_one_slice_needs_no_distance_of_slices(tmp_path: Path) -> None:
    def change(header: Any) -> None:
        header["sform_code"] = header["qform_code"] = 0
        header["pixdim"][3] = 0

    scan = read(written(tmp_path / "slice.nii", change, VOLUME[:, :, :1]))
    assert scan.spacing.in_plane == pytest.approx((0.9375, 0.9375))


@pytest.mark.parametrize("shear", [0.0, 0.1, 0.5, -0.8])
def test_a_sheared_voxel_has_the_volume_of_its_determinant(shear: float, tmp_path: Path) -> None:
    slant = np.eye(4)
    slant[0, 1] = shear
    affine = AFFINE @ slant
    scan = read(written(tmp_path / "scan.nii", affine=affine))
    assert scan.spacing.voxel_ml == pytest.approx(VOXEL_ML, rel=1e-6)
    assert any("not at right angles" in sentence for sentence in scan.warnings) == (shear != 0)


@pytest.mark.parametrize(("stretch", "said"), [(1.0, None), (1.1, "space of a template")])
def test_in_a_template_s_space_sizes_stay_the_patient_s(
    stretch: float, said: str | None, tmp_path: Path
) -> None:
    def change(header: Any) -> None:
        header["sform_code"] = 4
        for row in "xyz":
            header[f"srow_{row}"] *= stretch

    scan = read(written(tmp_path / "scan.nii", change))
    assert scan.spacing.voxel_ml == pytest.approx(VOXEL_ML, rel=1e-5)
    assert [said in sentence for sentence in scan.warnings] == ([True] if said else [])


def test_a_template_without_the_scanned_size_is_said(tmp_path: Path) -> None:
    def change(header: Any) -> None:
        header["sform_code"], header["qform_code"] = 4, 0

    assert any(
        "fitted to a template" in sentence for sentence in read(written(tmp_path / "a.nii", change)).warnings
    )


def test_slices_in_the_fourth_dimension_are_slices(tmp_path: Path) -> None:
    in_time = VOLUME[:, :, None, :]
    scan = read(written(tmp_path / "in_time.nii", values=in_time))
    assert np.array_equal(scan.array, read(written(tmp_path / "plain.nii")).array)
    assert scan.spacing.voxel_ml == pytest.approx(VOXEL_ML)
    assert "fourth dimension" in scan.warnings[0]


def test_one_slice_over_time_is_one_slice(tmp_path: Path) -> None:
    scan = read(written(tmp_path / "film.nii", unit(MILLIMETRES | SECONDS), VOLUME[:, :, None, :]))
    assert len(scan.array) == 1
    assert "9 volumes" in scan.warnings[0]


@pytest.mark.parametrize("names", ["RGB", "RGBA"])
def test_colour_channels_that_agree_are_grey(names: str, tmp_path: Path) -> None:
    values = np.zeros(SHAPE, np.dtype([(name, "u1") for name in names]))
    for name in names:
        values[name] = VOLUME // 5
    scan = read(written(tmp_path / "rgb.nii", values=values))
    assert np.array_equal(
        scan.array, read(written(tmp_path / "grey.nii", values=(VOLUME // 5).astype("u1"))).array
    )


@pytest.mark.parametrize("packed", [(), ("hdr",), ("img",), ("hdr", "img")])
def test_halves_of_a_pair_may_be_gzipped(packed: tuple[str, ...], tmp_path: Path) -> None:
    nib.save(nib.Nifti1Pair(VOLUME, AFFINE), tmp_path / "scan.hdr")
    for suffix in packed:
        half = tmp_path / f"scan.{suffix}"
        (tmp_path / f"scan.{suffix}.gz").write_bytes(gzip.compress(half.read_bytes()))
        half.unlink()
    decoded = decode(tmp_path, "folder")
    assert decoded.refusals == ()
    (scan,) = decoded.scans
    assert np.array_equal(scan.array, read(written(tmp_path / "plain.nii")).array)
    members = [Member(file.name, file) for file in tmp_path.iterdir() if file.name != "plain.nii"]
    assert [len(group) for group in grouped(look_at(members))] == [2]


@pytest.mark.parametrize("tail", [b"\0" * 18, b"a tail of 18 bytes", b"\x1f"])
def test_what_lies_behind_a_gzip_is_no_part_of_it(tail: bytes, tmp_path: Path) -> None:
    plain = written(tmp_path / "plain.nii")
    file = tmp_path / "scan.nii.gz"
    file.write_bytes(gzip.compress(plain.read_bytes()) + tail)
    assert np.array_equal(read(file).array, read(plain).array)


def test_several_gzip_members_are_one_file(tmp_path: Path) -> None:
    plain = written(tmp_path / "plain.nii").read_bytes()
    file = tmp_path / "scan.nii.gz"
    file.write_bytes(gzip.compress(plain[:500]) + gzip.compress(plain[500:]))
    assert np.array_equal(read(file).array, read(tmp_path / "plain.nii").array)


@pytest.mark.parametrize("damage", ["cut", "checksum"])
def test_a_damaged_gzip_is_not_taken_for_a_tail(damage: str, tmp_path: Path) -> None:
    content = bytearray(gzip.compress(written(tmp_path / "plain.nii").read_bytes()))
    if damage == "cut":
        del content[-20:]
    else:
        content[-6] ^= 1
    file = tmp_path / "scan.nii.gz"
    file.write_bytes(content)
    assert decode(file, file.name).refusals[0].code == "unreadable"


def _as_file(image: Any, form: str, folder: Path) -> Path:
    if form == "pair":
        nib.save(
            nib.Nifti1Pair(image.get_fdata().astype(image.get_data_dtype()), image.affine), folder / "a.hdr"
        )
        return folder
    content = image.to_bytes()
    file = folder / f"a.{form}"
    file.write_bytes(gzip.compress(content) if form.endswith("gz") else content)
    return file


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    orientation=st.sampled_from(ORIENTATIONS),
    form=st.sampled_from(["nii", "nii.gz", "pair"]),
    stored=st.sampled_from(["<i2", ">i2", "<f4", ">f8", "<i4", "<u2"]),
    second=st.booleans(),
)
def test_one_phantom_in_every_storage_form_is_the_same_in_the_patient(
    orientation: Any, form: str, stored: str, second: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("form")
    axes, signs = orientation
    plain = nib.Nifti1Image(VOLUME, AFFINE)
    turned = plain.as_reoriented(np.array(list(zip(axes, signs, strict=True))))
    kind = nib.Nifti2Image if second and form != "pair" else nib.Nifti1Image
    header = kind.header_class(endianness=stored[0])
    image = kind(np.asarray(turned.dataobj).astype(stored), turned.affine, header)
    scan = read(_as_file(image, form, folder))
    expected = read(_as_file(plain, "nii", folder))
    assert scan.spacing.voxel_ml == pytest.approx(VOXEL_ML)
    assert np.array_equal(bright_places(scan), bright_places(expected))


@pytest.mark.parametrize("stretch", [1.003, 1.004])
def test_a_template_of_nearly_the_same_size_is_the_same(stretch: float, tmp_path: Path) -> None:
    def change(header: Any) -> None:
        header["sform_code"] = 4
        for row in "xyz":
            header[f"srow_{row}"] *= stretch

    said = any("space of a template" in words for words in read(written(tmp_path / "a.nii", change)).warnings)
    assert said == (stretch**3 - 1 > 0.01)


def test_sizes_in_a_template_are_the_patient_s_in_any_unit(tmp_path: Path) -> None:
    def change(header: Any) -> None:
        as_metres_in_metres(header)
        header["sform_code"] = 4
        for row in "xyz":
            header[f"srow_{row}"] *= 1.1

    assert read(written(tmp_path / "a.nii", change)).spacing.voxel_ml == pytest.approx(VOXEL_ML, rel=1e-4)


@pytest.mark.parametrize(
    ("ends", "window"),
    [((40, 900), (40.0, 900.0)), ((0, 0), None), ((900, 40), None), ((float("nan"), 9), None)],
)
def test_the_window_that_a_file_asks_for(
    tmp_path: Path, ends: tuple[float, float], window: tuple[float, float] | None
) -> None:
    def change(header: Any) -> None:
        header["cal_min"], header["cal_max"] = ends

    assert read(written(tmp_path / "scan.nii", change)).window == window
