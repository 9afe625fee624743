"""Files of many frames as vendors write them: stacks, times and places told in many ways."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import generate_uid

from data.formats import Decoded, decode
from data.records import DecodedScan
from tests.data.formats.making import enhanced, geometry_of, picture, save
from tests.data.formats.making_series import AXIAL, ML, VOLUME

SLICES = VOLUME.transpose(2, 1, 0)
INTERLEAVED = (0, 2, 4, 1, 3, 5)


def opened(dataset: Dataset, tmp_path: Path) -> Decoded:
    return decode(save(dataset, tmp_path / "file"), "file")


def opened_scan(dataset: Dataset, tmp_path: Path) -> DecodedScan:
    decoded = opened(dataset, tmp_path)
    assert decoded.refusals == ()
    (scan,) = decoded.scans
    return scan


def in_order(dataset: Dataset, order: Sequence[int]) -> Dataset:
    """The frames of an enhanced file in another order, with what is said of them."""
    groups = list(dataset.PerFrameFunctionalGroupsSequence)
    frames = np.frombuffer(dataset.PixelData, np.int16).reshape(len(groups), -1)
    dataset.PerFrameFunctionalGroupsSequence = Items([groups[index] for index in order])
    dataset.PixelData = frames[list(order)].tobytes()
    return dataset


def told(content: Callable[[int], dict[str, Any]], volume: NDArray[Any] = VOLUME) -> Dataset:
    """An enhanced file whose frames have this FrameContentSequence."""
    dataset = enhanced(volume, AXIAL)
    for index, group in enumerate(dataset.PerFrameFunctionalGroupsSequence):
        group.FrameContentSequence = Items([Dataset()])
        for keyword, value in content(index).items():
            setattr(group.FrameContentSequence[0], keyword, value)
    return dataset


def unplaced(dataset: Dataset, position: list[int] | None = None) -> Dataset:
    for group in dataset.PerFrameFunctionalGroupsSequence:
        if position is None:
            del group.PlanePositionSequence
        else:
            group.PlanePositionSequence[0].ImagePositionPatient = position
    return dataset


@pytest.mark.parametrize("position", [None, [0, 0, 0]])
def test_frames_without_positions_lie_as_their_numbers_in_the_stack_say(
    position: list[int] | None, tmp_path: Path
) -> None:
    dataset = unplaced(told(lambda i: {"StackID": "1", "InStackPositionNumber": i + 1}), position)
    scan = opened_scan(in_order(dataset, INTERLEAVED), tmp_path)
    assert np.array_equal(scan.array, SLICES)
    assert "in the order of their numbers" in scan.warnings[0]


def test_time_points_without_positions_are_told_apart(tmp_path: Path) -> None:
    twice = np.concatenate([VOLUME, VOLUME + np.int16(90)], axis=2)
    dataset = told(lambda i: {"InStackPositionNumber": i % 6 + 1, "TemporalPositionIndex": i // 6 + 1}, twice)
    order = [index for slice_index in range(6) for index in (slice_index, slice_index + 6)]
    first, second = opened(in_order(unplaced(dataset), order), tmp_path).scans
    assert np.array_equal(first.array, SLICES) and np.array_equal(second.array, SLICES + 90)
    assert "time point 1" in " ".join(first.warnings)


def test_stacks_of_one_place_are_scans_of_their_own(tmp_path: Path) -> None:
    twice = np.concatenate([VOLUME, VOLUME + np.int16(90)], axis=2)
    dataset = told(lambda i: {"StackID": str(i // 6 + 1), "InStackPositionNumber": i % 6 + 1}, twice)
    for index, group in enumerate(dataset.PerFrameFunctionalGroupsSequence):
        place = dataset.PerFrameFunctionalGroupsSequence[index % 6].PlanePositionSequence[0]
        group.PlanePositionSequence[0].ImagePositionPatient = place.ImagePositionPatient
    first, second = opened(dataset, tmp_path).scans
    assert np.array_equal(first.array, SLICES) and np.array_equal(second.array, SLICES + 90)


def test_a_number_in_the_stack_that_is_the_same_for_all_says_nothing(tmp_path: Path) -> None:
    dataset = unplaced(told(lambda i: {"InStackPositionNumber": 1}))
    assert np.array_equal(opened_scan(dataset, tmp_path).array, SLICES)


@pytest.mark.parametrize("keyword", ["PixelSpacing", "ImageOrientationPatient"])
def test_what_holds_for_all_frames_may_stand_outside_their_groups(keyword: str, tmp_path: Path) -> None:
    dataset = enhanced(VOLUME, AXIAL)
    shared = dataset.SharedFunctionalGroupsSequence[0]
    macro = "PixelMeasuresSequence" if keyword == "PixelSpacing" else "PlaneOrientationSequence"
    setattr(dataset, keyword, shared[macro].value[0][keyword].value)
    del shared[macro]
    scan = opened_scan(dataset, tmp_path)
    assert scan.affine is not None and scan.affine[:3, 3] == pytest.approx(AXIAL[:3, 3])
    assert scan.spacing.voxel_ml == pytest.approx(ML)
    assert scan.warnings == ()


def test_what_the_groups_say_comes_first(tmp_path: Path) -> None:
    dataset = enhanced(VOLUME, AXIAL)
    dataset.PixelSpacing = [9, 9]
    assert opened_scan(dataset, tmp_path).spacing.voxel_ml == pytest.approx(ML)


@pytest.mark.parametrize("placed", [True, False])
def test_the_parts_of_a_concatenation_are_one_volume(placed: bool, tmp_path: Path) -> None:
    whole = enhanced(VOLUME, AXIAL, ConcatenationUID="1.2.3.7", InstanceNumber=1)
    for number, first in enumerate((3, 0)):
        part = copy.deepcopy(whole if placed else unplaced(copy.deepcopy(whole)))
        part.SOPInstanceUID = generate_uid()
        part.ConcatenationFrameOffsetNumber, part.NumberOfFrames = first, 3
        groups = list(part.PerFrameFunctionalGroupsSequence)[first : first + 3]
        part.PerFrameFunctionalGroupsSequence = Items(groups)
        part.PixelData = np.ascontiguousarray(SLICES[first : first + 3]).tobytes()
        save(part, tmp_path / str(number))
    (scan,) = decode(tmp_path, "upload").scans
    assert np.array_equal(scan.array, SLICES)
    assert (scan.spacing.voxel_ml is None) != placed


def plain_multiframe(**elements: Any) -> Dataset:
    orientation, spacing, origin, _ = geometry_of(AXIAL)
    return picture(
        np.ascontiguousarray(SLICES),
        NumberOfFrames=6,
        ImageOrientationPatient=orientation,
        ImagePositionPatient=origin,
        PixelSpacing=spacing,
        **{"SpacingBetweenSlices": 5} | elements,
    )


@pytest.mark.parametrize(("between", "lowest"), [(5, 7.0), (-5, -18.0)])
def test_a_negative_distance_stacks_frames_the_other_way(between: int, lowest: float, tmp_path: Path) -> None:
    scan = opened_scan(plain_multiframe(SpacingBetweenSlices=between), tmp_path)
    assert scan.affine is not None and scan.affine[2, 3] == pytest.approx(lowest)
    assert np.array_equal(scan.array, SLICES[:: 1 if between > 0 else -1])


def test_a_slice_vector_says_which_slice_and_when(tmp_path: Path) -> None:
    dataset = plain_multiframe(SliceVector=[3, 2, 1, 1, 2, 3], TimeSlotVector=[1, 1, 1, 2, 2, 2])
    dataset.FrameIncrementPointer = [0x00540070, 0x00540080]
    first, second = opened(dataset, tmp_path).scans
    assert np.array_equal(first.array, SLICES[[2, 1, 0]]) and np.array_equal(second.array, SLICES[3:])
    assert "time point 1" in " ".join(first.warnings)


@pytest.mark.parametrize(("modality", "refused"), [("MR", True), ("XA", False)])
def test_frames_that_follow_each_other_in_time_are_no_volume(
    modality: str, refused: bool, tmp_path: Path
) -> None:
    dataset = plain_multiframe(FrameTime=40, FrameIncrementPointer=0x00181063, Modality=modality)
    decoded = opened(dataset, tmp_path)
    assert bool(decoded.scans) != refused
    assert [refusal.code for refusal in decoded.refusals] == ["no_place"] * refused
    assert all("follow each other in time" in refusal.sentence for refusal in decoded.refusals)


def test_a_frame_time_that_nothing_points_at_is_only_a_speed_to_show_them_at(tmp_path: Path) -> None:
    assert np.array_equal(opened_scan(plain_multiframe(FrameTime=40), tmp_path).array, SLICES)
