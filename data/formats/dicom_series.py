"""DICOM series to scans: every stack of parallel slices becomes one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.formats.arrays import plain
from data.formats.dicom import Instance, text_of
from data.formats.dicom_acquisition import acquisition_of
from data.formats.dicom_frames import Frame, frames_of
from data.formats.dicom_identity import header_of, identity_of
from data.formats.dicom_pixels import Picture, Pixels
from data.formats.dicom_stacks import Stack, order_of, stacks_of
from data.formats.geometry import display_affine, placed_grid, spacing_of, to_display
from data.formats.limits import Limits, check_size
from data.formats.members import Member, content_sha256
from data.records import DecodedScan, SourceGrid, Spacing


@dataclass(frozen=True)
class Series:
    """The instances of one series, each once."""

    instances: tuple[Instance, ...]

    @property
    def label(self) -> str:
        """What to call it beside other series of the same upload."""
        header = self.instances[0].header
        number = text_of(header, "SeriesNumber")
        what = text_of(header, "SeriesDescription") or text_of(header, "Modality")
        return " ".join(part for part in (number, what) if part) or self.instances[0].member.name


@dataclass(frozen=True)
class Found:
    """A stack that can be decoded, of the series with this label."""

    label: str
    stack: Stack
    part: int  # tells stacks apart that come out of the same files

    @property
    def members(self) -> tuple[Member, ...]:
        """The files it is made of, each once."""
        members = [frame.instance.member for frame in self.stack.frames]
        return tuple({member.path: member for member in members}.values())


def series_of(instances: list[Instance]) -> list[Series]:
    """Instances by series; an instance that is there twice counts once."""
    groups: dict[str, dict[str, Instance]] = {}
    for instance in instances:
        uid = text_of(instance.header, "SOPInstanceUID") or str(instance.member.path)
        groups.setdefault(instance.series, {}).setdefault(uid, instance)
    return [Series(tuple(group.values())) for group in groups.values()]


def stacks_in(series: Series) -> Iterator[Found]:
    """The stacks of a series. Raises RefusedScan if one of its files makes no sense."""
    frames: list[Frame] = []
    for instance in series.instances:
        frames += frames_of(instance)
    stacks = sorted(stacks_of(frames), key=order_of)
    seen: dict[frozenset[str], int] = {}
    for number, stack in enumerate(stacks, 1):
        files = frozenset(str(frame.instance.member.path) for frame in stack.frames)
        part = seen.get(files, 0)
        seen[files] = part + 1
        label = series.label if len(stacks) == 1 else f"{series.label} ({number} of {len(stacks)})"
        yield Found(label, stack, part)


def decode_stack(found: Found, name: str, limits: Limits) -> DecodedScan:
    """The scan of one stack. Raises RefusedScan for colour, damage and sizes beyond `limits`."""
    stack = found.stack
    first = stack.frames[0]
    check_size(limits, len(stack.frames), first.rows, first.columns, item_bytes=4)
    pictures = _pictures(stack, limits)
    grid = _grid(stack, pictures.shape)
    displayed = to_display(pictures.transpose(2, 1, 0), grid)
    header = first.instance.header
    return DecodedScan(
        name=name,
        array=plain(displayed),
        affine=display_affine(grid),
        spacing=_spacing(stack, grid),
        grid=grid,
        header=header_of(header),
        acquisition=acquisition_of(header),
        identity=identity_of(header),
        content_sha256=content_sha256(found.members, found.part),
        members=tuple(member.name for member in found.members),
        warnings=stack.warnings,
    )


def _pictures(stack: Stack, limits: Limits) -> NDArray[Any]:
    """All frames as (slice, row, column), padding set to the darkest value that is none."""
    pixels = Pixels(limits)
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


def _take_out_padding(whole: NDArray[Any], paddings: list[NDArray[np.bool_] | None]) -> None:
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


def _grid(stack: Stack, shape: tuple[int, ...]) -> SourceGrid:
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
    return spacing if len(stack.frames) > 1 else replace(spacing, slice_mm=None)
