"""Display order: how a file's own array is turned for the eye, without resampling.

Radiological convention, as seen in the picture:

    plane     slices run             rows run             columns run
    axial     inferior to superior   anterior-posterior   right to left
    coronal   posterior to anterior  superior-inferior    right to left
    sagittal  right to left          superior-inferior    anterior-posterior

World axes are RAS: 0 grows towards the patient's right, 1 towards anterior, 2 towards superior.
"""

from __future__ import annotations

from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from data.records import SourceGrid, Spacing

Affine = NDArray[np.float64]

# Slice world axis -> for (slice, row, column): the world axis and whether it grows with the index.
_PLANES: dict[int, tuple[tuple[int, bool], tuple[int, bool], tuple[int, bool]]] = {
    2: ((2, True), (1, False), (0, False)),  # axial
    1: ((1, True), (2, False), (0, False)),  # coronal
    0: ((0, False), (2, False), (1, False)),  # sagittal
}
_COARSE = 1.5  # a slice spacing beyond this many in-plane spacings is an acquisition plane
_FEW_SLICES = 32  # a thin slab of fewer slices is looked at in its own plane
_THIN = 0.25
_SKEW = 1e-3  # cosine between axes that stand at right angles


def to_display(source: NDArray[Any], grid: SourceGrid) -> NDArray[Any]:
    """The file's own array (`grid.shape`) in display order (slice, row, column)."""
    return np.flip(np.transpose(source, grid.axes), grid.flips)


def to_source(displayed: NDArray[Any], grid: SourceGrid) -> NDArray[Any]:
    """An array in display order (slice, row, column) in the file's own order (`grid.shape`)."""
    return np.transpose(np.flip(displayed, grid.flips), np.argsort(grid.axes))


def source_index(point: tuple[float, float, float], grid: SourceGrid) -> tuple[float, float, float]:
    """Where in the file's own array a displayed (slice, row, column) lies, also between voxels."""
    placed = [0.0, 0.0, 0.0]
    for display_axis, source_axis in enumerate(grid.axes):
        value = point[display_axis]
        placed[source_axis] = grid.shape[source_axis] - 1 - value if display_axis in grid.flips else value
    return placed[0], placed[1], placed[2]


def display_shape(grid: SourceGrid) -> tuple[int, int, int]:
    """(slices, height, width) of the displayed array."""
    first, second, third = (grid.shape[axis] for axis in grid.axes)
    return first, second, third


def is_volume(grid: SourceGrid) -> bool:
    """Whether a mask of this grid is a volume's (NIfTI) and not one picture's (PNG)."""
    return grid.kind == "nifti" or grid.shape[grid.axes[0]] > 1


def display_affine(grid: SourceGrid) -> Affine | None:
    """The 4x4 affine from displayed (slice, row, column) to RAS mm; None without geometry."""
    if grid.affine is None:
        return None
    to_index = np.zeros((4, 4))
    to_index[3, 3] = 1.0
    for display_axis, source_axis in enumerate(grid.axes):
        flipped = display_axis in grid.flips
        to_index[source_axis, display_axis] = -1.0 if flipped else 1.0
        to_index[source_axis, 3] = grid.shape[source_axis] - 1 if flipped else 0
    return np.asarray(grid.affine, dtype=np.float64) @ to_index


def placed_affine(grid: SourceGrid) -> Affine | None:
    """The same where the file says how the patient lies; None elsewhere."""
    return display_affine(grid) if grid.placed else None


def placed_grid(
    kind: str,
    shape: tuple[int, int, int],
    affine: Affine,
    *,
    slice_axis: int | None = None,
    placed: bool = True,
) -> SourceGrid:
    """The grid of a volume whose `affine` maps source indices to RAS mm.

    `slice_axis` is the source axis that was acquired slice by slice, if the file tells; it is
    kept as the slicing axis where there is one slice only.
    """
    world: NDArray[np.float64] = nib.orientations.io_orientation(affine)
    slicing = slice_axis if slice_axis is not None and shape[slice_axis] == 1 else _slicing(shape, affine)
    # Without a plane of its own a volume is looked at axially.
    plane = _PLANES[2 if slicing is None else int(world[slicing, 0])]
    axes: list[int] = []
    flips: list[int] = []
    for display_axis, (world_axis, grows) in enumerate(plane):
        source_axis = int(np.flatnonzero(world[:, 0] == world_axis)[0])
        axes.append(source_axis)
        if (world[source_axis, 1] > 0) != grows:
            flips.append(display_axis)
    rows = tuple(tuple(float(value) for value in row) for row in affine)
    return SourceGrid(kind, shape, (axes[0], axes[1], axes[2]), tuple(flips), rows, placed)


def _slicing(shape: tuple[int, int, int], affine: Affine) -> int | None:
    """The source axis whose planes were acquired, None for a near-isotropic volume."""
    if 1 in shape:
        return shape.index(1)
    sizes = voxel_sizes(affine)
    coarsest = int(np.argmax(sizes))
    if sizes[coarsest] > _COARSE * np.sort(sizes)[1]:
        return coarsest
    fewest = int(np.argmin(shape))
    if shape[fewest] < _FEW_SLICES and shape[fewest] < _THIN * sorted(shape)[1]:
        return fewest
    return None


def voxel_sizes(affine: Affine) -> NDArray[np.float64]:
    """Distance in mm between neighbouring voxels along each of the three axes."""
    return np.asarray(np.sqrt((affine[:3, :3] ** 2).sum(axis=0)), dtype=np.float64)


def spacing_of(grid: SourceGrid) -> Spacing:
    """Spacing of the displayed array; unknown where the grid has no affine.

    The distance of slices is measured along their normal, and the distance of rows along the normal of
    columns, so that the product of the three is the volume of a voxel in a tilted or sheared grid too.
    """
    affine = display_affine(grid)
    if affine is None:
        return Spacing()
    slice_step, row_step, column_step = affine[:3, :3].T
    normal = np.cross(row_step, column_step)
    area, column_mm = float(np.linalg.norm(normal)), float(np.linalg.norm(column_step))
    distance = abs(float(slice_step @ normal)) / area
    return Spacing(distance, area / column_mm, column_mm)


def scaled(spacing: Spacing, factor: float) -> Spacing:
    """The same spacing, every known distance `factor` times as long."""
    known = (spacing.slice_mm, spacing.row_mm, spacing.column_mm)
    return Spacing(*(None if distance is None else distance * factor for distance in known))


def voxel_mm3(affine: Affine) -> float:
    """The volume of a voxel in mm3, whatever the angles of its sides."""
    return abs(float(np.linalg.det(affine[:3, :3])))


def right_angled(affine: Affine) -> bool:
    """Whether the three axes stand at right angles, up to what rounding does."""
    directions = affine[:3, :3] / voxel_sizes(affine)
    return bool(np.abs(directions.T @ directions - np.eye(3)).max() < _SKEW)


def usable(affine: Affine) -> bool:
    """Whether an affine is finite and maps different voxels to different points."""
    if affine.shape != (4, 4) or not np.isfinite(affine).all():
        return False
    sizes = voxel_sizes(affine)
    if not (sizes > 1e-6).all() or not (sizes < 1e6).all():
        return False
    return bool(abs(np.linalg.det(affine[:3, :3] / sizes)) > 1e-3)
