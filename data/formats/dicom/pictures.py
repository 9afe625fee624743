"""Which pictures of one place a series holds, and which of them are read: sets of one kind."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from data.errors import RefusedScan
from data.formats.dicom.frames import Frame
from data.formats.dicom.pixels import PictureComparison
from data.formats.dicom.traits import (
    ACQUISITION,
    IMAGINARY,
    MAGNITUDE,
    PHASE,
    REAL,
    TRAITS,
    Trait,
    is_derived,
    part_of,
)

_PREFERRED = ("", MAGNITUDE, REAL, IMAGINARY, PHASE)
_MOST_SETS = 8
_TWICE = "{} pictures were there twice; each was read once."
_SAME_PLACE = 0.25  # of the usual distance of slices

_ALL_DERIVED = "By their header these pictures were derived from others, not recorded by the scanner."
_ONLY_PHASE = RefusedScan(
    "phase_image",
    "These are phase pictures of an MRI, which show no anatomy; please send the magnitude pictures.",
)


@dataclass(frozen=True)
class PictureSet:
    """Pictures of one kind, and how they differ from the others of the same places."""

    frames: tuple[Frame, ...]
    label: str = ""
    warnings: tuple[str, ...] = ()


def picture_sets(
    frames: Sequence[Frame], depths: Sequence[float], compared: PictureComparison
) -> list[PictureSet]:
    """Pictures of parallel slices in sets of one kind, the most telling first.

    `depths` are the frames' places across the slices in mm. Magnitude goes before phase, real and
    imaginary parts, which are left out then, and original pictures before derived ones. Echoes,
    b-values, phases and acquisitions become sets of their own; the same pictures again are dropped.
    Raises RefusedScan `phase_image` where there is nothing but phase.
    """
    chosen, notes = _magnitudes(_Placed.of(frames, depths))
    chosen, more = _originals(chosen)
    sets = _split(chosen, TRAITS, "", compared)
    return [replace(pictures, warnings=(*notes, *more, *pictures.warnings)) for pictures in sets]


@dataclass(frozen=True)
class _Placed:
    """Frames with their depths and numbers of places, which pictures of one place share."""

    frames: tuple[Frame, ...]
    depths: tuple[float, ...]
    places: tuple[int, ...]

    @classmethod
    def of(cls, frames: Sequence[Frame], depths: Sequence[float]) -> _Placed:
        return cls(tuple(frames), tuple(depths), tuple(_places(np.asarray(depths, dtype=np.float64))))

    def where(self, keep: Sequence[bool]) -> _Placed:
        indices = [index for index, kept in enumerate(keep) if kept]
        return _Placed(
            tuple(self.frames[index] for index in indices),
            tuple(self.depths[index] for index in indices),
            tuple(self.places[index] for index in indices),
        )

    @property
    def most_at_one_place(self) -> int:
        return max(Counter(self.places).values())


def _places(depths: NDArray[np.float64]) -> list[int]:
    """A number for each depth; depths much nearer than slices usually are have the same."""
    order = np.argsort(depths, kind="stable")
    steps = np.diff(depths[order])
    apart = steps[steps > 0.02]
    near = max(0.02, _SAME_PLACE * float(np.quantile(apart, 0.9)) if len(apart) else 0.02)
    places, place, start = [0] * len(depths), -1, -np.inf
    for index in order:
        if depths[index] - start > near:
            place, start = place + 1, depths[index]
        places[index] = place
    return places


def _magnitudes(placed: _Placed) -> tuple[_Placed, list[str]]:
    """Without the other parts of the complex signal, where magnitudes or unnamed pictures are there."""
    parts = [part_of(frame) for frame in placed.frames]
    present = [part for part in _PREFERRED if part in parts]
    if present == [PHASE]:
        raise _ONLY_PHASE
    best = MAGNITUDE if MAGNITUDE in present else present[0]
    left_out = [part for part in present if part not in (best, "")]
    if best in (REAL, IMAGINARY):
        note = f"These pictures show the {best} of an MRI's signal, not its magnitude."
        return placed.where([part == best for part in parts]), [note]
    if not left_out:
        return placed, []
    unnamed = [part for part in ("",) if part in present and best]
    keep = [part == best or (part in unnamed and not _shares(placed, parts, best)) for part in parts]
    names = " and ".join([", ".join(left_out[:-1]), left_out[-1]] if len(left_out) > 1 else left_out)
    return placed.where(keep), [f"This series also holds the {names} of the signal; the magnitude was read."]


def _shares(placed: _Placed, parts: Sequence[str], best: str) -> bool:
    of_best = {place for place, part in zip(placed.places, parts, strict=True) if part == best}
    return any(place in of_best for place, part in zip(placed.places, parts, strict=True) if part == "")


def _originals(placed: _Placed) -> tuple[_Placed, list[str]]:
    derived = [is_derived(frame) for frame in placed.frames]
    if all(derived):
        if not placed.frames[0].is_slice:
            return placed, []
        return placed, [_ALL_DERIVED]
    original = {place for place, is_one in zip(placed.places, derived, strict=True) if not is_one}
    doubled = [is_one and place in original for place, is_one in zip(placed.places, derived, strict=True)]
    if not any(doubled):
        return placed, []
    note = f"{sum(doubled)} derived pictures of the same places were left out; the original ones were read."
    return placed.where([not is_double for is_double in doubled]), [note]


def _split(
    placed: _Placed, traits: Sequence[Trait], label: str, compared: PictureComparison
) -> list[PictureSet]:
    for number, trait in enumerate(traits):
        groups = _groups(placed, trait)
        if groups is None:
            continue
        if trait.in_time and (again := _again(placed, compared)):
            kept = placed.where([frame not in again for frame in map(id, placed.frames)])
            sets = _split(kept, traits[number:], label, compared)
            return [replace(each, warnings=(_TWICE.format(len(again)), *each.warnings)) for each in sets]
        names = [trait.label(value) for value, _ in groups]
        left_out = trait.in_time and len(groups) > _MOST_SETS
        if left_out:
            groups = [max(groups, key=lambda group: len(set(group[1].places)))]
        sets = []
        for value, group in groups:
            name = trait.label(value)
            note = _note(trait, name, names, left_out)
            inner = _split(group, traits[number + 1 :], f"{label}, {name}" if label else name, compared)
            sets += [replace(pictures, warnings=(note, *pictures.warnings)) for pictures in inner]
        return sets
    return [PictureSet(placed.frames, label)]


def _again(placed: _Placed, compared: PictureComparison) -> set[int]:
    """The ids of pictures that were sent again, where every place that has several has one again."""
    again: set[int] = set()
    by_place: dict[int, list[Frame]] = defaultdict(list)
    for frame, place in zip(placed.frames, placed.places, strict=True):
        by_place[place].append(frame)
    for frames in by_place.values():
        if len(frames) == 1:
            continue
        if len(compared.different(frames)) > 1:
            return set()
        again |= set(map(id, frames[1:]))
    return again


def _note(trait: Trait, name: str, names: Sequence[str], left_out: bool) -> str:
    start = f"This series holds several pictures at each position ({len(names)} {trait.name}). "
    if left_out:
        return start + f"Read: {name}. The others were left out."
    others = ", ".join(other for other in names if other != name)
    return start + f"This scan: {name}. Scans of their own: {others}."


def _groups(placed: _Placed, trait: Trait) -> list[tuple[Hashable, _Placed]] | None:
    """The frames by a trait, if it explains why several of them share places; the preferred first."""
    if placed.most_at_one_place == 1 and trait is not ACQUISITION:
        return None
    values = [trait.of(frame) for frame in placed.frames]
    different = set(values)
    if len(different) == 1:
        return None
    groups = {value: placed.where([other == value for other in values]) for value in different}
    if placed.most_at_one_place > 1:
        if len(different) > placed.most_at_one_place or not _overlap(groups.values()):
            return None
    elif not _interleaved(placed, list(groups.values())):
        return None
    return sorted(groups.items(), key=lambda group: _rank(trait, group[0], group[1]))


def _overlap(groups: Iterable[_Placed]) -> bool:
    seen: set[int] = set()
    for group in groups:
        if seen & set(group.places):
            return True
        seen |= set(group.places)
    return False


def _interleaved(placed: _Placed, groups: Sequence[_Placed]) -> bool:
    """Whether acquisitions lie between each other's slices, each with the stated distance by itself."""
    stated = placed.frames[0].between_mm or placed.frames[0].thickness_mm
    if stated is None or len(groups) > 4 or min(len(group.frames) for group in groups) < 2:
        return False
    own = [float(np.median(np.diff(np.sort(group.depths)))) for group in groups]
    joined = float(np.median(np.diff(np.sort(placed.depths))))
    return joined < 0.75 * stated and all(abs(step - stated) < 0.1 * stated for step in own)


def _rank(trait: Trait, value: Hashable, group: _Placed) -> tuple[object, ...]:
    """The late echo of a spin echo is T2-weighted and shows lesions best; else the first comes first."""
    if value is None:
        return (1, 0.0, "")
    late = trait.name == "echoes" and "GR" not in (group.frames[0].text("ScanningSequence") or "").upper()
    if isinstance(value, (int, float)):
        return (0, -value if late else value, "")
    return (0, 0.0, str(value))
