"""NIfTI-1 and NIfTI-2: one file or a .hdr/.img pair."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from nibabel.spatialimages import HeaderDataError
from numpy.typing import NDArray

from data.errors import RefusedScan
from data.formats.arrays import LARGEST_FLOAT32, grey
from data.formats.geometry import placed_grid, scaled, spacing_of, voxel_mm3
from data.formats.limits import Limits, check_size, unreadable
from data.formats.nifti.geometry import PatientPlacement, placement
from data.records import SourceGrid, Spacing

_FIRST_TIME_POINT = "This file holds {count} volumes (such as time points); the first was read."
_SLICES_IN_TIME = "The slices of this file lie in its fourth dimension; they were read as one volume."
_TIME_BITS = 0x38  # of xyzt_units
_SECONDS = (8, 16, 24)  # seconds, milliseconds, microseconds
_VECTOR, _RGB_VECTOR = 1007, 2003  # NIfTI's intent codes


@dataclass(frozen=True)
class NiftiVolume:
    """One volume in the file's own order (i, j, k), with what has to be said about it.

    `array` is not `plain` yet, so that a large one is copied once, on its way to display order.
    """

    array: NDArray[Any]
    grid: SourceGrid
    spacing: Spacing
    warnings: tuple[str, ...]
    window: tuple[float, float] | None = None  # (black, white) that the file asks for


@dataclass(frozen=True)
class _Layout:
    """The shape of one volume, and how many of them lie behind each other."""

    shape: tuple[int, int, int]
    count: int
    slices_in_time: bool


def read_nifti(header_file: Path, data_file: Path, limits: Limits) -> NiftiVolume:
    """The first volume of an uncompressed NIfTI file or pair (the two paths may be one).

    Colour channels that agree are grey. Raises RefusedScan for complex, colour and vector files, damage,
    and sizes beyond `limits`.
    """
    header = _header(header_file, single=header_file == data_file)
    layout, stored = _layout(header), _data_type(header)
    shape = layout.shape
    check_size(limits, *shape, item_bytes=max(stored.itemsize, 4))
    offset = _offset(header, single=header_file == data_file)
    if data_file.stat().st_size < offset + _bytes_of(shape, stored):
        raise RefusedScan("incomplete", "This file is incomplete: a part of the scan is missing.")
    raw = np.memmap(data_file, dtype=stored, mode="r", offset=offset, shape=shape, order="F")
    where = placement(header, shape)
    warnings = [_FIRST_TIME_POINT.format(count=layout.count)] if layout.count > 1 else []
    warnings += [_SLICES_IN_TIME] if layout.slices_in_time else []
    return NiftiVolume(
        _scaled(_grey(raw), header),
        *_grid(shape, where),
        (*warnings, *where.warnings),
        _window(header),
    )


def holds_pixels(file: Path) -> bool:
    """Whether the pixels lie behind the header in the same file, whatever the header says of that.

    Raises RefusedScan as `read_nifti` does.
    """
    header = _header(file, single=True)
    return file.stat().st_size >= _offset(header, single=True) + _bytes_of(
        _layout(header).shape, _data_type(header)
    )


def _bytes_of(shape: tuple[int, int, int], stored: np.dtype[Any]) -> int:
    return int(np.prod(shape, dtype=np.int64)) * stored.itemsize


def _grid(shape: tuple[int, int, int], where: PatientPlacement) -> tuple[SourceGrid, Spacing]:
    if where.affine is None:
        return replace(placed_grid("nifti", shape, np.eye(4), placed=False), affine=None), Spacing()
    grid = placed_grid("nifti", shape, where.affine, placed=where.placed)
    spacing = spacing_of(grid)
    if where.scanned_mm3 is not None:
        # Shrunk back as a whole: the file does not say by how much along which axis it was stretched.
        spacing = scaled(spacing, (where.scanned_mm3 / voxel_mm3(where.affine)) ** (1 / 3))
    return grid, spacing


def _header(file: Path, *, single: bool) -> Any:
    """The parsed header without nibabel's opening of the data file."""
    with file.open("rb") as stream:
        start = stream.read(540)
    second = _is_second(start)
    kind: Any
    if second:
        kind = nib.Nifti2Header if single else nib.nifti2.Nifti2PairHeader
    else:
        kind = nib.Nifti1Header if single else nib.nifti1.Nifti1PairHeader
    size = 540 if second else 348
    if len(start) < size:
        raise unreadable()
    return kind(start[:size], check=False)


def _is_second(start: bytes) -> bool:
    return start[:4] in {(540).to_bytes(4, "little"), (540).to_bytes(4, "big")}


def _layout(header: Any) -> _Layout:
    sides = [int(side) for side in header["dim"]]
    dimensions = sides[0]
    sides[4:] = [side or 1 for side in sides[4:]]  # what some writers call a dimension that is not there
    if not 1 <= dimensions <= 7 or any(side < 1 for side in sides[1 : dimensions + 1]):
        raise unreadable()
    i, j, k = (sides[axis] if axis <= dimensions else 1 for axis in (1, 2, 3))
    if min(sorted((i, j, k))[1:]) < 2:
        raise RefusedScan("not_an_image", "This NIfTI file holds a list of numbers, not an image.")
    count = int(np.prod(sides[4 : dimensions + 1], dtype=np.int64)) if dimensions > 3 else 1
    if int(header["intent_code"]) in (_VECTOR, _RGB_VECTOR) and count > 1:
        raise RefusedScan("not_an_image", "This NIfTI file holds a vector field, not an image.")
    # Writers that lost the third dimension: one slice, many "times", and no unit of time.
    in_time = (k, count) == (1, sides[4]) and count > 1 and not _timed(header)
    return _Layout((i, j, count), 1, True) if in_time else _Layout((i, j, k), count, False)


def _timed(header: Any) -> bool:
    return (int(header["xyzt_units"]) & _TIME_BITS) in _SECONDS


def _data_type(header: Any) -> np.dtype[Any]:
    try:
        stored: np.dtype[Any] = header.get_data_dtype()
    except (HeaderDataError, KeyError) as error:  # a code that the standard does not have
        raise unreadable() from error
    if stored.names is not None:  # red, green, blue, and perhaps how opaque
        return stored
    if stored.kind == "c":
        raise RefusedScan(
            "complex", "This file holds complex numbers; please export the magnitude image instead."
        )
    if stored.kind not in "iuf":
        raise unreadable()
    return stored


def _grey(raw: NDArray[Any]) -> NDArray[Any]:
    """The grey values of a colour volume whose channels agree; raises RefusedScan `colour`."""
    if raw.dtype.names is None:
        return np.asarray(raw)
    return grey(np.stack([raw[channel] for channel in ("R", "G", "B")], axis=-1))


def _window(header: Any) -> tuple[float, float] | None:
    low, high = float(header["cal_min"]), float(header["cal_max"])
    return (low, high) if np.isfinite([low, high]).all() and high > low else None


def _offset(header: Any, *, single: bool) -> int:
    offset = float(header["vox_offset"])
    if not np.isfinite(offset) or offset < 0:
        raise unreadable()
    # Single files of careless writers say 0 and mean the end of the header.
    smallest = int(header["sizeof_hdr"]) + 4 if single else 0
    return max(int(offset), smallest)


def _scaled(raw: NDArray[Any], header: Any) -> NDArray[Any]:
    slope, intercept = float(header["scl_slope"]), float(header["scl_inter"])
    if not np.isfinite(slope) or slope == 0 or not np.isfinite(intercept):
        slope, intercept = 1.0, 0.0
    if slope == 1.0 and intercept == 0.0:
        return raw
    return _rescaled(raw, slope, intercept)


def _rescaled(raw: NDArray[Any], slope: float, intercept: float) -> NDArray[Any]:
    """In float32 where every value fits, which is reckoned in doubles, a slice (i, j) at a time."""
    scaled = np.empty(raw.shape, dtype=np.float32, order="F")
    for index in range(raw.shape[2]):
        wide = raw[..., index].astype(np.float64) * slope + intercept
        if (np.isfinite(wide) & (np.abs(wide) > LARGEST_FLOAT32)).any():
            return raw.astype(np.float64) * slope + intercept
        scaled[..., index] = wide
    return scaled
