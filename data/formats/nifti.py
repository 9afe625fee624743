"""NIfTI-1 and NIfTI-2: one file or a .hdr/.img pair."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from data.errors import RefusedScan
from data.formats.arrays import plain
from data.formats.geometry import Affine, placed_grid, usable
from data.formats.limits import Limits, check_size, unreadable
from data.records import SourceGrid

_FIRST_TIME_POINT = "This file holds {count} volumes (such as time points); the first was read."
_UNPLACED = "This file does not say how the patient lies, so left and right are not certain."
_UNIT_MM = {"meter": 1000.0, "mm": 1.0, "micron": 0.001, "unknown": 1.0}


@dataclass(frozen=True)
class NiftiVolume:
    """One volume in the file's own order (i, j, k), with what has to be said about it."""

    array: NDArray[Any]
    grid: SourceGrid
    warnings: tuple[str, ...]


def read_nifti(header_file: Path, data_file: Path, limits: Limits) -> NiftiVolume:
    """The first volume of an uncompressed NIfTI file or pair (the two paths may be one).

    Raises RefusedScan for complex, colour and vector files, damage, and sizes beyond `limits`.
    """
    header = _header(header_file, single=header_file == data_file)
    shape, count = _volume_shape(header)
    stored = _data_type(header)
    check_size(limits, *shape, item_bytes=max(stored.itemsize, 4))
    offset = _offset(header, single=header_file == data_file)
    available = data_file.stat().st_size - offset
    if available < int(np.prod(shape, dtype=np.int64)) * stored.itemsize:
        raise RefusedScan("incomplete", "This file is incomplete: a part of the scan is missing.")
    raw = np.memmap(data_file, dtype=stored, mode="r", offset=offset, shape=shape, order="F")
    affine, placed = _affine(header, shape)
    warnings = [_FIRST_TIME_POINT.format(count=count)] if count > 1 else []
    if not placed:
        warnings.append(_UNPLACED)
    grid = placed_grid("nifti", shape, affine, placed=placed)
    return NiftiVolume(_scaled(raw, header), grid, tuple(warnings))


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


def _volume_shape(header: Any) -> tuple[tuple[int, int, int], int]:
    """(i, j, k) of one volume, and how many volumes there are."""
    sides = [int(side) for side in header["dim"]]
    dimensions = sides[0]
    if not 1 <= dimensions <= 7 or any(side < 1 for side in sides[1 : dimensions + 1]):
        raise unreadable()
    i, j, k = (sides[axis] if axis <= dimensions else 1 for axis in (1, 2, 3))
    if min(sorted((i, j, k))[1:]) < 2:
        raise RefusedScan("not_an_image", "This NIfTI file holds a list of numbers, not an image.")
    count = int(np.prod(sides[4 : dimensions + 1], dtype=np.int64)) if dimensions > 3 else 1
    if int(header["intent_code"]) == 1007 and count > 1:
        raise RefusedScan("not_an_image", "This NIfTI file holds a vector field, not an image.")
    return (i, j, k), count


def _data_type(header: Any) -> np.dtype[Any]:
    try:
        stored: np.dtype[Any] = header.get_data_dtype()
    except Exception as error:
        raise unreadable() from error
    if stored.names is not None:
        raise RefusedScan("colour", "This is a colour volume, and Lightbox reads grey scans only.")
    if stored.kind == "c":
        raise RefusedScan(
            "complex", "This file holds complex numbers; please export the magnitude image instead."
        )
    if stored.kind not in "iuf":
        raise unreadable()
    return stored


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
        return plain(np.asarray(raw))
    return plain(np.asarray(raw).astype(np.float64) * slope + intercept)


def _affine(header: Any, shape: tuple[int, int, int]) -> tuple[Affine, bool]:
    """The affine to RAS mm by sform, else qform; else voxel sizes alone and False."""
    scale = _millimetres(header)
    for code, read in (("sform_code", header.get_sform), ("qform_code", header.get_qform)):
        affine = _stated_affine(read) if int(header[code]) > 0 else None
        if affine is not None:
            affine[:3] *= scale
            return affine, True
    return _unplaced_affine(header, shape, scale), False


def _stated_affine(read: Callable[[], Any]) -> Affine | None:
    try:
        affine = np.array(read(), dtype=np.float64)
    except Exception:  # quaternions of nonsense
        return None
    return affine if usable(affine) else None


def _unplaced_affine(header: Any, shape: tuple[int, int, int], scale: float) -> Affine:
    sizes = np.abs(np.array(header["pixdim"][1:4], dtype=np.float64)) * scale
    sizes = np.where(np.isfinite(sizes) & (sizes > 1e-6), sizes, 1.0)
    # nibabel's reading of such files, so that its users see the same picture.
    affine = np.diag([-sizes[0], sizes[1], sizes[2], 1.0])
    affine[:3, 3] = -affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    return affine


def _millimetres(header: Any) -> float:
    try:
        return _UNIT_MM.get(header.get_xyzt_units()[0], 1.0)
    except Exception:  # an unknown code of unit
        return 1.0
