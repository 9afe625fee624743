"""Heads of nobody: the MNI brain as a scanner might have seen it, with lesions whose outline is known.

The template (ICBM 2009a symmetric; Fonov et al., NeuroImage 2011) ships in nilearn's wheel. A
phantom is drawn from an explicit generator: the same generator state gives the same voxels.
"""

from __future__ import annotations

import gzip
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
Box = tuple[slice, slice, slice]

MARK = "SYNTHETIC"
"""What everything that shows or names a phantom says."""

_FILES = "datasets/data/mni_icbm152_{tissue}_tal_nlin_sym_09a_converted.nii.gz"
_CENTRE_MM = (0.0, -17.0, 30.0)  # of a whole head, in the template

# As FLAIR shows them; 1 is the brightest lesion.
_WHITE_MATTER, _GREY_MATTER, _FLUID, _BONE, _SCALP = 0.38, 0.48, 0.10, 0.05, 0.72
_SKULL_BASE, _MOTTLED = 0.20, 0.22  # below the brain: sinuses, muscles, fat; mean and spread
# Distances from the brain at which fluid, bone and scalp end, in mm.
_FLUID_ENDS, _BONE_ENDS, _SCALP_ENDS = 2.0, 8.0, 14.0
_CLOSED_MM = 24.0  # a skull does not follow the brain into gaps narrower than twice this
_FACE_MM, _FACE_RADII_MM = (0.0, 4.0, -58.0), (62.0, 80.0, 62.0)


@dataclass(frozen=True)
class Grid:
    """A stack of axial slices, lengths in voxels and mm."""

    slices: int
    rows: int
    columns: int
    slice_mm: float
    pixel_mm: float

    @property
    def shape(self) -> tuple[int, int, int]:
        """(i, j, k): columns, rows, slices."""
        return self.columns, self.rows, self.slices

    @property
    def affine(self) -> NDArray[np.float64]:
        """Indices (i, j, k) to RAS mm: i runs to the patient's right to left, the centre is at 0."""
        steps = np.array([-self.pixel_mm, self.pixel_mm, self.slice_mm])
        affine = np.diag([*steps, 1.0])
        affine[:3, 3] = -steps * (np.array(self.shape) - 1) / 2
        return affine


@dataclass(frozen=True)
class Look:
    """What a scanner makes of a head."""

    noise: float  # its standard deviation; the brightest lesion is 1
    bias: float  # spread of the logarithm of the coil's sensitivity over the head
    blur: float  # sigma in pixels
    gain: float  # the number that is stored for 1
    contrast: float = 1.0  # an exponent: above 1, tissues draw apart


@dataclass(frozen=True)
class Lesion:
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


def template(tissue: str = "t1") -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The template's voxels (i, j, k), 0 to 255 at 1 mm, and its affine; `tissue` is t1, gm or wm."""
    # The file alone is wanted: importing nilearn takes seconds.
    found = importlib.util.find_spec("nilearn")
    assert found and found.submodule_search_locations
    image: Any = nib.load(Path(found.submodule_search_locations[0]) / _FILES.format(tissue=tissue))
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


def head(grid: Grid, look: Look, lesion: Lesion | None, generator: np.random.Generator) -> Phantom:
    """Somebody's head, with a lesion or without."""
    pose = _Pose.drawn(generator)
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


@dataclass(frozen=True)
class _Pose:
    """How a head lies in the scanner, and how its shape differs from the template's.

    A point of the patient in mm is `matrix @ point + shift` in the template, and then some waves
    further: each moves the points along one axis.
    """

    matrix: NDArray[np.float64]
    shift: NDArray[np.float64]
    waves: tuple[_Wave, ...]

    @classmethod
    def drawn(cls, generator: np.random.Generator) -> _Pose:
        angles = np.radians(generator.normal(0, (4.0, 2.5, 3.0)))
        # The template is larger than most heads.
        size = generator.normal(0.93, 0.03) * np.exp(generator.normal(0, 0.02, 3))
        shift = np.array(_CENTRE_MM) + generator.normal(0, 2.0, 3)
        waves = tuple(_Wave.drawn(generator, 2.5, (80, 170)) for _ in range(6))
        return cls(_rotation(angles) / size, shift, waves)

    def points(self, grid: Grid) -> FloatArray:
        """The template's voxels, (3, i, j, k), that the voxels of a grid lie at."""
        axes = _axes(grid)
        start = self.shift - anatomy().origin
        points = np.empty((3, *grid.shape), dtype=np.float32)
        for axis in range(3):  # plain floats, so that nothing large becomes double
            along = (float(self.matrix[axis, other]) * axes[other] for other in range(3))
            points[axis] = sum(along, float(start[axis]))
            for wave in self.waves[axis::3]:
                points[axis] += wave.over(axes)
        return points

    def found(self, voxel: NDArray[np.int64], grid: Grid) -> NDArray[np.float64]:
        """About where in the grid, in voxels, a voxel of the template lies."""
        mm = np.linalg.solve(self.matrix, voxel + anatomy().origin - self.shift)
        found: NDArray[np.float64] = np.linalg.solve(grid.affine, np.append(mm, 1.0))[:3]
        return found


@dataclass(frozen=True)
class _Wave:
    """A smooth field: the product of a cosine along each axis."""

    height: float
    per_mm: NDArray[np.float64]
    phases: NDArray[np.float64]

    @classmethod
    def drawn(cls, generator: np.random.Generator, height: float, lengths_mm: tuple[float, float]) -> _Wave:
        per_mm = 2 * np.pi / generator.uniform(*lengths_mm, 3)
        return cls(generator.normal(0, height), per_mm, generator.uniform(0, 2 * np.pi, 3))

    def over(self, axes: tuple[FloatArray, FloatArray, FloatArray]) -> FloatArray:
        """Its values on a grid with these axes."""
        lines = zip(axes, self.per_mm.tolist(), self.phases.tolist(), strict=True)
        x, y, z = (np.cos(line * per_mm + phase) for line, per_mm, phase in lines)
        field: FloatArray = self.height * x * y * z
        return field


def _axes(grid: Grid) -> tuple[FloatArray, FloatArray, FloatArray]:
    """RAS mm along i, j and k, shaped to be added up."""
    affine = grid.affine
    lines = [affine[a, a] * np.arange(n) + affine[a, 3] for a, n in enumerate(grid.shape)]
    x, y, z = (line.astype(np.float32) for line in lines)
    return x[:, None, None], y[None, :, None], z[None, None, :]


def _rotation(angles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Around x, then y, then z, by angles in radians."""
    whole = np.eye(3)
    for axis, angle in enumerate(angles):
        first, second = (axis + 1) % 3, (axis + 2) % 3
        turn = np.eye(3)
        turn[first, first] = turn[second, second] = np.cos(angle)
        turn[second, first] = np.sin(angle)
        turn[first, second] = -turn[second, first]
        whole = turn @ whole
    return whole


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
    pose: _Pose,
    points: FloatArray,
    lesion: Lesion,
    generator: np.random.Generator,
) -> None:
    """Draw a lesion into `picture` and note it in `mask`, both (i, j, k)."""
    seat = generator.choice(anatomy().seats)
    radius = (lesion.volume_ml * 1000 * 3 / (4 * np.pi)) ** (1 / 3)
    stretch = generator.normal(0, 0.18, 3)
    radii = radius * np.exp(stretch - stretch.mean())
    box = _box(pose.found(seat, grid), 1.6 * radii.max() + 8, grid)
    near = points[:, *box]
    local = near - seat.reshape(3, 1, 1, 1).astype(np.float32)
    turned = np.tensordot(_rotation(generator.uniform(0, np.pi, 3)) / radii[:, None], local, axes=1)
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
        waves = [_Wave.drawn(generator, look.bias, (180, 420)) for _ in range(3)]
        seen *= np.exp(sum((wave.over(_axes(grid)) for wave in waves), np.float32(0)))
    if look.blur:
        seen = ndimage.gaussian_filter(seen, (look.blur, look.blur, 0))
    noise = generator.standard_normal((2, *grid.shape), dtype=np.float32) * np.float32(look.noise)
    measured: FloatArray = look.gain * np.hypot(seen + noise[0], noise[1])
    return np.clip(measured, 0, 32767).round().astype(np.int16)
