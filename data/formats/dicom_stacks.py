"""Frames of one series sorted into stacks of parallel slices, by position and not by name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from data.formats.dicom import text_of
from data.formats.dicom_frames import Frame, Vector
from data.formats.geometry import Affine

_SAME_PLACE_MM = 0.02
_SAME_DIRECTION = 0.01
_UNEVEN = 0.1
_GAP = 1.6
_STACKED_MODALITIES = {"MR", "CT", "PT"}

_TIME_POINTS = (
    "This series holds several pictures at each position (such as time points or echoes); "
    "the first of each was read."
)
_MISSING = "Slices seem to be missing in this series, so sizes across the slices are approximate."
_UNEVENLY = "The slices of this series are unevenly spaced, so sizes across the slices are approximate."
_BY_NUMBER = "This series does not say where its slices lie; they are in the order of their numbers."


@dataclass(frozen=True)
class Stack:
    """Parallel frames in order along their normal; `affine` maps (column, row, slice) to RAS mm.

    `directions` is like `affine` where only the directions are known, in units of pixels.
    """

    frames: tuple[Frame, ...]
    affine: Affine | None = None
    directions: Affine | None = None
    slice_mm: float | None = None
    warnings: tuple[str, ...] = ()


def stacks_of(frames: Sequence[Frame]) -> list[Stack]:
    """All stacks of one series, in the order of their first instance number."""
    placed = [frame for frame in frames if frame.orientation is not None and frame.position is not None]
    others = [frame for frame in frames if frame.orientation is None or frame.position is None]
    stacks = [_placed_stack(group) for group in _parallel_groups(placed)]
    return stacks + _unplaced_stacks(others)


def _parallel_groups(frames: Iterable[Frame]) -> list[list[Frame]]:
    groups: list[list[Frame]] = []
    for frame in sorted(frames, key=lambda one: one.order):
        for group in groups:
            if _belongs(frame, group[0]):
                group.append(frame)
                break
        else:
            groups.append([frame])
    return groups


def _belongs(frame: Frame, first: Frame) -> bool:
    if (frame.rows, frame.columns, frame.stack) != (first.rows, first.columns, first.stack):
        return False
    if (frame.spacing_mm is None) != (first.spacing_mm is None):
        return False
    here, there = frame.spacing_mm or (1.0, 1.0), first.spacing_mm or (1.0, 1.0)
    if not np.allclose(here, there, rtol=0.01):
        return False
    assert frame.orientation is not None and first.orientation is not None
    return bool(np.abs(frame.orientation - first.orientation).max() < _SAME_DIRECTION)


def _placed_stack(group: list[Frame]) -> Stack:
    normal = group[0].normal
    assert normal is not None
    places = _places(group, normal)
    warnings = []
    if any(len(place) > 1 for place in places):
        warnings.append(_TIME_POINTS)
    frames = _first_time_point(places)
    depths = np.array([_depth(frame, normal) for frame in frames])
    step, slice_mm = _slice_step(frames, depths, normal)
    if len(frames) > 2:
        warnings += _spacing_warnings(np.diff(depths))
    affine = _affine(frames[0], step, frames[0].spacing_mm or (1.0, 1.0))
    known = frames[0].spacing_mm is not None
    return Stack(
        tuple(frames),
        affine=affine if known else None,
        directions=None if known else affine,
        slice_mm=slice_mm,
        warnings=tuple(warnings),
    )


def _depth(frame: Frame, normal: Vector) -> float:
    assert frame.position is not None
    return float(frame.position @ normal)


def _places(group: list[Frame], normal: Vector) -> list[list[Frame]]:
    """Frames by position along the normal; those of one place in their order of time."""
    places: list[list[Frame]] = []
    last = -np.inf
    for frame in sorted(group, key=lambda one: _depth(one, normal)):
        depth = _depth(frame, normal)
        if depth - last > _SAME_PLACE_MM:
            places.append([])
            last = depth
        places[-1].append(frame)
    return [sorted(place, key=lambda one: one.order) for place in places]


def _first_time_point(places: list[list[Frame]]) -> list[Frame]:
    """One frame a place: the first set that covers all places, else the first of each place."""
    if all(len(place) == 1 for place in places):
        return [place[0] for place in places]
    for length in range(1, len(places[0][0].order)):
        sets = [{frame.order[:length] for frame in place} for place in places]
        for start in sorted(set.intersection(*sets)):
            chosen = [[frame for frame in place if frame.order[:length] == start] for place in places]
            if all(len(frames) == 1 for frames in chosen):
                return [frames[0] for frames in chosen]
    return [place[0] for place in places]


def _slice_step(frames: list[Frame], depths: Vector, normal: Vector) -> tuple[Vector, float | None]:
    """From one slice to the next in LPS mm (slanted under a tilted gantry), and the distance."""
    if len(frames) == 1:
        return normal * (frames[0].slice_mm or 1.0), None
    distance = float(np.median(np.diff(depths)))
    first, last = frames[0].position, frames[-1].position
    assert first is not None and last is not None
    return (last - first) / (depths[-1] - depths[0]) * distance, distance


def _spacing_warnings(steps: Vector) -> list[str]:
    median = float(np.median(steps))
    if (steps > _GAP * median).any():
        return [_MISSING]
    if (np.abs(steps - median) > _UNEVEN * median).any():
        return [_UNEVENLY]
    return []


def _affine(first: Frame, step: Vector, spacing_mm: tuple[float, float]) -> Affine:
    assert first.orientation is not None and first.position is not None
    affine = np.eye(4)
    affine[:3, 0] = first.orientation[:3] * spacing_mm[1]
    affine[:3, 1] = first.orientation[3:] * spacing_mm[0]
    affine[:3, 2] = step
    affine[:3, 3] = first.position
    affine[:2] *= -1  # DICOM's left and posterior are RAS's right and anterior, negated
    return affine


def _unplaced_stacks(frames: list[Frame]) -> list[Stack]:
    """Frames without a place: those of one file together, others by number if they form a volume."""
    stacks, singles = [], []
    by_file: dict[str, list[Frame]] = {}
    for frame in frames:
        by_file.setdefault(str(frame.instance.member.path), []).append(frame)
    for group in by_file.values():
        if len(group) > 1:
            stacks.append(_numbered(group, ()))
        else:
            singles += group
    return stacks + _by_number(singles)


def _by_number(frames: list[Frame]) -> list[Stack]:
    ordered = sorted(frames, key=lambda one: one.order[-1])
    modalities = {text_of(frame.instance.header, "Modality") for frame in ordered}
    sizes = {(frame.rows, frame.columns, frame.spacing_mm) for frame in ordered}
    if len(ordered) > 1 and len(sizes) == 1 and modalities <= _STACKED_MODALITIES:
        return [_numbered(ordered, (_BY_NUMBER,))]
    return [Stack((frame,)) for frame in ordered]


def _numbered(frames: list[Frame], warnings: tuple[str, ...]) -> Stack:
    return Stack(tuple(frames), slice_mm=frames[0].slice_mm, warnings=warnings)


def order_of(stack: Stack) -> Any:
    """Sorts stacks by when their first frame was taken."""
    return min(frame.order[-1] for frame in stack.frames)
