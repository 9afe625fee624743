"""Slices whose stored values stand on different scales, brought onto one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from data.formats.dicom.frames import Frame, any_value, rescale_in
from data.formats.dicom.traits import private_number
from data.formats.dicom.values import number

_SAME = 1e-3  # by which factors may differ and still be the same
_PHILIPS_SCALE = (0x2005, 0x100E, "Philips MR Imaging DD 001")
_BROUGHT = "The scanner stored the slices of this series on different scales; they were brought onto one."
_SOME_ONLY = (
    "Only some slices of this series say how their values are to be rescaled, so slices may differ in "
    "brightness."
)
Rescale = tuple[float, float]
T = TypeVar("T")


def on_one_scale(frames: Sequence[Frame]) -> tuple[tuple[Frame, ...], tuple[str, ...]]:
    """Frames of one stack with values that can be compared, and what is said of it.

    What the modality's rescale leaves different is brought together: real world values where no
    rescale is stated, and Philips' scale slope, by which values are divided (Chenevert et al. 2014,
    https://doi.org/10.1593/tlo.13811).
    """
    if len(frames) < 2 or not frames[0].is_slice:
        return tuple(frames), ()
    own = [frame.rescale or rescale_in(frame.instance.header) for frame in frames]
    stated = [rescale for rescale in own if rescale is not None]
    if len(stated) == len(frames):
        return _philips(frames, stated)
    if stated:
        return tuple(frames), (_SOME_ONLY,) if any(rescale != (1.0, 0.0) for rescale in stated) else ()
    return _real_world(frames)


def _philips(frames: Sequence[Frame], own: Sequence[Rescale]) -> tuple[tuple[Frame, ...], tuple[str, ...]]:
    slopes = _all(frames, lambda frame: private_number(frame, *_PHILIPS_SCALE))
    if slopes is None or not all(slopes):
        return tuple(frames), ()
    products = [slope * rescale[0] for slope, rescale in zip(slopes, own, strict=True)]
    factors = [products[0] / product for product in products]
    if _differ(factors):
        return _rescaled(
            frames, [(slope * k, start * k) for (slope, start), k in zip(own, factors, strict=True)]
        )
    return tuple(frames), ()


def _real_world(frames: Sequence[Frame]) -> tuple[tuple[Frame, ...], tuple[str, ...]]:
    maps = _all(frames, _mapping)
    if maps is None or not _differ([slope for slope, _ in maps]):
        return tuple(frames), ()
    return _rescaled(frames, maps)


def _mapping(frame: Frame) -> Rescale | None:
    """(slope, intercept) from stored to real world values, None where there is none or it is a table."""
    items = any_value(frame, "RealWorldValueMappingSequence")
    holders = (*frame.said, *(items or ())[:1])
    slope, start = (
        next((value for holder in holders if (value := number(holder, keyword)) is not None), None)
        for keyword in ("RealWorldValueSlope", "RealWorldValueIntercept")
    )
    return (slope, start or 0.0) if slope else None


def _all(frames: Sequence[Frame], of_frame: Callable[[Frame], T | None]) -> list[T] | None:
    """A value for every frame, None where one has none."""
    values = [value for frame in frames if (value := of_frame(frame)) is not None]
    return values if len(values) == len(frames) else None


def _differ(factors: Sequence[float]) -> bool:
    return max(factors) - min(factors) > _SAME * max(map(abs, factors))


def _rescaled(
    frames: Sequence[Frame], rescales: Sequence[Rescale]
) -> tuple[tuple[Frame, ...], tuple[str, ...]]:
    pairs = zip(frames, rescales, strict=True)
    return tuple(replace(frame, rescale=rescale) for frame, rescale in pairs), (_BROUGHT,)
