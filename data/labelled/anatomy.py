"""The head that all phantoms share: the MNI brain as FLAIR shows it, in a skull with skin around it.

The template (ICBM 2009a symmetric; Fonov et al., NeuroImage 2011) ships in nilearn's wheel.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

FloatArray = NDArray[np.float32]
Mask = NDArray[np.bool_]

_FILES = "datasets/data/mni_icbm152_{tissue}_tal_nlin_sym_09a_converted.nii.gz"

# As FLAIR shows them; 1 is the brightest lesion.
_WHITE_MATTER, _GREY_MATTER, _FLUID, _BONE, _SCALP = 0.38, 0.48, 0.10, 0.05, 0.72
_SKULL_BASE, _MOTTLED = 0.20, 0.22  # below the brain: sinuses, muscles, fat; mean and spread
# Distances from the brain at which fluid, bone and scalp end, in mm.
_FLUID_ENDS, _BONE_ENDS, _SCALP_ENDS = 2.0, 8.0, 14.0
_CLOSED_MM = 24.0  # a skull does not follow the brain into gaps narrower than twice this
_FACE_MM, _FACE_RADII_MM = (0.0, 4.0, -58.0), (62.0, 80.0, 62.0)


def template(tissue: str = "t1") -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The template's voxels (i, j, k), 0 to 255 at 1 mm, and its affine; `tissue` is t1, gm or wm."""
    # The file alone is wanted: importing nilearn takes seconds.
    package = importlib.util.find_spec("nilearn")
    assert package and package.submodule_search_locations
    image: Any = nib.load(Path(package.submodule_search_locations[0]) / _FILES.format(tissue=tissue))
    return np.asarray(image.dataobj, dtype=np.uint8), np.asarray(image.affine, dtype=np.float64)


@dataclass(frozen=True)
class Anatomy:
    """The template as FLAIR would show it, in voxels of 1 mm; `origin` is where the first one lies."""

    signal: NDArray[np.uint8]
    parenchyma: NDArray[np.uint8]
    seats: NDArray[np.int64]  # (n, 3): voxels in the white matter where a lesion may begin
    origin: NDArray[np.float64]


@lru_cache(maxsize=1)
def anatomy() -> Anatomy:
    """The anatomy that all phantoms share; made once, which takes a few seconds."""
    brain, affine = template("t1")
    grey, white = (template(tissue)[0].astype(np.float32) / 255 for tissue in ("gm", "wm"))
    tissue: FloatArray = np.clip(grey + white, 0, 1)
    signal = _WHITE_MATTER * white + _GREY_MATTER * grey + _FLUID * (1 - tissue)
    whole: FloatArray = np.where(brain > 0, signal, _around(brain > 0, affine[:3, 3])).astype(np.float32)
    whole = ndimage.gaussian_filter(whole, (0.6, 0.6, 1.3))
    deep = ndimage.minimum_filter(white, 5) > 0.6
    seats = np.argwhere(deep)
    height_mm = seats[:, 2] + affine[2, 3]
    seats = seats[(height_mm > -25) & (height_mm < 55)]
    return Anatomy(_bytes(whole), _bytes(tissue), seats[::7], affine[:3, 3].copy())


def _around(brain: Mask, origin: NDArray[np.float64]) -> FloatArray:
    """Fluid, bone and scalp by their distance from brain and face, their gaps closed."""
    margin = int(_CLOSED_MM)  # so that closing meets no border
    small = np.pad(brain[::2, ::2, ::2], margin)
    filled = small | _face(small.shape, origin - 2 * margin)
    closed = ndimage.distance_transform_edt(~filled) * 2 < _CLOSED_MM
    closed = (ndimage.distance_transform_edt(closed) * 2 > _CLOSED_MM) | filled
    away = ndimage.distance_transform_edt(~small) * 2
    outside = ndimage.distance_transform_edt(~closed) * 2
    base = ndimage.distance_transform_edt(closed) * 2 > _FLUID_ENDS
    shades = np.array([_FLUID, _BONE, _SCALP, 0.0], dtype=np.float32)
    coarse = shades[np.digitize(outside, [_FLUID_ENDS, _BONE_ENDS, _SCALP_ENDS])]
    mottled = ndimage.gaussian_filter(np.random.default_rng(0).standard_normal(small.shape), 2.0)
    mottled *= _MOTTLED / mottled.std()
    coarse = np.where(base & (away > _FLUID_ENDS), np.clip(_SKULL_BASE + mottled, 0.02, 0.9), coarse)
    coarse = coarse[margin:-margin, margin:-margin, margin:-margin]
    zoom = [fine / rough for fine, rough in zip(brain.shape, coarse.shape, strict=True)]
    around: FloatArray = ndimage.zoom(coarse, zoom, order=1)
    return around


def _face(shape: tuple[int, ...], origin: NDArray[np.float64]) -> Mask:
    """An ellipsoid below and before the brain, in voxels of 2 mm."""
    mm = (start + 2 * np.arange(n) for start, n in zip(origin, shape, strict=True))
    parts = zip(mm, _FACE_MM, _FACE_RADII_MM, strict=True)
    x, y, z = (((line - centre) / radius) ** 2 for line, centre, radius in parts)
    inside: Mask = x[:, None, None] + y[None, :, None] + z[None, None, :] < 1
    return inside


def _bytes(values: FloatArray) -> NDArray[np.uint8]:
    return (np.clip(values, 0, 1) * 255).round().astype(np.uint8)
