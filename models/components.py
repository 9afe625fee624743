"""Connected components of a mask, 26-connected, in little memory.

A label takes four bytes a voxel, and counting labels eight: of a volume of half a millimetre that is more
than everything else a reading needs. So nothing is labelled outside the box around what is drawn, and where
that is large, a slab of slices at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

MaskArray = NDArray[np.bool_]
Labels = NDArray[np.int32]
Counts = NDArray[np.int64]

SLAB_VOXELS = 1 << 23
SATELLITE_SHARE = 0.1
"""A component under this share of the largest one of its mask lies beside a much larger one."""
_EVERY_NEIGHBOUR = np.ones((3, 3, 3), dtype=bool)
_COUNTED_AT_ONCE = 1 << 20


def box_of(mask: MaskArray) -> tuple[slice, slice, slice]:
    """The smallest box of (slices, rows, columns) that holds all of a mask; none of it for an empty one."""
    across = ((1, 2), (0, 2), (0, 1))
    slices, rows, columns = (_between(np.asarray(mask.any(axis=axes))) for axes in across)
    return slices, rows, columns


def labelled(mask: MaskArray) -> tuple[Labels, Counts]:
    """The component that each voxel belongs to, from 1 (0 for none), and how many voxels each has."""
    labels, count = ndimage.label(mask, structure=_EVERY_NEIGHBOUR)
    return labels, _sizes(labels, count)


@dataclass(frozen=True)
class Least:
    """How many voxels a component needs to be kept: any, and one beside another ten times as large."""

    voxels: int
    satellite: int = 0

    def keeps(self, sizes: NDArray[Any]) -> MaskArray:
        """Which of a mask's components, by the voxels of all of them (n,)."""
        beside_larger = sizes < SATELLITE_SHARE * sizes.max(initial=0)
        kept: MaskArray = sizes >= np.where(beside_larger, max(self.voxels, self.satellite), self.voxels)
        return kept


def without_specks(
    mask: MaskArray, least: Least, slab_voxels: int = SLAB_VOXELS
) -> tuple[MaskArray, MaskArray]:
    """The mask without connected components that are too small, and on which slices (n,) satellites went.

    A satellite is a component that would have been kept without a larger one beside it.
    """
    inside = box_of(mask)
    kept, satellites = np.zeros_like(mask), np.zeros(len(mask), dtype=bool)
    box, within, beside = mask[inside], kept[inside], satellites[inside[0]]
    if not box.size:
        return kept, satellites
    step = max(1, slab_voxels // max(1, box[:1].size))
    slabs = [slice(start, start + step) for start in range(0, len(box), step)]
    if len(slabs) == 1:
        labels, sizes = labelled(box)
        _sift(labels, sizes, least.keeps(sizes), least, within, beside)
        return kept, satellites
    for slab, sizes, kept_here in zip(slabs, *_wholes(box, slabs, least), strict=True):
        labels, _ = labelled(box[slab])
        _sift(labels, sizes, kept_here, least, within[slab], beside[slab])
    return kept, satellites


def _sift(
    labels: Labels, sizes: NDArray[Any], kept: MaskArray, least: Least, within: MaskArray, beside: MaskArray
) -> None:
    """Draw the kept components of a slab into `within`, and mark in `beside` where satellites went."""
    within[:] = np.append(False, kept)[labels]
    satellite = ~kept & (sizes >= least.voxels)
    if satellite.any():
        beside[:] = np.append(False, satellite)[labels].any(axis=(1, 2))


def _wholes(mask: MaskArray, slabs: list[slice], least: Least) -> tuple[list[NDArray[Any]], list[MaskArray]]:
    """Of each slab's components, the voxels of the whole that each is a part of, and whether that is kept."""
    sizes, faces = [], []
    for slab in slabs:
        labels, counts = labelled(mask[slab])
        sizes.append(counts)
        faces.append((labels[0].copy(), labels[-1].copy()))
    first = np.cumsum([0, *map(len, sizes)])  # the number of each slab's first component among all
    pairs = [
        _touching(above[1], below[0]) + first[number : number + 2] - 1
        for number, (above, below) in enumerate(pairwise(faces))
    ]
    joined = np.concatenate([np.empty((0, 2), dtype=np.int64), *pairs])
    graph = coo_array((np.ones(len(joined)), (joined[:, 0], joined[:, 1])), shape=(first[-1], first[-1]))
    count, whole = connected_components(graph, directed=False)
    totals = np.bincount(whole, weights=np.concatenate(sizes), minlength=count)
    return np.split(totals[whole], first[1:-1]), np.split(least.keeps(totals)[whole], first[1:-1])


def _touching(above: Labels, below: Labels) -> Counts:
    """Which labels of two neighbouring slices touch, (n, 2)."""
    padded = np.pad(below, 1)
    rows, columns = np.nonzero(above)
    here = above[rows, columns]
    pairs = [
        np.unique(np.stack([here, padded[rows + down, columns + right]], axis=1), axis=0)
        for down, right in product(range(3), range(3))
    ]
    touching = np.concatenate(pairs).astype(np.int64)
    return touching[touching[:, 1] > 0]


def _sizes(labels: Labels, count: int) -> Counts:
    flat = labels.reshape(-1)
    sizes = np.zeros(count + 1, dtype=np.int64)
    for start in range(0, flat.size, _COUNTED_AT_ONCE):
        sizes += np.bincount(flat[start : start + _COUNTED_AT_ONCE], minlength=count + 1)
    return sizes[1:]


def _between(touched: MaskArray) -> slice:
    places = np.flatnonzero(touched)
    return slice(int(places[0]), int(places[-1]) + 1) if places.size else slice(0, 0)
