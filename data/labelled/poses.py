"""How a head lies in the scanner's grid, and smooth fields over that grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.labelled.anatomy import FloatArray, anatomy

_CENTRE_MM = (0.0, -17.0, 30.0)  # of a whole head, in the template


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
class Pose:
    """How a head lies in the scanner, and how its shape differs from the template's.

    A point of the patient in mm is `matrix @ point + shift` in the template, and then some waves
    further: each moves the points along one axis.
    """

    matrix: NDArray[np.float64]
    shift: NDArray[np.float64]
    waves: tuple[Wave, ...]

    @classmethod
    def drawn(cls, generator: np.random.Generator) -> Pose:
        """Any that a patient may be in."""
        angles = np.radians(generator.normal(0, (4.0, 2.5, 3.0)))
        # The template is larger than most heads.
        size = generator.normal(0.93, 0.03) * np.exp(generator.normal(0, 0.02, 3))
        shift = np.array(_CENTRE_MM) + generator.normal(0, 2.0, 3)
        waves = tuple(Wave.drawn(generator, 2.5, (80, 170)) for _ in range(6))
        return cls(rotation(angles) / size, shift, waves)

    def points(self, grid: Grid) -> FloatArray:
        """The template's voxels, (3, i, j, k), that the voxels of a grid lie at."""
        axes = axes_of(grid)
        start = self.shift - anatomy().origin
        points = np.empty((3, *grid.shape), dtype=np.float32)
        for axis in range(3):  # plain floats, so that nothing large becomes double
            along = (float(self.matrix[axis, other]) * axes[other] for other in range(3))
            points[axis] = sum(along, float(start[axis]))
            for wave in self.waves[axis::3]:
                points[axis] += wave.over(axes)
        return points

    def voxel_in(self, voxel: NDArray[np.int64], grid: Grid) -> NDArray[np.float64]:
        """About where in the grid, in voxels, a voxel of the template lies."""
        mm = np.linalg.solve(self.matrix, voxel + anatomy().origin - self.shift)
        place: NDArray[np.float64] = np.linalg.solve(grid.affine, np.append(mm, 1.0))[:3]
        return place


@dataclass(frozen=True)
class Wave:
    """A smooth field: the product of a cosine along each axis."""

    height: float
    per_mm: NDArray[np.float64]
    phases: NDArray[np.float64]

    @classmethod
    def drawn(cls, generator: np.random.Generator, height: float, lengths_mm: tuple[float, float]) -> Wave:
        """Any, its heights spread by `height`, its lengths along each axis between two."""
        per_mm = 2 * np.pi / generator.uniform(*lengths_mm, 3)
        return cls(generator.normal(0, height), per_mm, generator.uniform(0, 2 * np.pi, 3))

    def over(self, axes: tuple[FloatArray, FloatArray, FloatArray]) -> FloatArray:
        """Its values on a grid with these axes."""
        by_axis = zip(axes, self.per_mm.tolist(), self.phases.tolist(), strict=True)
        x, y, z = (np.cos(axis * per_mm + phase) for axis, per_mm, phase in by_axis)
        field: FloatArray = self.height * x * y * z
        return field


def axes_of(grid: Grid) -> tuple[FloatArray, FloatArray, FloatArray]:
    """RAS mm along i, j and k, shaped to be added up."""
    affine = grid.affine
    coordinates = [affine[a, a] * np.arange(n) + affine[a, 3] for a, n in enumerate(grid.shape)]
    x, y, z = (axis.astype(np.float32) for axis in coordinates)
    return x[:, None, None], y[None, :, None], z[None, None, :]


def rotation(angles: NDArray[np.float64]) -> NDArray[np.float64]:
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
