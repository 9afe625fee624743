"""Slices of one kind made to a stack: their order, their geometry, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from data.errors import RefusedScan
from data.formats.dicom.frames import Frame, Vector
from data.formats.dicom.pictures import PictureSet, picture_sets
from data.formats.dicom.pixels import PictureComparison
from data.formats.dicom.places import Basis, Ordered, ordered
from data.formats.dicom.values import number_list, value_of
from data.formats.geometry import Affine

_SAME_PLACE_MM = 0.02
_SAME_DIRECTION = 0.01
_UNEVEN = 0.1  # of the usual distance
_GAP = 1.6
_MOST_MISSING = 0.25  # of the slices, beyond which sizes across them would be guesses
_TILT_DEGREES = 1.0
_SHIFTED_PIXELS = 1.0

_AT_ONE_PLACE = (
    "{} positions of this series hold several pictures that nothing in their headers tells apart; "
    "the first of each was read."
)
_TWICE = "{} pictures were there twice; each was read once."
_MISSING = (
    "Slices seem to be missing in this series: {} in {} gaps (usually {:.3g} mm from slice to slice, at "
    "most {:.3g} mm)"
)
_UNEVENLY = (
    "The slices of this series are unevenly spaced: usually {:.3g} mm from slice to slice, but from "
    "{:.3g} to {:.3g} mm"
)
_APPROXIMATE = ", so sizes across the slices are approximate."
_WITHHELD = ", so sizes across the slices are not given."
_TILTED = (
    "The slices of this series are stacked at a slant of {:.1f}° (as under a tilted gantry); they were "
    "kept as they were taken, and volumes count the distance across the slices."
)
_SHIFTED = "The slices of this series are shifted against each other by up to {:.1f} mm."
_SPACING = {
    "absent": "The file does not say how large its pixels are, so sizes are in pixels.",
    "strange": "The file's pixel spacing was not understood, so sizes are in pixels.",
    "one": "The file's pixel spacing has one value only; it was taken for both directions.",
}
_NO_DISTANCE = "The file does not say how far its slices lie apart, so there are no volumes in mL."


@dataclass(frozen=True)
class Stack:
    """Parallel frames in order along their normal; `affine` maps (column, row, slice) to RAS mm.

    `directions` is like `affine` where only the directions are known, in units of pixels.
    `slice_mm` is None where the distance is unknown or too uneven to count with.
    """

    frames: tuple[Frame, ...]
    affine: Affine | None = None
    directions: Affine | None = None
    slice_mm: float | None = None
    label: str = ""
    warnings: tuple[str, ...] = ()


def stacks_of(frames: Sequence[Frame], compared: PictureComparison) -> list[Stack | RefusedScan]:
    """All stacks of frames of one patient, study and frame of reference, and what cannot be one.

    Refused are slices that do not say how they follow each other (`no_place`), and nothing but
    phases (`phase_image`).
    """
    stacks: list[Stack | RefusedScan] = [Stack((frame,)) for frame in frames if not _may_be_stacked(frame)]
    for group in _parallel_groups(frame for frame in frames if _may_be_stacked(frame)):
        try:
            for placed in ordered(group, compared):
                stacks += _stacks_in(placed, compared)
        except RefusedScan as refused:
            stacks.append(refused)
    return stacks


def _may_be_stacked(frame: Frame) -> bool:
    placed = frame.position is not None and frame.orientation is not None
    return frame.is_slice or placed or bool(frame.stack)


def _parallel_groups(frames: Iterable[Frame]) -> Iterator[list[Frame]]:
    groups: list[list[Frame]] = []
    for frame in frames:
        for group in groups:
            if _belongs(frame, group[0]):
                group.append(frame)
                break
        else:
            groups.append([frame])
    yield from groups


def _belongs(frame: Frame, first: Frame) -> bool:
    if (frame.rows, frame.columns, frame.stack) != (first.rows, first.columns, first.stack):
        return False
    if (frame.spacing_mm is None) != (first.spacing_mm is None):
        return False
    here, there = frame.spacing_mm or (1.0, 1.0), first.spacing_mm or (1.0, 1.0)
    if any(abs(mine - theirs) > 0.01 * theirs for mine, theirs in zip(here, there, strict=True)):
        return False
    if frame.orientation is None or first.orientation is None:
        return frame.orientation is first.orientation
    return bool(np.abs(frame.orientation - first.orientation).max() < _SAME_DIRECTION)


def _stacks_in(placed: Ordered, compared: PictureComparison) -> Iterator[Stack]:
    depth_of = {id(frame): depth for frame, depth in zip(placed.frames, placed.depths, strict=True)}
    for pictures in picture_sets(placed.frames, placed.depths, compared):
        places = _places(pictures, depth_of)
        frames, warnings = _one_a_place(places, compared)
        depths = np.array([depth_of[id(frame)] for frame in frames])
        said = (*placed.warnings, *pictures.warnings, *warnings)
        stack = _stack(frames, depths, placed.basis)
        yield replace(stack, label=pictures.label, warnings=(*said, *stack.warnings))


def _places(pictures: PictureSet, depth_of: dict[int, float]) -> list[list[Frame]]:
    """Frames by depth; those of one place by their number."""
    places: list[list[Frame]] = []
    last = -np.inf
    for frame in sorted(pictures.frames, key=lambda frame: depth_of[id(frame)]):
        if depth_of[id(frame)] - last > _SAME_PLACE_MM:
            places.append([])
            last = depth_of[id(frame)]
        places[-1].append(frame)
    return [sorted(place, key=lambda frame: frame.instance_number or 0.0) for place in places]


def _one_a_place(places: list[list[Frame]], compared: PictureComparison) -> tuple[list[Frame], list[str]]:
    """One frame a place, and what was left out."""
    several = [place for place in places if len(place) > 1]
    if not several:
        return [place[0] for place in places], []
    warnings = []
    dropped = 0
    if len(compared.different(several[0])) < len(several[0]):
        kept = [compared.different(place) for place in several]
        dropped = sum(map(len, several)) - sum(map(len, kept))
        several = [place for place in kept if len(place) > 1]
    if dropped:
        warnings.append(_TWICE.format(dropped))
    if several:
        warnings.append(_AT_ONE_PLACE.format(len(several)))
    return [place[0] for place in places], warnings


def _stack(frames: list[Frame], depths: Vector, basis: Basis) -> Stack:
    first = frames[0]
    warnings: list[str] = []
    if first.is_slice:
        warnings += _spacing_words(first)
    if basis is Basis.NUMBER:
        if len(frames) == 1 or first.slice_mm is not None or not first.is_slice:
            return Stack(tuple(frames), slice_mm=first.slice_mm, warnings=tuple(warnings))
        return Stack(tuple(frames), warnings=(*warnings, _NO_DISTANCE))
    step, slice_mm = _slice_step(frames, depths)
    uneven, withheld = _unevenness(depths)
    warnings += uneven
    if first.position is not None and len(frames) > 1:
        warnings += _slant_words(frames, depths)
    known = first.spacing_mm is not None and first.orientation is not None and first.position is not None
    affine = _affine(first, step) if first.orientation is not None and first.position is not None else None
    return Stack(
        tuple(frames),
        affine=affine if known else None,
        directions=None if known else affine,
        slice_mm=None if withheld else slice_mm,
        warnings=tuple(warnings),
    )


def _spacing_words(frame: Frame) -> list[str]:
    holder = next((said for said in frame.said if "PixelSpacing" in said), None)
    if frame.spacing_mm is None:
        absent = holder is None or value_of(holder, "PixelSpacing") in (None, "")
        return [_SPACING["absent" if absent else "strange"]]
    values = None if holder is None else number_list(holder, "PixelSpacing")
    return [_SPACING["one"]] if values is not None and len(values) == 1 else []


def _slice_step(frames: list[Frame], depths: Vector) -> tuple[Vector, float | None]:
    """From one slice to the next in LPS mm (slanted under a tilted gantry), and the distance."""
    normal = frames[0].normal
    if len(frames) == 1:
        return (np.zeros(3) if normal is None else normal * (frames[0].slice_mm or 1.0)), None
    distance = _usual(np.diff(depths))
    first, last = frames[0].position, frames[-1].position
    if first is None or last is None:
        return np.zeros(3), distance
    return (last - first) / (depths[-1] - depths[0]) * distance, distance


def _usual(steps: Vector) -> float:
    """The distance of slices: the mean where they waver a little, else the one that most have."""
    mean = float(steps.mean())
    return mean if (np.abs(steps - mean) <= _UNEVEN * mean).all() else float(np.median(steps))


def _unevenness(depths: Vector) -> tuple[list[str], bool]:
    """What is wrong with the distances of slices, and whether sizes across them must not be given."""
    if len(depths) < 3:
        return [], False
    steps = np.diff(depths)
    usual = _usual(steps)
    missing = float(np.clip(np.round(steps / usual) - 1, 0, None).sum())
    off = float(np.abs(steps - usual).sum()) / float(depths[-1] - depths[0])
    withheld = off > _MOST_MISSING
    end = _WITHHELD if withheld else _APPROXIMATE
    if (steps > _GAP * usual).any():
        gaps = int((steps > _GAP * usual).sum())
        return [_MISSING.format(int(missing), gaps, usual, float(steps.max())) + end], withheld
    if (np.abs(steps - usual) > _UNEVEN * usual).any():
        return [_UNEVENLY.format(usual, float(steps.min()), float(steps.max())) + end], withheld
    return [], False


def _slant_words(frames: list[Frame], depths: Vector) -> list[str]:
    """What a tilted gantry and slices out of line amount to."""
    positions = np.array([frame.position for frame in frames], dtype=np.float64)
    line = (positions[-1] - positions[0]) / (depths[-1] - depths[0])
    words = []
    if frames[0].normal is not None:
        slant = float(np.degrees(np.arccos(np.clip(1 / np.linalg.norm(line), -1, 1))))
        if slant > _TILT_DEGREES:
            words.append(_TILTED.format(slant))
    aside = np.linalg.norm(positions - positions[0] - np.outer(depths - depths[0], line), axis=1)
    if aside.max() > _SHIFTED_PIXELS * min(frames[0].spacing_mm or (1.0, 1.0)):
        words.append(_SHIFTED.format(float(aside.max())))
    return words


def _affine(first: Frame, step: Vector) -> Affine:
    assert first.orientation is not None and first.position is not None
    spacing_mm = first.spacing_mm or (1.0, 1.0)
    affine = np.eye(4)
    affine[:3, 0] = first.orientation[:3] * spacing_mm[1]
    affine[:3, 1] = first.orientation[3:] * spacing_mm[0]
    affine[:3, 2] = step
    affine[:3, 3] = first.position
    affine[:2] *= -1  # DICOM's left and posterior are RAS's right and anterior, negated
    return affine
