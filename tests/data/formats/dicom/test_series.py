from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from data.formats import decode
from tests.data.formats.making import affine_of, enhanced, picture, save, write_series

AXIAL = affine_of(((0, 1, 2), (-1, -1, 1)), (0.9, 0.9, 5.0))
VOLUME = np.arange(10 * 12 * 6, dtype=np.int16).reshape(10, 12, 6)


def zipped(folder: Path, file: Path) -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in sorted(folder.rglob("*")):
            archive.write(member, f"study/{member.relative_to(folder)}.dcm")
    return file


def test_folder_and_zip_are_the_same_scan(tmp_path: Path) -> None:
    folder = write_series(VOLUME, AXIAL, tmp_path / "series", order=[3, 0, 5, 1, 4, 2])
    (from_folder,) = decode(folder, "series").scans
    (from_zip,) = decode(zipped(folder, tmp_path / "series.zip"), "series.zip").scans
    assert from_folder.content_sha256 == from_zip.content_sha256
    assert np.array_equal(from_folder.array, from_zip.array)
    assert from_folder.array.shape == (6, 12, 10)
    assert from_folder.warnings == ()
    assert len(from_folder.members) == 6


def test_a_file_twice_counts_once(tmp_path: Path) -> None:
    folder = write_series(VOLUME, AXIAL, tmp_path / "series")
    (before,) = decode(folder, "series").scans
    shutil.copy(folder / "file000", folder / "again")
    (after,) = decode(folder, "series").scans
    assert after.content_sha256 == before.content_sha256
    assert after.warnings == ("1 of the files were there twice; each was read once.",)


def test_several_series_become_several_scans(tmp_path: Path) -> None:
    write_series(VOLUME, AXIAL, tmp_path / "all" / "a", SeriesInstanceUID="1.5", SeriesDescription="FLAIR")
    write_series(VOLUME, AXIAL, tmp_path / "all" / "b", SeriesInstanceUID="1.6", SeriesDescription="T1 post")
    decoded = decode(tmp_path / "all", "study.zip")
    assert decoded.refusals == ()
    assert {scan.name for scan in decoded.scans} == {"study.zip: FLAIR", "study.zip: T1 post"}


def test_a_missing_slice_is_said(tmp_path: Path) -> None:
    folder = write_series(VOLUME, AXIAL, tmp_path / "series")
    (folder / "file002").unlink()
    (scan,) = decode(folder, "series").scans
    assert scan.array.shape[0] == 5
    assert scan.spacing.slice_mm == pytest.approx(5.0)
    assert "missing" in scan.warnings[0]


def test_uneven_spacing_is_said_and_the_median_counts(tmp_path: Path) -> None:
    folder = tmp_path / "series"
    folder.mkdir()
    for index, depth in enumerate((0, 5, 10, 16.5, 21.5)):
        place: dict[str, Any] = {
            "ImagePositionPatient": [0, 0, depth],
            "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
        }
        save(picture(VOLUME[:, :, 0], PixelSpacing=[1, 1], **place), folder / str(index))
    (scan,) = decode(folder, "series").scans
    assert scan.spacing.slice_mm == pytest.approx(5.0)
    assert "unevenly" in scan.warnings[0]


def test_a_tilted_gantry_keeps_its_slant(tmp_path: Path) -> None:
    folder = tmp_path / "series"
    folder.mkdir()
    for index in range(4):
        place: dict[str, Any] = {
            "ImagePositionPatient": [0, 2.0 * index, 4.0 * index],
            "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
        }
        save(picture(VOLUME[:, :, 0], PixelSpacing=[1, 1], **place), folder / str(index))
    (scan,) = decode(folder, "series").scans
    assert scan.affine is not None
    assert scan.spacing.slice_mm == pytest.approx(4.0)
    assert np.allclose(np.abs(scan.affine[:3, 0]), [0, 2, 4])


def test_every_acquisition_is_a_scan_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "series"
    for time in (2, 1, 3):
        values = VOLUME + np.int16(1000 * time)
        write_series(values, AXIAL, folder / str(time), AcquisitionNumber=time)
    (folder / "1" / "file003").unlink()  # the first is not complete
    first, second, third = decode(folder, "fmri").scans
    assert [scan.array.shape[0] for scan in (first, second, third)] == [5, 6, 6]
    assert [int(scan.array.min()) for scan in (first, second, third)] == [1000, 2000, 3000]
    assert "This scan: acquisition 2. Scans of their own: acquisition 1, acquisition 3." in second.warnings[0]
    assert "missing" in first.warnings[1]


def test_localisers_become_one_stack_a_direction(tmp_path: Path) -> None:
    folder = tmp_path / "localiser"
    for number, axes in enumerate([(0, 1, 2), (1, 2, 0), (0, 2, 1)]):
        affine = affine_of((axes, (1, -1, 1)), (1.0, 1.0, 10.0))
        write_series(VOLUME[:, :, :3], affine, folder / str(number))
    decoded = decode(folder, "localiser")
    assert decoded.refusals == ()
    assert [scan.array.shape[0] for scan in decoded.scans] == [3, 3, 3]
    assert len({scan.content_sha256 for scan in decoded.scans}) == 3


def test_slices_without_places_are_ordered_by_number(tmp_path: Path) -> None:
    for number in (3, 1, 2):
        save(picture(np.full((8, 9), number, np.uint8), InstanceNumber=number), tmp_path / f"{9 - number}")
    (scan,) = decode(tmp_path, "old").scans
    assert [int(value) for value in scan.array[:, 0, 0]] == [1, 2, 3]
    assert scan.affine is None
    assert "order of their numbers" in scan.warnings[0]


def test_views_of_an_x_ray_stay_apart(tmp_path: Path) -> None:
    for number in (1, 2):
        save(picture(np.full((8, 9), number, np.uint8), Modality="DX"), tmp_path / str(number))
    assert len(decode(tmp_path, "views").scans) == 2


def test_an_enhanced_image_is_a_volume(tmp_path: Path) -> None:
    (scan,) = decode(save(enhanced(VOLUME, AXIAL), tmp_path / "enhanced"), "enhanced").scans
    (classic,) = decode(write_series(VOLUME, AXIAL, tmp_path / "classic"), "classic").scans
    assert np.array_equal(scan.array, classic.array)
    assert scan.affine is not None
    assert classic.affine is not None
    assert np.allclose(scan.affine, classic.affine, atol=1e-4)


def test_every_frame_has_its_own_rescale(tmp_path: Path) -> None:
    dataset = enhanced(VOLUME, AXIAL)
    for index, group in enumerate(dataset.PerFrameFunctionalGroupsSequence):
        transform = Dataset()
        transform.RescaleSlope, transform.RescaleIntercept = str(index + 1), "0"
        group.PixelValueTransformationSequence = Sequence([transform])
    (scan,) = decode(save(dataset, tmp_path / "enhanced"), "enhanced").scans
    expected = (VOLUME * np.arange(1, 7)).astype(float)
    assert sorted(scan.array.ravel().tolist()) == sorted(expected.ravel().tolist())


def test_stacks_of_one_file_are_different_scans(tmp_path: Path) -> None:
    dataset = enhanced(VOLUME, AXIAL)
    for index, group in enumerate(dataset.PerFrameFunctionalGroupsSequence):
        content = Dataset()
        content.StackID = "A" if index < 3 else "B"
        group.FrameContentSequence = Sequence([content])
    scans = decode(save(dataset, tmp_path / "enhanced"), "enhanced").scans
    assert [scan.array.shape[0] for scan in scans] == [3, 3]
    assert len({scan.content_sha256 for scan in scans}) == 2


def test_too_few_descriptions_of_frames_are_refused(tmp_path: Path) -> None:
    dataset = enhanced(VOLUME, AXIAL)
    del dataset.PerFrameFunctionalGroupsSequence[3:]
    (refusal,) = decode(save(dataset, tmp_path / "enhanced"), "enhanced").refusals
    assert refusal.code == "incomplete"


def test_one_damaged_file_does_not_take_the_others_along(tmp_path: Path) -> None:
    folder = write_series(VOLUME, AXIAL, tmp_path / "series")
    (folder / "report.dcm").write_bytes(b"\x00" * 128 + b"DICM" + b"\xff" * 50)
    decoded = decode(folder, "series")
    assert decoded.scans[0].array.shape[0] == 6
    assert [refusal.code for refusal in decoded.refusals] == ["unreadable"]
