"""A DICOM SEG lies on the voxels of the source, whichever way the slices were taken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from data.formats import display_affine, to_source
from data.records import DecodedScan
from reports.dicom.codes import codes_of
from reports.dicom.origin import Origin, Outline, stable_uid
from reports.dicom.segmentation import Segment, reference, segmentation, why_no_segmentation
from tests.data.formats.making import ORIENTATIONS, affine_of, enhanced, slices_of
from tests.dicom_files import SAID, faults, kept, opened, origin_of

SHAPE = (11, 13, 9)  # columns, rows, slices
TWO = [Segment(f"Lesion {number}", f"r-{number}", stable_uid("r", str(number))) for number in (1, 2)]


def volume(seed: int = 1) -> NDArray[np.int16]:
    return np.random.default_rng(seed).integers(1, 900, SHAPE).astype(np.int16)


def marked(scan: DecodedScan, seed: int = 2) -> NDArray[np.uint8]:
    """Two lesions of scattered voxels, as displayed."""
    return np.random.default_rng(seed).choice([0, 1, 2], scan.array.shape, p=[0.8, 0.1, 0.1]).astype(np.uint8)


def written(scan: DecodedScan, origin: Origin, displayed: NDArray[np.uint8], **changes: Any) -> bytes:
    labels = np.ascontiguousarray(to_source(displayed, scan.grid).transpose(2, 1, 0))
    return segmentation(origin, labels, TWO, codes_of("brain-tumour"), **changes)


def places(dataset: Dataset, segment: int) -> NDArray[np.float64]:
    """The centres (LPS mm) of a segment's voxels, by what the object itself says of each frame."""
    shared = dataset.SharedFunctionalGroupsSequence[0]
    cosines = np.array(shared.PlaneOrientationSequence[0].ImageOrientationPatient, float)
    row_mm, column_mm = map(float, shared.PixelMeasuresSequence[0].PixelSpacing)
    centres = []
    for frame, group in zip(dataset.pixel_array, dataset.PerFrameFunctionalGroupsSequence, strict=True):
        if group.SegmentIdentificationSequence[0].ReferencedSegmentNumber != segment:
            continue
        position = np.array(group.PlanePositionSequence[0].ImagePositionPatient, float)
        for row, column in np.argwhere(frame):
            centres.append(position + cosines[:3] * column * column_mm + cosines[3:] * row * row_mm)
    return np.array(centres)


def meant(scan: DecodedScan, displayed: NDArray[np.uint8], segment: int) -> NDArray[np.float64]:
    """The same of the mask as displayed, by the scan's own affine."""
    affine = display_affine(scan.grid)
    assert affine is not None
    ras = np.argwhere(displayed == segment) @ affine[:3, :3].T + affine[:3, 3]
    return np.array(ras * (-1, -1, 1), dtype=np.float64)


def in_order(points: NDArray[np.float64]) -> NDArray[np.float64]:
    rounded = np.round(points, 2) + 0.0
    return rounded[np.lexsort(rounded.T)]


@pytest.mark.parametrize("degrees", [(0, 0, 0), (12, -7, 21)])
@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_every_voxel_lies_where_it_lay(tmp_path: Path, orientation: Any, degrees: Any) -> None:
    affine = affine_of(orientation, (0.9, 1.1, 3.0), degrees)
    scan, archive = kept(slices_of(volume(), affine, **SAID), tmp_path)
    displayed = marked(scan)
    made = opened(written(scan, origin_of(scan, archive), displayed))
    assert made.NumberOfFrames == 2 * SHAPE[2]  # empty ones too
    for segment in (1, 2):
        here, there = in_order(places(made, segment)), in_order(meant(scan, displayed, segment))
        assert here.shape == there.shape and len(here) > 20
        assert np.abs(here - there).max() < 0.02


def test_each_frame_names_the_instance_that_it_lies_on(tmp_path: Path) -> None:
    scan, archive = kept(slices_of(volume(), affine_of(ORIENTATIONS[5], (1, 1, 4)), **SAID), tmp_path)
    origin = origin_of(scan, archive)
    made = opened(written(scan, origin, marked(scan)))
    at = {str(frame.header.SOPInstanceUID): frame.position for frame in origin.source.frames}
    for group in made.PerFrameFunctionalGroupsSequence:
        (item,) = group.DerivationImageSequence[0].SourceImageSequence
        position = np.array(group.PlanePositionSequence[0].ImagePositionPatient, float)
        assert np.abs(at[item.ReferencedSOPInstanceUID] - position).max() < 1e-6
    (series,) = made.ReferencedSeriesSequence
    assert series.SeriesInstanceUID == SAID["SeriesInstanceUID"]
    assert {item.ReferencedSOPInstanceUID for item in series.ReferencedInstanceSequence} == set(at)


@pytest.mark.parametrize("flip", [1, -1])
def test_frames_of_one_file_are_named_by_their_numbers(tmp_path: Path, flip: int) -> None:
    affine = affine_of(((0, 1, 2), (1, 1, flip)), (1.0, 1.0, 4.0))
    scan, archive = kept([enhanced(volume(), affine, **SAID)], tmp_path)
    displayed = marked(scan)
    made = opened(written(scan, origin_of(scan, archive), displayed))
    assert np.abs(in_order(places(made, 1)) - in_order(meant(scan, displayed, 1))).max() < 0.02
    (item,) = made.SourceImageSequence
    assert list(item.ReferencedFrameNumber) == list(range(1, SHAPE[2] + 1))
    for group in made.PerFrameFunctionalGroupsSequence:
        number = group.DerivationImageSequence[0].SourceImageSequence[0].ReferencedFrameNumber
        position = np.array(group.PlanePositionSequence[0].ImagePositionPatient, float)
        first = np.array([-affine[0, 3], -affine[1, 3], affine[2, 3]])
        assert np.abs(first + (number - 1) * np.array([0, 0, flip * 4.0]) - position).max() < 1e-5


def test_the_same_result_gives_the_same_bytes_and_another_one_others(tmp_path: Path) -> None:
    scan, archive = kept(slices_of(volume(), affine_of(ORIENTATIONS[0], (1, 1, 4)), **SAID), tmp_path)
    displayed = marked(scan)
    content = written(scan, origin_of(scan, archive), displayed)
    assert written(scan, origin_of(scan, archive), displayed) == content
    other = opened(written(scan, origin_of(scan, archive, key="another"), displayed))
    assert other.SOPInstanceUID != opened(content).SOPInstanceUID
    assert opened(content).SOPInstanceUID.startswith("2.25.")
    assert opened(content).SOPInstanceUID.is_valid


def test_it_says_who_made_it_of_whom_and_what(tmp_path: Path) -> None:
    scan, archive = kept(slices_of(volume(), affine_of(ORIENTATIONS[0], (1, 1, 4)), **SAID), tmp_path)
    made = opened(written(scan, origin_of(scan, archive), marked(scan)))
    for keyword in ("StudyInstanceUID", "FrameOfReferenceUID", "StudyDate", "StudyTime", "PatientSex"):
        assert made[keyword].value == SAID[keyword]
    assert made.PatientID == "P-7K3QX" and made.PatientIdentityRemoved == "YES"
    assert "Patient" not in str(made.PatientName)
    for segment, told in zip(made.SegmentSequence, TWO, strict=True):
        assert (segment.SegmentLabel, segment.TrackingUID) == (told.label, told.tracking_uid)
        assert segment.SegmentedPropertyTypeCodeSequence[0].CodeValue == "108369006"
        (algorithm,) = segment.SegmentationAlgorithmIdentificationSequence
        assert (algorithm.AlgorithmName, algorithm.AlgorithmVersion) == ("brain-tumour", "2")
        assert "ab" * 32 in algorithm.AlgorithmParameters
    assert made.get("ContentCreatorName") in ("", None)


def test_a_correction_is_an_instance_of_its_own_that_names_its_parent(tmp_path: Path) -> None:
    scan, archive = kept(slices_of(volume(), affine_of(ORIENTATIONS[0], (1, 1, 4)), **SAID), tmp_path)
    first, displayed = origin_of(scan, archive), marked(scan)
    corrected = origin_of(scan, archive, key="a review", creator="Dr Grey")
    made = opened(written(scan, corrected, displayed, parent=reference(first)))
    parent = opened(written(scan, first, displayed))
    assert made.SOPInstanceUID != parent.SOPInstanceUID
    assert str(made.ContentCreatorName) == "Dr Grey^"
    assert parent.SOPInstanceUID in [item.ReferencedSOPInstanceUID for item in made.SourceImageSequence]
    listed = {series.SeriesInstanceUID: series for series in made.ReferencedSeriesSequence}
    (item,) = listed[parent.SeriesInstanceUID].ReferencedInstanceSequence
    assert item.ReferencedSOPInstanceUID == parent.SOPInstanceUID


@pytest.mark.parametrize("missing", ["FrameOfReferenceUID", "ImagePositionPatient"])
def test_a_series_without_places_allows_none_and_it_is_said_why(tmp_path: Path, missing: str) -> None:
    series = slices_of(volume(), affine_of(ORIENTATIONS[0], (1, 1, 4)), **SAID)
    for dataset in series:
        del dataset[missing]
    scan, archive = kept(series, tmp_path)
    assert "needs" in (why_no_segmentation(origin_of(scan, archive)) or "")


@pytest.mark.integration
def test_the_outline_of_an_imported_label_is_nobodys_algorithm(tmp_path: Path) -> None:
    scan, archive = kept(slices_of(volume(), affine_of(ORIENTATIONS[0], (1, 1, 4)), **SAID), tmp_path)
    origin = origin_of(scan, archive, key="a label", creator="", outline=Outline.LABEL)
    content = written(scan, origin, marked(scan), parent=reference(origin_of(scan, archive)))
    for segment in opened(content).SegmentSequence:
        assert segment.SegmentAlgorithmType == "MANUAL"
        assert "SegmentationAlgorithmIdentificationSequence" not in segment
    assert faults(content, tmp_path) == []


@pytest.mark.integration
@pytest.mark.parametrize("parent", [False, True])
@pytest.mark.parametrize("many", [False, True])
def test_dciodvfy_finds_no_error(tmp_path: Path, many: bool, parent: bool) -> None:
    affine = affine_of(ORIENTATIONS[0], (1, 1, 4), (12, -7, 21))
    series = [enhanced(volume(), affine, **SAID)] if many else slices_of(volume(), affine, **SAID)
    scan, archive = kept(series, tmp_path)
    origin = origin_of(scan, archive, creator="Dr Grey" if parent else None)
    above = reference(origin_of(scan, archive)) if parent else None
    assert faults(written(scan, origin, marked(scan), parent=above), tmp_path) == []


def test_a_labelmap_has_the_same_segments(tmp_path: Path) -> None:
    scan, archive = kept(slices_of(volume(), affine_of(ORIENTATIONS[9], (1, 1, 4)), **SAID), tmp_path)
    displayed = marked(scan)
    made = opened(written(scan, origin_of(scan, archive), displayed, labelmap=True))
    assert made.SegmentationType == "LABELMAP" and made.NumberOfFrames == SHAPE[2]
    source = to_source(displayed, scan.grid).transpose(2, 1, 0)
    order = np.argsort([group.PlanePositionSequence[0].ImagePositionPatient[2]
                        for group in made.PerFrameFunctionalGroupsSequence])  # fmt: skip
    assert sorted(np.unique(made.pixel_array[order])) == [0, 1, 2]
    assert (np.bincount(made.pixel_array.ravel()) == np.bincount(source.ravel())).all()
