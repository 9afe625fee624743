"""Heads of nobody: the MNI brain as a scanner might have seen it, with lesions whose outline is known.

A phantom is drawn from an explicit generator: the same generator state gives the same voxels.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from data.labelled.anatomy import FloatArray, Mask, anatomy
from data.labelled.poses import Grid, Pose, Wave, axes_of, rotation

Box = tuple[slice, slice, slice]

MARK = "SYNTHETIC"
"""What everything that shows or names a phantom says."""


@dataclass(frozen=True)
class Look:
    """What a scanner makes of a head."""

    noise: float  # its standard deviation; the brightest lesion is 1
    bias: float  # spread of the logarithm of the coil's sensitivity over the head
    blur: float  # sigma in pixels
    gain: float  # the number that is stored for 1
    contrast: float = 1.0  # an exponent: above 1, tissues draw apart


@dataclass(frozen=True)
class PhantomLesion:
    """What is implanted; where in the white matter, the generator says."""

    volume_ml: float  # about: what would lie in fluid is left out
    brightness: float  # white matter is 0.38, grey matter 0.48
    core: float = 0.0  # how much darker its middle is
    tumour: bool = True  # else it only looks like one, and no mask holds it


@dataclass(frozen=True)
class Phantom:
    """Voxels (i, j, k) as a file keeps them, the affine to RAS mm, and what is lesion."""

    voxels: NDArray[np.int16]
    affine: NDArray[np.float64]
    mask: Mask


def head(grid: Grid, look: Look, lesion: PhantomLesion | None, generator: np.random.Generator) -> Phantom:
    """Somebody's head, with a lesion or without."""
    pose = Pose.drawn(generator)
    points = pose.points(grid)
    picture = _sampled(anatomy().signal, points)
    mask = np.zeros(grid.shape, dtype=np.bool_)
    if lesion is not None:
        _implant(picture, mask, grid, pose, points, lesion, generator)
    truth = mask if lesion is not None and lesion.tumour else np.zeros_like(mask)
    return Phantom(_acquired(picture, grid, look, generator), grid.affine, truth)


def static(grid: Grid, look: Look, generator: np.random.Generator) -> Phantom:
    """What a receiver hears without a patient: noise."""
    nothing = np.zeros(grid.shape, dtype=np.float32)
    louder = Look(0.2, 0.0, 0.0, look.gain)
    return Phantom(_acquired(nothing, grid, louder, generator), grid.affine, nothing > 0)


def blank(grid: Grid) -> Phantom:
    """A scan that was broken off before it began: one shade."""
    nothing = np.zeros(grid.shape, dtype=np.int16)
    return Phantom(nothing, grid.affine, nothing > 0)


def nifti(voxels: NDArray[Any], affine: NDArray[np.float64], says: str = "") -> bytes:
    """Voxels (i, j, k) as .nii.gz, the same bytes for the same voxels; `says` is its description."""
    image: Any = nib.Nifti1Image(voxels, affine)
    image.header.set_xyzt_units("mm")
    image.header["descrip"] = says.encode()
    return gzip.compress(image.to_bytes(), compresslevel=1, mtime=0)


def _sampled(volume: NDArray[np.uint8], points: FloatArray) -> FloatArray:
    """A volume 0..255 at points (3, ...), as 0..1; nothing lies outside it."""
    values = np.empty(points.shape[1:], dtype=np.float32)
    ndimage.map_coordinates(volume, points, output=values, order=1, mode="constant", prefilter=False)
    values /= 255
    return values


def _implant(
    picture: FloatArray,
    mask: Mask,
    grid: Grid,
    pose: Pose,
    points: FloatArray,
    lesion: PhantomLesion,
    generator: np.random.Generator,
) -> None:
    """Draw a lesion into `picture` and note it in `mask`, both (i, j, k)."""
    seat = generator.choice(anatomy().seats)
    radius = (lesion.volume_ml * 1000 * 3 / (4 * np.pi)) ** (1 / 3)
    stretch = generator.normal(0, 0.18, 3)
    radii = radius * np.exp(stretch - stretch.mean())
    box = _box(pose.voxel_in(seat, grid), 1.6 * radii.max() + 8, grid)
    near = points[:, *box]
    local = near - seat.reshape(3, 1, 1, 1).astype(np.float32)
    turned = np.tensordot(rotation(generator.uniform(0, np.pi, 3)) / radii[:, None], local, axes=1)
    depth = np.sqrt((turned**2).sum(axis=0)) + _ripple(turned, 0.09, generator)
    tissue = _sampled(anatomy().parenchyma, near)
    # Oedema fades out; a reader's outline holds most of it.
    inside = np.clip((1.2 - depth) / 0.55, 0, 1) * np.clip(1.5 * tissue, 0, 1)
    shade = lesion.brightness * (1 + _ripple(turned, 0.05, generator))
    shade -= lesion.core * np.clip((0.6 - depth) / 0.25, 0, 1)
    picture[box] += inside * (shade - picture[box])
    mask[box] = (depth < 1) & (tissue > 0.5)


def _box(centre: NDArray[np.float64], reach_mm: float, grid: Grid) -> Box:
    """The part of a grid within reach of a voxel."""
    first, second, third = (
        slice(max(0, int(c - reach_mm / step)), min(n, int(c + reach_mm / step) + 2))
        for c, n, step in zip(
            centre, grid.shape, (grid.pixel_mm, grid.pixel_mm, grid.slice_mm), strict=True
        )
    )  # fmt: skip
    return first, second, third


def _ripple(at: NDArray[np.float64], height: float, generator: np.random.Generator) -> NDArray[np.float64]:
    """A bumpy field over points (3, ...) that are about 1 apart."""
    total = np.zeros(at.shape[1:])
    for _ in range(3):
        direction, phase = generator.normal(0, 2.2, 3), generator.uniform(0, 2 * np.pi)
        total += height * np.cos(np.tensordot(direction, at, axes=1) + phase)
    return total


def _acquired(
    picture: FloatArray, grid: Grid, look: Look, generator: np.random.Generator
) -> NDArray[np.int16]:
    """What a scanner stores of a picture (i, j, k) in 0..1: its noise is Rician."""
    seen = np.clip(picture, 0, 1) ** np.float32(look.contrast)
    if look.bias:
        waves = [Wave.drawn(generator, look.bias, (180, 420)) for _ in range(3)]
        seen *= np.exp(sum((wave.over(axes_of(grid)) for wave in waves), np.float32(0)))
    if look.blur:
        seen = ndimage.gaussian_filter(seen, (look.blur, look.blur, 0))
    noise = generator.standard_normal((2, *grid.shape), dtype=np.float32) * np.float32(look.noise)
    measured: FloatArray = look.gain * np.hypot(seen + noise[0], noise[1])
    return np.clip(measured, 0, 32767).round().astype(np.int16)
