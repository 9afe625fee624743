"""DICOM series to scans: every stack of parallel slices becomes one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import RefusedScan
from data.formats.arrays import plain
from data.formats.dicom.acquisition import acquisition_of
from data.formats.dicom.display import is_projection, stated_window
from data.formats.dicom.frames import frames_of
from data.formats.dicom.grouping import Series
from data.formats.dicom.identity import header_of, identity_of, study_identifiers, without_names
from data.formats.dicom.pixels import Picture, PictureComparison, Pixels
from data.formats.dicom.scales import on_one_scale
from data.formats.dicom.stacks import Stack, stacks_of
from data.formats.dicom.values import text_of
from data.formats.geometry import placed_affine, placed_grid, spacing_of, to_display
from data.formats.limits import Limits, check_size
from data.formats.members import Member, content_sha256
from data.formats.pictures.pictures import FRAME
from data.formats.pictures.white_frames import without_frame
from data.records import DecodedScan, SourceGrid, Spacing

_NEARLY_WHITE = 0.9


@dataclass(frozen=True)
class LocatedStack:
    """A stack that can be decoded, of the series with this label."""

    label: str
    stack: Stack
    part: int  # tells stacks apart that come out of the same files

    @property
    def members(self) -> tuple[Member, ...]:
        """The files it is made of, each once."""
        members = [frame.instance.member for frame in self.stack.frames]
        return tuple({member.path: member for member in members}.values())


def label_of(series: Series) -> str:
    """What to call a series beside others of the same upload, without the patient's name."""
    first = series.instances[0]
    number = text_of(first.header, "SeriesNumber")
    what = without_names(text_of(first.header, "SeriesDescription"), first.header)
    what = what or text_of(first.header, "Modality")
    return " ".join(part for part in (number, what) if part) or first.member.name


def stacks_in(series: Series, limits: Limits) -> Iterator[LocatedStack | RefusedScan]:
    """The stacks of a series, and what in it cannot be one.

    Raises RefusedScan if one of its files makes no sense.
    """
    frames = [frame for instance in series.instances for frame in frames_of(instance)]
    everything = stacks_of(frames, PictureComparison(limits))
    yield from (refused for refused in everything if isinstance(refused, RefusedScan))
    stacks = sorted((stack for stack in everything if isinstance(stack, Stack)), key=_order_of)
    seen: dict[frozenset[str], int] = {}
    for number, stack in enumerate(stacks, 1):
        files = frozenset(str(frame.instance.member.path) for frame in stack.frames)
        part = seen.get(files, 0)
        seen[files] = part + 1
        which = f"{number} of {len(stacks)}"
        which = f" ({stack.label}, {which})" if stack.label else f" ({which})"
        label = label_of(series) + (which if len(stacks) > 1 else "")
        yield LocatedStack(label, replace(stack, warnings=(*series.warnings, *stack.warnings)), part)


def _order_of(stack: Stack) -> tuple[bool, float]:
    """Sets of one place come in their own order, others by when their first frame was taken."""
    numbers = [frame.instance_number or 0.0 for frame in stack.frames]
    return bool(stack.label), 0.0 if stack.label else min(numbers)


def decode_stack(located: LocatedStack, name: str, limits: Limits) -> DecodedScan:
    """The scan of one stack. Raises RefusedScan for colour, damage and sizes beyond `limits`."""
    frames, scaled = on_one_scale(located.stack.frames)
    stack = replace(located.stack, frames=frames)
    first = stack.frames[0]
    check_size(limits, len(stack.frames), first.rows, first.columns, item_bytes=4)
    pixels = Pixels(limits)
    pictures, framed = _without_frame(stack, _pictures(stack, pixels))
    grid = grid_of(stack, pictures.shape)
    displayed = to_display(pictures.transpose(2, 1, 0), grid)
    header = first.instance.header
    return DecodedScan(
        name=name,
        array=plain(displayed),
        affine=placed_affine(grid),
        spacing=_spacing(stack, grid),
        grid=grid,
        header=header_of(header),
        acquisition=acquisition_of(header),
        identity=identity_of(header),
        identifiers=study_identifiers(header),
        content_sha256=content_sha256(located.members, located.part),
        members=tuple(member.name for member in located.members),
        warnings=tuple(dict.fromkeys((*stack.warnings, *scaled, *pixels.warnings, *framed))),
        window=stated_window(stack.frames[len(stack.frames) // 2]),
    )


def _pictures(stack: Stack, pixels: Pixels) -> NDArray[Any]:
    """All frames as (slice, row, column), padding set to the darkest value that is none."""
    first = pixels.picture(stack.frames[0])
    whole = np.empty((len(stack.frames), *first.values.shape), first.values.dtype)
    pictures: list[Picture] = []
    for index, frame in enumerate(stack.frames):
        picture = first if index == 0 else pixels.picture(frame)
        dtype = np.result_type(whole, picture.values)
        if dtype != whole.dtype:
            whole = whole.astype(dtype)
        whole[index] = picture.values
        pictures.append(Picture(np.empty(0), picture.padding))
    _take_out_padding(whole, [picture.padding for picture in pictures])
    return whole


def _without_frame(stack: Stack, pictures: NDArray[Any]) -> tuple[NDArray[Any], tuple[str, ...]]:
    """A film's white border as background, as in pictures of other formats, and what is said of it."""
    if len(pictures) > 1 or not is_projection(stack.frames[0].instance.header):
        return pictures, ()
    film = pictures[0]
    white = float(film.min()) + _NEARLY_WHITE * float(np.ptp(film))
    edges = (film[0], film[-1], film[:, 0], film[:, -1])
    if sum(float(np.mean(edge >= white)) > _NEARLY_WHITE for edge in edges) < 2:  # most films, told quickly
        return pictures, ()
    inside, framed = without_frame(pictures)
    return inside, (FRAME,) if framed else ()


def _take_out_padding(whole: NDArray[Any], paddings: list[NDArray[np.bool_] | None]) -> None:
    if all(padding is None for padding in paddings):
        return
    lowest = [
        picture[~padding].min() if padding is not None else picture.min()
        for picture, padding in zip(whole, paddings, strict=True)
        if padding is None or not padding.all()
    ]
    if not lowest:
        return
    for picture, padding in zip(whole, paddings, strict=True):
        if padding is not None:
            picture[padding] = min(lowest)


def grid_of(stack: Stack, shape: tuple[int, ...]) -> SourceGrid:
    """The grid of a stack whose pictures have this shape (slices, rows, columns)."""
    slices, rows, columns = shape
    source_shape = (columns, rows, slices)
    directions = stack.affine if stack.affine is not None else stack.directions
    if directions is None:
        return SourceGrid("dicom", source_shape, (2, 1, 0))
    grid = placed_grid("dicom", source_shape, directions, slice_axis=2)
    return grid if stack.affine is not None else replace(grid, affine=None)


def _spacing(stack: Stack, grid: SourceGrid) -> Spacing:
    if grid.affine is None:
        in_plane = stack.frames[0].spacing_mm or (None, None)
        slice_mm = stack.slice_mm if len(stack.frames) > 1 else None
        return Spacing(slice_mm, *in_plane)
    spacing = spacing_of(grid)
    # A lone slice has no neighbour, and distances that differ too much are none to count with.
    known = len(stack.frames) > 1 and stack.slice_mm is not None
    return spacing if known else replace(spacing, slice_mm=None)
