"""The order of pictures that are the slices of one volume: by the number in their names, not by the names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import PurePosixPath

from data.errors import RefusedScan
from data.formats.members import Member

_RUN = re.compile(r"([0-9]+)")
_ENDING = re.compile(r"\.(?![0-9]+$)[^.]*$")  # `.png`, but not the number of `slice.007`
_SYSTEM = {"__macosx", "thumbs.db", "desktop.ini"}
_LEAST = 2  # slices

_TOO_FEW = RefusedScan(
    "too_few_slices", "A volume is joined from two or more numbered pictures, and here are fewer."
)
_FOLDERS = RefusedScan(
    "slice_folders",
    "The pictures lie in several folders, so it is not known whether they make one volume; please send "
    "each folder by itself.",
)
_NAMES_DIFFER = RefusedScan(
    "slice_numbers",
    "The names of these pictures differ in more than a number, so their order is not known; please name "
    "them like slice-1, slice-2 and so on.",
)
_NO_NUMBERS = RefusedScan(
    "slice_numbers", "A picture has no number in its name, so the order of the slices is not known."
)
_SEVERAL_NUMBERS = RefusedScan(
    "slice_numbers",
    "More than one number changes from name to name, so it is not known which of them counts the slices.",
)


def is_of_the_system(name: str) -> bool:
    """Whether a file was put there by an operating system: hidden, or a preview."""
    return any(part.startswith(".") or part in _SYSTEM for part in PurePosixPath(name.lower()).parts)


def in_order(pictures: Sequence[Member]) -> tuple[tuple[Member, ...], tuple[str, ...]]:
    """The pictures by the number in their names (2 before 10), and what is to be said of gaps.

    The number is the one that changes from name to name; everything else must be the same, whatever the
    case of letters. Raises RefusedScan: `too_few_slices`, `slice_folders`, and `slice_numbers` where
    numbers are missing, doubled or ambiguous.
    """
    if len(pictures) < _LEAST:
        raise _TOO_FEW
    if len({PurePosixPath(picture.name).parent for picture in pictures}) > 1:
        raise _FOLDERS
    numbers = _numbers([PurePosixPath(picture.name).name for picture in pictures])
    ordered = sorted(zip(numbers, pictures, strict=True), key=lambda numbered: numbered[0])
    for (number, _), (following, _) in pairwise(ordered):
        if number == following:
            raise RefusedScan("slice_numbers", f"Two pictures have the same number ({number}).")
    return tuple(picture for _, picture in ordered), _gaps(sorted(numbers))


def _numbers(names: Sequence[str]) -> list[int]:
    """The number of each name that counts the slices."""
    pieces = [_RUN.split(_ENDING.sub("", name.casefold())) for name in names]
    if any(len(runs) == 1 for runs in pieces):
        raise _NO_NUMBERS
    if len({tuple(runs[::2]) for runs in pieces}) > 1:
        raise _NAMES_DIFFER
    columns = list(zip(*([int(run) for run in runs[1::2]] for runs in pieces), strict=True))
    changing = [column for column in columns if len(set(column)) > 1]
    if len(changing) > 1:
        raise _SEVERAL_NUMBERS
    return list((changing or columns)[0])


def _gaps(numbers: Sequence[int]) -> tuple[str, ...]:
    """Where numbers are left out, told by the places in the volume: a number may be a date or an id."""
    left_out = numbers[-1] - numbers[0] + 1 - len(numbers)
    if not left_out:
        return ()
    places = [str(place) for place, (low, high) in enumerate(pairwise(numbers), start=1) if high - low > 1]
    after = ", ".join(places[:5]) + (" and others" if len(places) > 5 else "")
    what = "1 number is" if left_out == 1 else f"{left_out} numbers are"
    return (f"In the names of these pictures {what} left out (after slice {after}): slices may be missing.",)
