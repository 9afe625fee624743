"""Corrected masks: files that people drew elsewhere, back in a scan's display order."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import InvalidInput, RefusedScan
from data.formats.archives.zip_and_gzip import gunzipped
from data.formats.arrays import plain
from data.formats.decoder_errors import DECODING_ERRORS
from data.formats.detect import FileKind, kind_of
from data.formats.geometry import Affine, to_display, to_source
from data.formats.limits import Limits
from data.formats.masks.values import NO_ANSWERS, MaskAnswers, marked
from data.formats.members import Member
from data.formats.nifti.volumes import read_nifti
from data.formats.pictures.pictures import read_picture
from data.machine_faults import refuse_of_machine
from data.records import SourceGrid

Mask = NDArray[np.bool_]

_FIT = 0.1  # voxels by which the corners may differ
_NOT_A_MASK = "A mask must be a NIfTI, PNG or TIFF file."
_OTHER_SHAPE = "This mask has another size than the scan, so it does not fit."
_OTHER_PLACE = "This mask lies elsewhere in space than the scan, so it does not fit."


def read_mask(file: Path, name: str, grid: SourceGrid, answers: MaskAnswers = NO_ANSWERS) -> Mask:
    """A mask file in display order (slice, row, column), drawn on the scan that has this grid.

    Not zero is mask; what several labels mean, and that an empty mask is meant, must be said in `answers`.
    NIfTI (.nii, .nii.gz): any lossless re-orientation of the scan's grid is turned back. PNG and TIFF: pages
    are the scan's slices in the file's own order. Raises InvalidInput with one sentence.
    """
    most = max(1 << 20, 16 * int(np.prod(grid.shape, dtype=np.int64)))
    limits = Limits(max_bytes=most, max_unpacked_bytes=most)
    with tempfile.TemporaryDirectory(prefix="lightbox-") as folder:
        try:
            source = _source_mask(Member(name, file), grid, limits, Path(folder), answers)
        except InvalidInput:
            raise
        except RefusedScan as refused:
            sentence = _OTHER_SHAPE if refused.code in ("too_large", "archive_bomb") else str(refused)
            raise InvalidInput(sentence) from refused
        except DECODING_ERRORS as error:
            refuse_of_machine(error)
            raise InvalidInput("This mask is damaged or not a mask that Lightbox can read.") from error
    return np.ascontiguousarray(to_display(source, grid))


def source_picture(displayed: NDArray[Any], grid: SourceGrid) -> NDArray[Any]:
    """A single-slice scan's displayed array or mask as the file's own picture (row, column)."""
    source = to_source(displayed, grid)
    return source[0] if grid.kind == "image" else source[:, :, 0].T


def _source_mask(
    member: Member, grid: SourceGrid, limits: Limits, folder: Path, answers: MaskAnswers
) -> Mask:
    kind = kind_of(member.path)
    if kind is FileKind.GZIP:
        member = gunzipped(member, folder / "mask", limits)
        kind = kind_of(member.path)
    if kind is FileKind.NIFTI:
        return _from_nifti(member.path, grid, limits, answers)
    if kind is FileKind.PICTURE:
        return _from_pages(read_picture(member.path, limits), grid, answers)
    raise InvalidInput(_NOT_A_MASK)


def _from_pages(pages: NDArray[Any], grid: SourceGrid, answers: MaskAnswers) -> Mask:
    source = pages if grid.kind == "image" else pages.transpose(2, 1, 0)
    if source.shape != grid.shape:
        raise InvalidInput(_OTHER_SHAPE)
    return marked(source, answers)


def _from_nifti(file: Path, grid: SourceGrid, limits: Limits, answers: MaskAnswers) -> Mask:
    volume = read_nifti(file, file, limits)
    values = plain(volume.array)
    shape = values.shape
    placed = grid.placed and volume.grid.placed
    if grid.affine is None or not placed:
        # Without geometry on either side only the very same array can be meant.
        if shape != grid.shape:
            raise InvalidInput(_OTHER_SHAPE)
        return marked(values, answers)
    if sorted(shape) != sorted(grid.shape):
        raise InvalidInput(_OTHER_SHAPE)
    drawn = marked(values, answers)
    return _turned(drawn, np.array(volume.grid.affine), np.array(grid.affine), grid.shape)


def _turned(drawn: Mask, drawn_affine: Affine, affine: Affine, shape: tuple[int, int, int]) -> Mask:
    """The drawn mask on the grid of `affine`, if that is the same grid in another order of axes."""
    exact = np.linalg.inv(drawn_affine) @ affine  # scan index -> index in the drawn mask
    whole = np.round(exact)
    turn = whole[:3, :3]
    if not np.array_equal(np.abs(turn) @ np.ones(3), np.ones(3)) or abs(np.linalg.det(turn)) != 1:
        raise InvalidInput(_OTHER_PLACE)
    corners = np.array(
        [[i, j, k, 1] for i in (0, shape[0] - 1) for j in (0, shape[1] - 1) for k in (0, shape[2] - 1)]
    )
    if np.abs((exact - whole) @ corners.T).max() > _FIT:
        raise InvalidInput(_OTHER_PLACE)
    axes = [int(np.flatnonzero(turn[:, axis])[0]) for axis in range(3)]
    turned = np.transpose(drawn, axes)
    flips = [axis for axis in range(3) if turn[axes[axis], axis] < 0]
    origin = [drawn.shape[axes[axis]] - 1 if axis in flips else 0 for axis in range(3)]
    if turned.shape != shape or any(int(whole[axes[axis], 3]) != origin[axis] for axis in range(3)):
        raise InvalidInput(_OTHER_PLACE)
    placed: Mask = np.flip(turned, tuple(flips))
    return placed
