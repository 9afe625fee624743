"""Masks as files that lie in other programs exactly where they lay here."""

from __future__ import annotations

import gzip
import io
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from data.formats import to_source
from data.records import SourceGrid

_PLACED, _UNKNOWN = 1, 0  # NIfTI's codes: scanner's coordinates, and none


def mask_nifti(mask: NDArray[Any], grid: SourceGrid) -> bytes:
    """A displayed mask (slice, row, column) as .nii.gz: uint8 0/1 in the scan's own array order.

    Where the scan has no geometry the voxels count 1 in no unit, and the header says so.
    """
    source = np.ascontiguousarray(to_source(np.asarray(mask) != 0, grid), dtype=np.uint8)
    affine = np.eye(4) if grid.affine is None else np.array(grid.affine)
    image = nib.Nifti1Image(source, affine)
    header: Any = image.header
    header.set_xyzt_units("unknown" if grid.affine is None else "mm")
    if grid.affine is None:
        header["descrip"] = "Lightbox mask; voxel size unknown"
    else:
        header["descrip"] = "Lightbox mask"
    code = _PLACED if grid.affine is not None and grid.placed else _UNKNOWN
    # The sform holds any affine to full precision; the qform cannot shear.
    image.set_sform(affine, code=code)
    image.set_qform(affine, code=code, strip_shears=True)
    return gzip.compress(bytes(image.to_bytes()), compresslevel=6, mtime=0)


def mask_png(mask: NDArray[Any]) -> bytes:
    """A mask (row, column) as an 8-bit grey PNG, 0 and 255."""
    out = io.BytesIO()
    Image.fromarray(np.where(np.asarray(mask) != 0, np.uint8(255), np.uint8(0))).save(
        out, "PNG", optimize=True
    )
    return out.getvalue()
