"""Which pictures of one place a series holds: echoes, b-values, time points, parts of complex values."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from pydicom.multival import MultiValue

from data.errors import RefusedScan
from data.formats.dicom_frames import Frame, any_value
from data.formats.dicom_values import PARSE_ERRORS, number_list

MAGNITUDE, REAL, IMAGINARY, PHASE = "magnitude", "real part", "imaginary part", "phase"
_PARTS = (
    (MAGNITUDE, re.compile(r"M|MAG|MAGNITUDE|M_\w+|MOD|MODULUS")),
    (REAL, re.compile(r"R|REAL|R_\w+")),
    (IMAGINARY, re.compile(r"I|IMAG|IMAGINARY|I_\w+")),
    (PHASE, re.compile(r"P|PHASE|PHASE[ _]MAP|P_\w+")),
)
_PREFERRED = ("", MAGNITUDE, REAL, IMAGINARY, PHASE)
_GE_PARTS = {0: MAGNITUDE, 1: PHASE, 2: REAL, 3: IMAGINARY}
_GE_PART = (0x0043, 0x102F, "GEMS_PARM_01")
_B_VALUES = (
    (0x0019, 0x100C, "SIEMENS MR HEADER"),
    (0x0043, 0x1039, "GEMS_PARM_01"),
    (0x2001, 0x1003, "Philips Imaging DD 001"),
)
_GE_B_OFFSET = 1_000_000_000  # newer GE scanners add it to the number
_TIME_POINTS = ("TemporalPositionIndex", "TemporalPositionIdentifier")
_ACQUISITIONS = ("FrameAcquisitionNumber", "AcquisitionNumber")
_TRIGGERS = ("NominalCardiacTriggerDelayTime", "TriggerTime")
_TIMES = ("FrameAcquisitionDateTime", "AcquisitionDateTime", "AcquisitionTime")
_MOST_SETS = 8
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


@dataclass(frozen=True)
class Trait:
    """Something that tells pictures of one place apart."""

    name: str
    of: Callable[[Frame], Hashable]
    label: Callable[[Hashable], str]
    in_time: bool = False  # of many, the others are not offered


def part_of(frame: Frame) -> str:
    """Which part of the complex signal an MR picture shows, "" where nothing says so."""
    said = (frame.text("ComplexImageComponent") or "").upper()
    for part, pattern in _PARTS:
        if pattern.fullmatch(said):
            return part
    values = (frame.text("FrameType", "ImageType") or "").upper().split("\\")[2:]
    for value in values:
        for part, pattern in _PARTS:
            if pattern.fullmatch(value):
                return part
    stated = _private_number(frame, *_GE_PART)
    return "" if stated is None else _GE_PARTS.get(stated, "")


def is_derived(frame: Frame) -> bool:
    """Whether a picture was computed from others, by its header."""
    return (frame.text("FrameType", "ImageType") or "").upper().startswith("DERIVED")


def _flavour(frame: Frame) -> str:
    return "\\".join((frame.text("FrameType", "ImageType") or "").upper().split("\\")[2:])


def _rounded(*keywords: str, digits: int = 2) -> Callable[[Frame], Hashable]:
    def value(frame: Frame) -> Hashable:
        stated = frame.number(*keywords)
        return None if stated is None else round(stated, digits)

    return value


def _b_value(frame: Frame) -> Hashable:
    stated = frame.number("DiffusionBValue")
    for private_element in _B_VALUES if stated is None else ():
        private = _private_number(frame, *private_element)
        if private is not None:
            stated = float(private % _GE_B_OFFSET)
            break
    return None if stated is None else round(stated)


def _private_number(frame: Frame, group: int, element: int, creator: str) -> int | None:
    """A vendor's element as a number, where that vendor wrote it."""
    header = frame.instance.header
    if (group, element) not in header:
        return None
    try:
        if str(header[group, element >> 8].value).strip() != creator:
            return None
        value = header[group, element].value
        first = value[0] if isinstance(value, (list, tuple, MultiValue)) else value
        return None if first is None or isinstance(first, bytes) else int(float(first))
    except PARSE_ERRORS:
        return None


def _text_in(*keywords: str) -> Callable[[Frame], Hashable]:
    return lambda frame: frame.text(*keywords)


def _direction(frame: Frame) -> Hashable:
    for dataset in frame.said:
        numbers = number_list(dataset, "DiffusionGradientOrientation")
        if numbers is None:
            items = any_value(frame, "DiffusionGradientDirectionSequence")
            numbers = number_list(items[0], "DiffusionGradientOrientation") if items else None
        if numbers is not None:
            return tuple(round(value, 3) for value in numbers)
    return None


def _named(words: str) -> Callable[[Hashable], str]:
    """Puts a number into words; a file that does not state it is called by their beginning."""
    unstated = words.split("{")[0] + "unstated"
    return lambda value: words.format(value) if isinstance(value, (int, float)) else unstated


_TRAITS = (
    Trait("kinds of picture", _flavour, lambda value: str(value or "unnamed").replace("\\", " ")),
    Trait("echoes", _rounded("EffectiveEchoTime", "EchoTime"), _named("echo time {:g} ms")),
    Trait("echoes", _rounded("EchoNumbers"), _named("echo {:g}")),
    Trait("b-values", _b_value, _named("b-value {:g} s/mm²")),
    Trait("inversion times", _rounded("InversionTimes", "InversionTime"), _named("inversion time {:g} ms")),
    Trait("time points", _rounded(*_TIME_POINTS), _named("time point {:g}"), in_time=True),
    Trait("contrast phases", _text_in("ContrastBolusAgentPhase"), lambda value: f"contrast {value}"),
    Trait("acquisitions", _rounded(*_ACQUISITIONS), _named("acquisition {:g}"), in_time=True),
    Trait("heart phases", _rounded(*_TRIGGERS), _named("trigger time {:g} ms"), in_time=True),
    Trait("gradient directions", _direction, lambda value: f"direction {value}", in_time=True),
    Trait("times", _text_in(*_TIMES), lambda value: f"time {value}", in_time=True),
)
_ACQUISITION = _TRAITS[7]
_TELLING_OF_ONE_PLACE = _TRAITS[:7] + _TRAITS[8:10]


def explained(frames: Sequence[Frame]) -> bool:
    """Whether the headers say why several pictures lie at one place: echoes, b-values, time points."""
    traits = [(part_of(frame), *(trait.of(frame) for trait in _TELLING_OF_ONE_PLACE)) for frame in frames]
    return len(set(traits)) == len(frames)


def picture_sets(frames: Sequence[Frame], depths: Sequence[float]) -> list[PictureSet]:
    """Pictures of parallel slices in sets of one kind, the most telling first.

    `depths` are the frames' places across the slices in mm. Magnitude goes before phase, real and
    imaginary parts, which are left out then, and original pictures before derived ones. Echoes,
    b-values, phases and acquisitions become sets of their own. Raises RefusedScan `phase_image`
    where there is nothing but phase.
    """
    chosen, notes = _magnitudes(_Placed.of(frames, depths))
    chosen, more = _originals(chosen)
    sets = _split(chosen, _TRAITS, "")
    return [replace(one, warnings=(*notes, *more, *one.warnings)) for one in sets]


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


def _split(placed: _Placed, traits: Sequence[Trait], label: str) -> list[PictureSet]:
    for number, trait in enumerate(traits):
        groups = _groups(placed, trait)
        if groups is None:
            continue
        names = [trait.label(value) for value, _ in groups]
        left_out = trait.in_time and len(groups) > _MOST_SETS
        if left_out:
            groups = [max(groups, key=lambda group: len(set(group[1].places)))]
        sets: list[PictureSet] = []
        for value, group in groups:
            name = trait.label(value)
            note = _note(trait, name, names, left_out)
            inner = _split(group, traits[number + 1 :], f"{label}, {name}" if label else name)
            sets += [replace(pictures, warnings=(note, *pictures.warnings)) for pictures in inner]
        return sets
    return [PictureSet(placed.frames, label)]


def _note(trait: Trait, name: str, names: Sequence[str], left_out: bool) -> str:
    start = f"This series holds several pictures at each position ({len(names)} {trait.name}). "
    if left_out:
        return start + f"Read: {name}. The others were left out."
    others = ", ".join(other for other in names if other != name)
    return start + f"This scan: {name}. Scans of their own: {others}."


def _groups(placed: _Placed, trait: Trait) -> list[tuple[Hashable, _Placed]] | None:
    """The frames by a trait, if it explains why several of them share places; the preferred first."""
    if placed.most_at_one_place == 1 and trait is not _ACQUISITION:
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
