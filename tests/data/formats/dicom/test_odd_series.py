"""Odd series whose right reading is more than a volume and a word."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, RLELossless, generate_uid

from data.formats import decode
from tests.data.formats.making import enhanced, save
from tests.data.formats.making_series import (
    AXIAL,
    SAGITTAL,
    VOLUME,
    Slices,
    each,
    moved,
    read,
    stored,
    written,
)


def test_native_pixels_that_are_declared_compressed(tmp_path: Path) -> None:
    folder = written(stored(), tmp_path / "upload")
    for file in folder.iterdir():
        native, claimed = (uid.encode() + b"\0" for uid in (ExplicitVRLittleEndian, RLELossless))
        file.write_bytes(file.read_bytes().replace(native, claimed, 1))
    (scan,) = decode(folder, "upload").scans
    assert np.array_equal(scan.array, VOLUME.transpose(2, 1, 0))


def test_a_side_view_placed_by_its_slice_locations_says_that_left_and_right_are_unknown(
    tmp_path: Path,
) -> None:
    series = each(stored(affine=SAGITTAL), ImagePositionPatient=[0, 0, 0], SliceLocation=lambda i: 5 * i)
    (scan,) = read(series, tmp_path).scans
    assert scan.affine is None
    assert scan.spacing.slice_mm == pytest.approx(5.0)
    assert "from which side" in scan.warnings[0]


def at_one_place(changes: Sequence[int]) -> Slices:
    """One slice several times, under numbers of their own and without slice locations."""
    series = [stored(change)[2] for change in changes]
    return each(
        series, SOPInstanceUID=lambda i: f"1.{i + 1}", InstanceNumber=lambda i: i + 1, SliceLocation=None
    )


def test_one_slice_at_several_times_is_no_volume(tmp_path: Path) -> None:
    """All positions are equal, and rightly so."""
    series = each(at_one_place((0, 90, 180)), TriggerTime=lambda i: i * 50)
    series[2].PixelData = series[2].PixelData[::-1]  # another picture, as of another slice
    decoded = read(series, tmp_path)
    assert [scan.array.shape[0] for scan in decoded.scans] == [1, 1, 1]
    assert "trigger time 0 ms" in " ".join(decoded.scans[0].warnings)


def test_one_picture_compressed_several_times_is_no_volume(tmp_path: Path) -> None:
    (scan,) = read(at_one_place((0, 1, 2)), tmp_path).scans
    assert scan.array.shape[0] == 1
    assert "nothing in their headers tells apart" in " ".join(scan.warnings)


def test_series_that_may_have_been_cut_are_said(tmp_path: Path) -> None:
    series = each(moved(stored(), lambda i: i * i), SeriesInstanceUID=lambda i: f"1.7.{i + 1}")
    scans = read(series, tmp_path).scans
    assert len(scans) == 6
    assert all("may have cut one series" in " ".join(scan.warnings) for scan in scans)


def test_slices_of_one_patient_stay_when_the_others_are_refused(tmp_path: Path) -> None:
    lost = each(stored(), ImagePositionPatient=None, SliceLocation=None, InstanceNumber=None, Rows=11)
    decoded = read(stored() + each(lost, PatientID="T-2", PixelData=lambda i: b"\0" * 220), tmp_path)
    assert [scan.array.shape for scan in decoded.scans] == [(6, 12, 10)]
    assert [refusal.code for refusal in decoded.refusals] == ["no_place"]


@pytest.mark.parametrize(
    ("macro", "elements"),
    [
        (
            "MRImageFrameTypeSequence",
            ({"ComplexImageComponent": "MAGNITUDE"}, {"ComplexImageComponent": "PHASE"}),
        ),
        (
            "MRImageFrameTypeSequence",
            (
                {"FrameType": ["ORIGINAL", "PRIMARY", "M", "NONE"]},
                {"FrameType": ["ORIGINAL", "PRIMARY", "I", "NONE"]},
            ),
        ),
    ],
)
def test_parts_of_the_signal_in_one_file_of_many_frames(
    macro: str, elements: tuple[dict[str, Any], ...], tmp_path: Path
) -> None:
    (scan,) = decode(save(both_in_one_file(macro, elements[::-1]), tmp_path / "f"), "f").scans
    assert np.array_equal(scan.array, VOLUME.transpose(2, 1, 0) + 90)
    assert "the magnitude was read" in scan.warnings[0]


@pytest.mark.parametrize(
    ("macro", "elements", "words"),
    [
        ("MREchoSequence", ({"EffectiveEchoTime": 100.0}, {"EffectiveEchoTime": 20.0}), "echo time 100 ms"),
        ("MRDiffusionSequence", ({"DiffusionBValue": 0.0}, {"DiffusionBValue": 800.0}), "b-value 0 s/mm²"),
        (
            "FrameContentSequence",
            ({"TemporalPositionIndex": 1}, {"TemporalPositionIndex": 2}),
            "time point 1",
        ),
    ],
)
def test_sets_in_one_file_of_many_frames_are_scans_of_their_own(
    macro: str, elements: tuple[dict[str, Any], ...], words: str, tmp_path: Path
) -> None:
    scans = decode(save(both_in_one_file(macro, elements), tmp_path / "f"), "f").scans
    for scan, change in zip(scans, (0, 90), strict=True):
        assert np.array_equal(scan.array, VOLUME.transpose(2, 1, 0) + change)
    assert words in scans[0].warnings[0]
    assert scans[0].content_sha256 != scans[1].content_sha256


def both_in_one_file(macro: str, elements: Sequence[dict[str, Any]]) -> Dataset:
    """The phantom and the phantom greater by 90 in one file, each frame with elements in a macro."""
    twice = np.concatenate([VOLUME, VOLUME + np.int16(90)], axis=2)
    dataset = enhanced(twice, AXIAL, SpacingBetweenSlices=5)
    groups = dataset.PerFrameFunctionalGroupsSequence
    for index, group in enumerate(groups):
        group.PlanePositionSequence = groups[index % 6].PlanePositionSequence
        item = Dataset()
        for keyword, value in elements[index // 6].items():
            setattr(item, keyword, value)
        setattr(group, macro, [item])
    return dataset


def test_no_frames_in_a_file_that_describes_its_frames(tmp_path: Path) -> None:
    (scan,) = decode(save(enhanced_without_count(), tmp_path / "f"), "f").scans
    assert np.array_equal(scan.array, VOLUME.transpose(2, 1, 0))


def enhanced_without_count() -> Dataset:
    dataset = enhanced(VOLUME, AXIAL)
    dataset.NumberOfFrames = 0
    return dataset


def test_a_directory_without_a_class_is_named(tmp_path: Path) -> None:
    directory = Dataset()
    directory.FileSetID = "CD"
    directory.DirectoryRecordSequence = [Dataset()]
    directory.file_meta = pydicom.dataset.FileMetaDataset()
    directory.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    directory.file_meta.MediaStorageSOPClassUID = "1.2.3"
    directory.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    directory.save_as(tmp_path / "D", enforce_file_format=True)
    (refusal,) = decode(tmp_path / "D", "D").refusals
    assert refusal.sentence == "This is a DICOM directory, not an image."


# Geometry: measured and said


@pytest.mark.parametrize(
    ("series", "words", "slice_mm"),
    [
        (
            lambda: moved(stored(), lambda i: 5 * (i > 2)),
            "1 in 1 gaps (usually 5 mm from slice to slice, at most 10 mm)",
            5.0,
        ),
        (lambda: moved(stored(), lambda i: 2 * (i > 2)), "from 5 to 7 mm", 5.0),
        (lambda: moved(stored(), lambda i: 25 * (i > 2)), "sizes across the slices are not given", None),
        (lambda: moved(stored(), lambda i: 2.5 * i, axis=1), "slant of 26.6°", 5.0),
        (
            lambda: moved(stored(), lambda i: 7 * (i == 3), axis=0),
            "shifted against each other by up to 7.0 mm",
            5.0,
        ),
        (lambda: moved(stored(), lambda i: 0.3 * (i % 2)), "", 5.0),
    ],
)
def test_uneven_and_slanted_slices_are_said_with_numbers(
    series: Callable[[], Slices], words: str, slice_mm: float | None, tmp_path: Path
) -> None:
    (scan,) = read(series(), tmp_path).scans
    assert words in " ".join(scan.warnings)
    assert bool(scan.warnings) == bool(words)
    assert scan.spacing.slice_mm == (None if slice_mm is None else pytest.approx(slice_mm, rel=0.07))
    assert np.array_equal(scan.array, VOLUME.transpose(2, 1, 0))
