"""Where a NIfTI volume lies and how large its voxels are, from headers as people write them.

The standard: https://nifti.nimh.nih.gov/nifti-1 (nifti1.h). An sform comes before a qform, as nibabel and
most viewers have it, so that a mask lies on the scan there too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from data.formats.geometry import Affine, right_angled, usable, voxel_sizes

_UNIT_MM = {1: 1000.0, 2: 1.0, 3: 0.001}  # metre, millimetre, micron; NIfTI's codes
_SPACE_BITS = 0x07  # of xyzt_units
_TEMPLATE_CODES = (3, 4)  # Talairach, MNI 152: the volume was moved, perhaps stretched, onto an average head
_SMALLEST_MM, _LARGEST_MM = 0.02, 60.0  # sides of voxels that a scanner of people makes
_OTHER_SIZE = 0.01  # by which volumes of voxels may differ and still be the same
_ROUNDING = 1e-2  # by which a quaternion may be longer than 1 through rounding

_UNPLACED = "This file does not say how the patient lies, so left and right are not certain."
_UNIT_NOT_MEANT = (
    "This file states its sizes in {unit}, which would make voxels of {stated}; they were taken as "
    "millimetres."
)
_NO_SIZE = "The voxel sizes in this file make no sense ({stated}), so nothing is measured in mm or mL."
_TEMPLATE = (
    "This volume lies in the space of a template head, so places are the template's; sizes are from the "
    "voxels as they were scanned."
)
_STRETCHED = (
    "This volume was fitted to a template head and the file does not keep its own voxel size, so sizes may "
    "not be the patient's."
)
_SHEARED = "The axes of this volume are not at right angles, so diameters are approximate; volumes are exact."


@dataclass(frozen=True)
class PatientPlacement:
    """The affine from (i, j, k) to RAS mm, None where there is no size to go by, and what has to be said.

    `scanned_mm3` is the true volume of a voxel where it is not the affine's.
    """

    affine: Affine | None
    placed: bool
    warnings: tuple[str, ...] = ()
    scanned_mm3: float | None = None


def placement(header: Any, shape: tuple[int, int, int]) -> PatientPlacement:
    """Read sform, else qform, else voxel sizes alone, and check that the sizes can be a patient's."""
    stated, form = _stated(header)
    if stated is None:
        stated = _unplaced(header, shape)
    scale, warnings = _millimetres(header, stated)
    if scale is None:
        return PatientPlacement(None, False, tuple(warnings))
    affine = stated.copy()
    affine[:3] *= scale
    if not form:
        return PatientPlacement(affine, False, (*warnings, _UNPLACED))
    if not right_angled(affine):
        warnings.append(_SHEARED)
    scanned = None
    if form == "sform" and int(header["sform_code"]) in _TEMPLATE_CODES:
        scanned, words = _scanned(header, affine, scale)
        warnings += words
    return PatientPlacement(affine, True, tuple(warnings), scanned)


def _stated(header: Any) -> tuple[Affine | None, str]:
    """The affine that counts, and which form it is; None and "" where neither form makes sense."""
    for name in ("sform", "qform"):
        affine = _form(header, name)
        if affine is not None:
            return affine, name
    return None, ""


def _form(header: Any, name: str) -> Affine | None:
    """The sform or qform in the file's own unit; None where it is absent or makes no sense."""
    if int(header[f"{name}_code"]) <= 0:
        return None
    affine = np.asarray(header.get_sform(), dtype=np.float64) if name == "sform" else _qform(header)
    return affine if affine is not None and usable(affine) else None


def _qform(header: Any) -> Affine | None:
    """Method 2 of nifti1.h; sizes below zero count by their amount, and rounding is forgiven."""
    vector = np.array([header[f"quatern_{part}"] for part in "bcd"], dtype=np.float64)
    length = float(np.linalg.norm(vector))
    if not np.isfinite(length) or length > 1 + _ROUNDING:
        return None
    vector = vector / max(length, 1.0)
    real = np.sqrt(max(0.0, 1.0 - float(vector @ vector)))
    sizes = _sizes(header)
    if float(header["pixdim"][0]) < 0:
        sizes = sizes * np.array([1.0, 1.0, -1.0])
    affine = np.eye(4)
    affine[:3, :3] = nib.quaternions.quat2mat([real, *vector]) * sizes
    affine[:3, 3] = [header["qoffset_x"], header["qoffset_y"], header["qoffset_z"]]
    return affine


def _sizes(header: Any) -> NDArray[np.float64]:
    return np.abs(np.array(header["pixdim"][1:4], dtype=np.float64))


def _unplaced(header: Any, shape: tuple[int, int, int]) -> Affine:
    # A picture of one slice has no distance of slices.
    sizes = np.where((np.array(shape) == 1) & ~(_sizes(header) > 0), 1.0, _sizes(header))
    # nibabel's reading of such files, so that its users see the same picture.
    affine = np.diag([-sizes[0], sizes[1], sizes[2], 1.0])
    affine[:3, 3] = -affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    return affine


def _millimetres(header: Any, affine: Affine) -> tuple[float | None, list[str]]:
    """What the file's lengths are to be multiplied by; None where no unit makes sense of them."""
    sizes = voxel_sizes(affine)
    code = int(header["xyzt_units"]) & _SPACE_BITS
    stated = _UNIT_MM.get(code, 1.0)
    if _possible(sizes * stated):
        return stated, []
    if _possible(sizes):
        unit = {1: "metres", 3: "microns"}[code]
        return 1.0, [_UNIT_NOT_MEANT.format(unit=unit, stated=_words(sizes * stated))]
    if code not in _UNIT_MM:  # no unit is stated: whichever makes voxels of a patient
        for unit_mm, unit in ((1000.0, "metres"), (0.001, "microns")):
            if _possible(sizes * unit_mm):
                return unit_mm, [f"This file states no unit of length; its sizes were taken as {unit}."]
    return None, [_NO_SIZE.format(stated=_words(sizes * stated))]


def _possible(sizes: NDArray[np.float64]) -> bool:
    return bool(np.isfinite(sizes).all() and (sizes >= _SMALLEST_MM).all() and (sizes <= _LARGEST_MM).all())


def _words(sizes: NDArray[np.float64]) -> str:
    return " x ".join(f"{size:,.0f}" if size >= 100 else f"{size:.3g}" for size in sizes) + " mm"


def _scanned(header: Any, affine: Affine, scale: float) -> tuple[float | None, list[str]]:
    """The volume in mm3 of a voxel as it was scanned, where a template's affine has another one."""
    of_template = float(abs(np.linalg.det(affine[:3, :3])))
    qform = _form(header, "qform")
    if qform is None or int(header["qform_code"]) in _TEMPLATE_CODES:
        return None, [_STRETCHED]
    scanned = float(abs(np.linalg.det(qform[:3, :3] * scale)))
    if abs(scanned / of_template - 1) <= _OTHER_SIZE:
        return None, []
    return scanned, [_TEMPLATE]
