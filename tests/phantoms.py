"""Scans that can be had on a bare machine: the MNI brain of nilearn's wheel, with implanted lesions."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from data.labelled import phantoms
from data.labelled.anatomy import template


@lru_cache(maxsize=1)
def mni() -> tuple[NDArray[Any], NDArray[np.float64]]:
    """The template's voxels (i, j, k) and affine, at 2 mm to be quick."""
    voxels, affine = template()
    affine[:3, :3] *= 2
    return voxels[::2, ::2, ::2], affine


def brain(lesion_mm: float = 0.0, centre_mm: tuple[float, float, float] = (30, 10, 25)) -> NDArray[Any]:
    """The template with a bright ball of radius `lesion_mm` at RAS `centre_mm`."""
    voxels, affine = mni()
    voxels = voxels.astype(np.float32)
    if lesion_mm:
        voxels = np.where(ball(lesion_mm, centre_mm), voxels.max() * 1.05, voxels)
    return (
        voxels.astype(np.int16) if voxels.max() > 255 else (voxels * (1000 / voxels.max())).astype(np.int16)
    )


def ball(radius_mm: float, centre_mm: tuple[float, float, float]) -> NDArray[np.bool_]:
    """A ball in the template's grid."""
    voxels, affine = mni()
    index = np.stack(np.indices(voxels.shape), axis=-1).astype(float)
    points = index @ affine[:3, :3].T + affine[:3, 3]
    inside: NDArray[np.bool_] = ((points - np.array(centre_mm)) ** 2).sum(axis=-1) <= radius_mm**2
    return inside


def nifti(voxels: NDArray[Any]) -> bytes:
    """Voxels in the template's grid as .nii.gz."""
    return phantoms.nifti(voxels, mni()[1])


def axial_png(voxels: NDArray[Any], k: int = 45) -> bytes:
    """One axial slice as a picture, front upwards, the patient's right on the left."""
    picture = voxels[::-1, ::-1, k].T.astype(float)
    return png(picture / max(1.0, picture.max()))


def png(picture: NDArray[Any]) -> bytes:
    """A picture in 0..1 as 8-bit grey PNG."""
    memory = io.BytesIO()
    Image.fromarray((np.clip(picture, 0, 1) * 255).astype(np.uint8)).save(memory, "PNG")
    return memory.getvalue()
