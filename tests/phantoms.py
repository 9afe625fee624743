"""Scans that can be had on a bare machine: the MNI brain of nilearn's wheel, with implanted lesions."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from data.labelled import phantoms
from data.labelled.anatomy import template

THICKNESS = 3
"""Slices of the template, of 2 mm, that make a volume's."""
_T1 = (0.0, 0.3, 0.5, 0.6, 0.7, 0.8, 1.0)
_FLAIR = (0.0, 0.05, 0.2, 0.65, 0.62, 0.55, 0.5)


@lru_cache(maxsize=1)
def mni() -> tuple[NDArray[Any], NDArray[np.float64]]:
    """The template's voxels (i, j, k) and affine, at 2 mm to be quick."""
    voxels, affine = template()
    affine[:3, :3] *= 2
    return voxels[::2, ::2, ::2], affine


def brain(lesion_mm: float = 0.0, centre_mm: tuple[float, float, float] = (30, 10, 25)) -> NDArray[Any]:
    """A head in the contrast of a FLAIR, with a bright ball of radius `lesion_mm` at RAS `centre_mm`."""
    voxels = flair()
    if lesion_mm:
        voxels = np.where(ball(lesion_mm, centre_mm), 1000, voxels)
    return voxels.astype(np.int16)


@lru_cache(maxsize=1)
def flair() -> NDArray[Any]:
    """The T1 template as a FLAIR would show it, 0 to 1000: dark fluid, bright grey matter, a scalp."""
    t1 = mni()[0].astype(float)
    t1 /= t1.max()
    head = ndimage.binary_dilation(ndimage.binary_fill_holes(t1 > 0.05), iterations=4)
    scalp = head ^ ndimage.binary_erosion(head, iterations=2)
    contrast = ndimage.gaussian_filter(np.interp(t1, _T1, _FLAIR), 0.8)
    noise = np.random.default_rng(0).normal(0, 0.03, t1.shape)
    bright = np.where(scalp, 0.7, contrast)
    voxels: NDArray[Any] = (np.clip(bright + noise * (bright > 0.02), 0, 1) * 1000).astype(np.int16)
    return voxels


def ball(radius_mm: float, centre_mm: tuple[float, float, float]) -> NDArray[np.bool_]:
    """A ball in the template's grid."""
    voxels, affine = mni()
    index = np.stack(np.indices(voxels.shape), axis=-1).astype(float)
    points = index @ affine[:3, :3].T + affine[:3, 3]
    inside: NDArray[np.bool_] = ((points - np.array(centre_mm)) ** 2).sum(axis=-1) <= radius_mm**2
    return inside


def thick(every: int = THICKNESS) -> tuple[tuple[int, ...], NDArray[np.float64]]:
    """Shape and affine of a volume in the template's grid of which `nifti` keeps so many-th slices."""
    voxels, affine = mni()
    scaled = affine.copy()
    scaled[:3, 2] *= every
    return voxels[:, :, ::every].shape, scaled


def nifti(voxels: NDArray[Any], every: int = THICKNESS) -> bytes:
    """Voxels in the template's grid as .nii.gz: slices of 6 mm, as of a clinical FLAIR, are read soonest."""
    return phantoms.nifti(voxels[:, :, ::every], thick(every)[1])


def axial_png(voxels: NDArray[Any], k: int = 45) -> bytes:
    """One axial slice as a picture, front upwards, the patient's right on the left."""
    picture = voxels[::-1, ::-1, k].T.astype(float)
    return png(picture / max(1.0, picture.max()))


def png(picture: NDArray[Any]) -> bytes:
    """A picture in 0..1 as 8-bit grey PNG."""
    memory = io.BytesIO()
    Image.fromarray((np.clip(picture, 0, 1) * 255).astype(np.uint8)).save(memory, "PNG")
    return memory.getvalue()
