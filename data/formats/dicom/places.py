"""Where slices lie: by ImagePositionPatient, else SliceLocation, else InstanceNumber, never by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from data.errors import RefusedScan
from data.formats.dicom.frames import Frame, Vector
from data.formats.dicom.pixels import PictureComparison
from data.formats.dicom.traits import explained

_SAME_MM = 0.02
_FEWEST = 3
_AXIAL = 0.7  # of the normal along the body, where every vendor counts slice locations upwards

_SAID = {
    "location": "The positions of these slices are {}; they were put in order by their slice locations.",
    "number": "The positions of these slices are {}; they are in the order of their numbers.",
}
_UNPLACED = (
    "The slices of this series do not say where they lie or in which order they belong, so it is not "
    "read; please export it with its positions."
)
_STATED_DISTANCE = "Their distance is the one that the header states ({:g} mm)."
_BY_THICKNESS = (
    "Their distance is taken from the slice thickness ({:g} mm), so gaps between them do not count."
)
_NO_DISTANCE = "How far they lie apart is not known, so there are no sizes across the slices."
_UNTURNED = "This series does not say how its slices are turned; they are shown as they are stored."
_UNKNOWN_SENSE = "It is not known from which side they were counted."


class Basis(Enum):
    """What the order of slices was taken from."""

    POSITION = "position"
    LOCATION = "location"
    NUMBER = "number"


@dataclass(frozen=True)
class Ordered:
    """Slices with their depths along one line: in mm, or numbers where only the order is known."""

    frames: tuple[Frame, ...]
    depths: tuple[float, ...]
    basis: Basis
    warnings: tuple[str, ...] = ()


def ordered(frames: Sequence[Frame], compared: PictureComparison) -> list[Ordered]:
    """Parallel slices with their places, those that nothing can place apart.

    Raises RefusedScan `no_place` where a series of slices does not say how they follow each other.
    """
    placed = [frame for frame in frames if frame.position is not None]
    others = [frame for frame in frames if frame.position is None]
    if placed and others:
        return ordered(placed, compared) + ordered(others, compared)
    if placed and not _positions_are_wrong(placed, compared):
        told = () if placed[0].normal is not None or not placed[0].is_slice else (_UNTURNED,)
        return [
            Ordered(tuple(placed), tuple(float(depth) for depth in _depths(placed)), Basis.POSITION, told)
        ]
    return [_without_position(list(frames), "all the same" if placed else "not stated")]


def _depths(frames: Sequence[Frame]) -> Vector:
    """mm along the normal, or along the line of positions where the slices' direction is unknown."""
    positions = np.array([frame.position for frame in frames], dtype=np.float64)
    normal = frames[0].normal
    if normal is None:
        normal = _line(positions)
    depths: Vector = positions @ normal
    return depths


def _line(positions: NDArray[np.float64]) -> Vector:
    """The direction in which positions differ most, growing along its longest part."""
    spread = positions - positions.mean(axis=0)
    if not np.abs(spread).max() > 0:
        return np.array([0.0, 0.0, 1.0])
    direction = np.linalg.svd(spread)[2][0]
    return np.asarray(direction * np.sign(direction[np.abs(direction).argmax()]), dtype=np.float64)


def _positions_are_wrong(frames: Sequence[Frame], compared: PictureComparison) -> bool:
    """Whether slices that must lie at different places all claim the same one.

    They do where their slice locations or their numbers in the stack differ; or where there are none,
    nothing in the headers says why there are several, and the first and the last picture are not the
    same one again.
    """
    if len(frames) < 2 or not frames[0].is_slice:
        return False
    positions = np.array([frame.position for frame in frames], dtype=np.float64)
    if np.ptp(positions, axis=0).max() > _SAME_MM:
        return False
    locations = _locations(frames)
    if locations is not None:
        return float(np.ptp(locations)) > _SAME_MM
    if _in_stack(frames) is not None:
        return True
    numbers = [frame.instance_number for frame in frames]
    if len(frames) < _FEWEST or None in numbers or len(set(numbers)) < len(frames) or explained(frames):
        return False
    in_order = sorted(frames, key=lambda frame: frame.instance_number or 0.0)
    of_own_files = all(frame.index == 0 for frame in frames)
    return of_own_files and not compared.look_alike(in_order[0], in_order[-1])


def _locations(frames: Sequence[Frame]) -> Vector | None:
    values = [frame.number("SliceLocation") for frame in frames]
    return None if None in values else np.array(values, dtype=np.float64)


def _without_position(frames: list[Frame], why: str) -> Ordered:
    locations = _locations(frames)
    if locations is not None and np.ptp(locations) > _SAME_MM:
        return _by_location(frames, locations, why)
    numbers = _numbers(frames)
    order = sorted(range(len(frames)), key=numbers.__getitem__)
    ranks = {number: float(rank) for rank, number in enumerate(sorted(set(numbers)))}
    depths = tuple(ranks[numbers[index]] for index in order)
    told = _SAID["number"].format(why) + " " + _distance(frames[0])
    worth_saying = len(frames) > 1 and frames[0].is_slice
    in_order = tuple(frames[index] for index in order)
    return Ordered(in_order, depths, Basis.NUMBER, (told,) if worth_saying else ())


def _numbers(frames: Sequence[Frame]) -> list[float]:
    """A number for the place of each frame; raises RefusedScan `no_place` where there is none."""
    in_stack = _in_stack(frames)
    if in_stack is not None:
        return in_stack
    numbers = [number for frame in frames if (number := frame.instance_number) is not None]
    if len(frames) == 1:
        return numbers or [0.0]
    if len(set(numbers)) < len(frames):
        raise RefusedScan("no_place", _UNPLACED)
    return numbers


def _in_stack(frames: Sequence[Frame]) -> list[float] | None:
    """The frames' places by their numbers in the stack, which those of one place share."""
    numbers = [number for frame in frames if (number := frame.number("InStackPositionNumber")) is not None]
    return numbers if len(numbers) == len(frames) and len(set(numbers)) > 1 else None


def _by_location(frames: list[Frame], locations: Vector, why: str) -> Ordered:
    """Slices moved along their normal by their locations, where it is known which way these count."""
    normal, warning = frames[0].normal, _SAID["location"].format(why)
    if normal is None or abs(normal[2]) < _AXIAL:
        told = (warning if normal is None else f"{warning} {_UNKNOWN_SENSE}",)
        unplaced = tuple(replace(frame, position=None) for frame in frames)
        return Ordered(unplaced, tuple(float(value) for value in locations), Basis.LOCATION, told)
    depths = locations * np.sign(normal[2])
    origin = frames[0].position if frames[0].position is not None else np.zeros(3)
    across = origin - normal * float(origin @ normal)
    moved = [
        replace(frame, position=across + normal * depth) for frame, depth in zip(frames, depths, strict=True)
    ]
    return Ordered(tuple(moved), tuple(float(depth) for depth in depths), Basis.LOCATION, (warning,))


def _distance(frame: Frame) -> str:
    if frame.between_mm is not None:
        return _STATED_DISTANCE.format(frame.between_mm)
    return _NO_DISTANCE if frame.thickness_mm is None else _BY_THICKNESS.format(frame.thickness_mm)
