"""What tells DICOM pictures of one place apart: parts of the signal, echoes, b-values, time points."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from pydicom.multival import MultiValue

from data.formats.dicom.frames import Frame, any_value
from data.formats.dicom.values import PARSE_ERRORS, number_list

MAGNITUDE, REAL, IMAGINARY, PHASE = "magnitude", "real part", "imaginary part", "phase"
_PARTS = (
    (MAGNITUDE, re.compile(r"M|MAG|MAGNITUDE|M_\w+|MOD|MODULUS")),
    (REAL, re.compile(r"R|REAL|R_\w+")),
    (IMAGINARY, re.compile(r"I|IMAG|IMAGINARY|I_\w+")),
    (PHASE, re.compile(r"P|PHASE|PHASE[ _]MAP|P_\w+")),
)
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
    stated = private_number(frame, *_GE_PART)
    return "" if stated is None else _GE_PARTS.get(int(stated), "")


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
        private = private_number(frame, *private_element)
        if private is not None:
            stated = private % _GE_B_OFFSET
            break
    return None if stated is None else round(stated)


def private_number(frame: Frame, group: int, element: int, creator: str) -> float | None:
    """A vendor's element as a number, where that vendor wrote it."""
    header = frame.instance.header
    if (group, element) not in header:
        return None
    try:
        if str(header[group, element >> 8].value).strip() != creator:
            return None
        value = header[group, element].value
        first = value[0] if isinstance(value, (list, tuple, MultiValue)) else value
        return None if first is None or isinstance(first, bytes) else float(first)
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


TRAITS = (
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
ACQUISITION = TRAITS[7]
_TELLING_OF_ONE_PLACE = TRAITS[:7] + TRAITS[8:10]


def explained(frames: Sequence[Frame]) -> bool:
    """Whether the headers say why several pictures lie at one place: echoes, b-values, time points."""
    traits = [(part_of(frame), *(trait.of(frame) for trait in _TELLING_OF_ONE_PLACE)) for frame in frames]
    return len(set(traits)) == len(frames)
