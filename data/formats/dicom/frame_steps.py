"""How frames without functional groups follow each other: by FrameIncrementPointer (PS3.3 C.7.6.6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from data.errors import RefusedScan
from data.formats.dicom.values import number_list, value_of

_IN_TIME = {tag_for_keyword(keyword) for keyword in ("FrameTime", "FrameTimeVector", "CineRate")}
_TIMES = ("TimeSlotVector", "TimeSliceVector", "PhaseVector", "RRIntervalVector")

_A_FILM = RefusedScan(
    "no_place",
    "By the header the frames of this file follow each other in time, not from slice to slice, so it is not "
    "known where they lie; please export the series as single slices.",
)


@dataclass(frozen=True)
class FrameStep:
    """Which slice a frame shows, from 0, and what an enhanced file would say of it."""

    slice_index: int
    said: Dataset


def frame_steps(header: Dataset, count: int) -> list[FrameStep] | None:
    """The step of each frame by its slice vector; None where the frames simply follow each other.

    Raises RefusedScan `no_place` where the header says that they follow each other in time.
    """
    pointers = _pointers(header)
    slices = _vector(header, "SliceVector", count)
    if slices is None:
        if pointers & _IN_TIME:
            raise _A_FILM
        return None
    times = [vector for keyword in _TIMES if (vector := _vector(header, keyword, count)) is not None]
    moments = [tuple(vector[index] for vector in times) for index in range(count)]
    numbered = {moment: number for number, moment in enumerate(sorted(set(moments)), 1)}
    first = min(slices)
    return [
        _step(place - first, numbered[moment] if len(numbered) > 1 else None)
        for place, moment in zip(slices, moments, strict=True)
    ]


def _step(slice_index: int, time_point: int | None) -> FrameStep:
    said = Dataset()
    said.InStackPositionNumber = slice_index + 1
    if time_point is not None:
        said.TemporalPositionIndex = time_point
    return FrameStep(slice_index, said)


def _pointers(header: Dataset) -> set[int]:
    value = value_of(header, "FrameIncrementPointer")
    values: Sequence[object] = value if isinstance(value, (list, MultiValue)) else [value]
    return {int(tag) for tag in values if isinstance(tag, int)}


def _vector(header: Dataset, keyword: str, count: int) -> list[int] | None:
    """A number for each frame, None where they are not there for all."""
    numbers = number_list(header, keyword)
    return [int(value) for value in numbers] if numbers is not None and len(numbers) == count else None
