"""From a mask to what a clinician reads off it: lesions, boxes, diameters, volumes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import ConvexHull, QhullError
from scipy.spatial.distance import cdist

from data.records import Box, Lesion, Measurements, Spacing
from models.components import box_of, labelled
from models.extents import craniocaudal_extent, maximum_3d_diameter, voxel_steps

MaskArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
Ends = tuple[tuple[float, float], tuple[float, float]]

MAX_LESIONS = 50
# A pixel's extent is carried by the midpoints of its edges: n pixels in a row measure n pixels.
_EDGES = np.array([(-0.5, 0.0), (0.5, 0.0), (0.0, -0.5), (0.0, 0.5)])


def measure(mask: MaskArray, spacing: Spacing, affine: FloatArray | None = None) -> Measurements:
    """Measurements of `mask` (slices, rows, columns); lesions are 26-connected, largest first.

    `affine` maps (slice, row, column) to RAS mm and gives the positions and the extent from head to foot;
    None where it is unknown how the patient lies. Without spacing the millimetre fields are None and only
    the pixel fields are set.
    """
    inside = box_of(mask)
    labels, sizes = labelled(mask[inside])
    places = ndimage.find_objects(labels) if sizes.size else []
    largest_first = np.argsort(-sizes, kind="stable")[:MAX_LESIONS]
    lesions = tuple(
        _lesion(labels[places[index]] == index + 1, _shifted_place(places[index], inside), spacing, affine)
        for index in largest_first
    )
    voxels = int(sizes.sum())
    return Measurements(
        voxels=voxels,
        volume_ml=_volume(voxels, spacing),
        slices_touched=int(mask.any(axis=(1, 2)).sum()),
        touches_border=touches_border(mask),
        lesions=lesions,
    )


def lesion_labels(mask: MaskArray) -> NDArray[np.int32]:
    """The number of the lesion that each voxel belongs to, as `measure` lists them, from 1; 0 for none."""
    inside = box_of(mask)
    labels, sizes = labelled(mask[inside])
    numbers = np.zeros(len(sizes) + 1, dtype=np.int32)
    numbers[1 + np.argsort(-sizes, kind="stable")] = np.arange(1, len(sizes) + 1)
    numbered = np.zeros(mask.shape, dtype=np.int32)
    numbered[inside] = numbers[labels]
    return numbered


def touches_border(mask: MaskArray) -> bool:
    """Whether the mask reaches the edge of what was scanned, so that it may go on beyond."""
    if mask[:, 0].any() or mask[:, -1].any() or mask[:, :, 0].any() or mask[:, :, -1].any():
        return True
    return len(mask) > 1 and bool(mask[0].any() or mask[-1].any())


def diameters(mask: MaskArray, row_mm: float, column_mm: float) -> tuple[float, float, Ends, Ends]:
    """Longest diameter of a 2-D mask, the longest one perpendicular to it, and their ends.

    Lengths are in the units of `row_mm` and `column_mm`, ends are (row, column) indices. The
    pair is the bidimensional measure of RANO (Wen et al., J Clin Oncol 2010), taken on the
    convex hull.
    """
    scale = np.array([row_mm, column_mm])
    hull = _hull(np.argwhere(mask), scale)
    distance = cdist(hull, hull)
    first, second = np.unravel_index(int(distance.argmax()), distance.shape)
    start, end = hull[first], hull[second]
    longest = float(distance[first, second])
    direction = (end - start) / longest
    across = np.array([-direction[1], direction[0]])
    near, far = _longest_chord(hull, across)
    return (
        longest,
        float(np.linalg.norm(far - near)),
        (_index(start, scale), _index(end, scale)),
        (_index(near, scale), _index(far, scale)),
    )


def _lesion(mask: MaskArray, place: tuple[slice, ...], spacing: Spacing, affine: FloatArray | None) -> Lesion:
    origin = np.array([axis.start for axis in place])
    areas = mask.sum(axis=(1, 2))
    largest = int(areas.argmax())
    in_plane = spacing.in_plane
    longest_px, across_px, longest_ends, across_ends = diameters(mask[largest], 1.0, 1.0)
    longest_mm = across_mm = None
    if in_plane:
        longest_mm, across_mm, longest_ends, across_ends = diameters(mask[largest], *in_plane)
    centroid = np.argwhere(mask).mean(axis=0) + origin
    lesion = Lesion(
        box=_box(place),
        voxels=int(mask.sum()),
        volume_ml=_volume(int(mask.sum()), spacing),
        area_mm2=float(areas[largest]) * in_plane[0] * in_plane[1] if in_plane else None,
        longest_diameter_mm=longest_mm,
        perpendicular_diameter_mm=across_mm,
        longest_diameter_px=longest_px,
        perpendicular_diameter_px=across_px,
        largest_slice=largest + int(origin[0]),
        centroid=_triple(centroid),
        position_mm=None if affine is None else _triple(affine[:3, :3] @ centroid + affine[:3, 3]),
        longest_ends=_shifted(longest_ends, origin),
        perpendicular_ends=_shifted(across_ends, origin),
    )
    return _with_extents(lesion, mask, origin, spacing, affine)


def _with_extents(
    lesion: Lesion, mask: MaskArray, origin: NDArray[np.int64], spacing: Spacing, affine: FloatArray | None
) -> Lesion:
    steps = voxel_steps(spacing, affine)
    if steps is None:
        return lesion
    longest, (start, end) = maximum_3d_diameter(mask, steps)
    return replace(
        lesion,
        maximum_3d_diameter_mm=longest,
        maximum_3d_ends=(_triple(np.add(start, origin)), _triple(np.add(end, origin))),
        craniocaudal_mm=None if affine is None else craniocaudal_extent(mask, steps),
    )


def _shifted_place(place: tuple[slice, ...], inside: tuple[slice, ...]) -> tuple[slice, ...]:
    return tuple(
        slice(axis.start + origin.start, axis.stop + origin.start)
        for axis, origin in zip(place, inside, strict=True)
    )


def _box(place: tuple[slice, ...]) -> Box:
    first_last = [(int(axis.start), int(axis.stop) - 1) for axis in place]
    return Box(slices=first_last[0], rows=first_last[1], columns=first_last[2])


def _volume(voxels: int, spacing: Spacing) -> float | None:
    return None if spacing.voxel_ml is None else voxels * spacing.voxel_ml


def _hull(pixels: NDArray[np.int64], scale: FloatArray) -> FloatArray:
    """Vertices, in order, of the convex hull around the edges of `pixels`, scaled to length."""
    points: FloatArray = ((pixels[:, None, :] + _EDGES[None]).reshape(-1, 2)) * scale
    try:
        vertices: FloatArray = points[ConvexHull(points).vertices]
    except QhullError:  # cannot happen with four midpoints a pixel unless a spacing is zero
        return points
    return vertices


def _longest_chord(hull: FloatArray, direction: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Ends of the hull's longest chord along `direction`; on a convex shape it meets a vertex."""
    along = np.array([direction[1], -direction[0]])
    best = (hull[0], hull[0])
    for vertex in hull:
        crossings = _crossings(hull, float(vertex @ along), along)
        if len(crossings) < 2:
            continue
        reach = crossings @ direction
        ends = crossings[reach.argmin()], crossings[reach.argmax()]
        if np.ptp(reach) > np.linalg.norm(best[1] - best[0]):
            best = ends
    return best


def _crossings(hull: FloatArray, level: float, along: FloatArray) -> FloatArray:
    """Points where the hull's outline meets the line {p : p @ along = level}."""
    here, there = hull, np.roll(hull, -1, axis=0)
    near, far = here @ along - level, there @ along - level
    meets = (near * far <= 1e-12) & (np.abs(near - far) > 1e-12)
    share = (near[meets] / (near[meets] - far[meets]))[:, None]
    points: FloatArray = here[meets] + share * (there[meets] - here[meets])
    return points


def _index(point: FloatArray, scale: FloatArray) -> tuple[float, float]:
    return float(point[0] / scale[0]), float(point[1] / scale[1])


def _shifted(ends: Ends, origin: NDArray[np.int64]) -> Ends:
    (r0, c0), (r1, c1) = ends
    row, column = float(origin[1]), float(origin[2])
    return (r0 + row, c0 + column), (r1 + row, c1 + column)


def _triple(values: FloatArray) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])
