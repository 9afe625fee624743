"""Which lesions of two scans of one patient are the same: by overlap where they lie, then by nearness.

Places are compared in millimetres of the patient where both scans say how they lie, else by the share of the
picture. Nothing is registered: a head that was turned between the scans moves its lesions, which is why a
lesion that overlaps with none is still matched with a near one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from models.measuring import MAX_LESIONS

MaskArray = NDArray[np.bool_]
LabelArray = NDArray[np.int32]
FloatArray = NDArray[np.float64]
NEAR_MM = 15.0
_EVERY_NEIGHBOUR = np.ones((3, 3, 3), dtype=bool)


class MatchKind(StrEnum):
    """What became of lesions."""

    SAME = "same"
    NEW = "new"
    GONE = "gone"
    MERGED = "merged"  # several before are one now
    SPLIT = "split"  # one before is several now
    REGROUPED = "merged and split"


@dataclass(frozen=True)
class Match:
    """Lesions that belong together, by their places among the lesions as measured; either may be empty."""

    before: tuple[int, ...]
    after: tuple[int, ...]

    @property
    def kind(self) -> MatchKind:
        """What became of them."""
        if not self.before:
            return MatchKind.NEW
        if not self.after:
            return MatchKind.GONE
        if len(self.before) == len(self.after) == 1:
            return MatchKind.SAME
        if len(self.after) == 1:
            return MatchKind.MERGED
        return MatchKind.SPLIT if len(self.before) == 1 else MatchKind.REGROUPED


def numbered(mask: MaskArray) -> LabelArray:
    """The mask with lesion i, as `models.measuring.measure` lists them, as i + 1; those not listed are 0."""
    labels, count = ndimage.label(mask, structure=_EVERY_NEIGHBOUR)
    sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    numbers = np.zeros(count + 1, dtype=np.int32)
    largest_first = np.argsort(-sizes, kind="stable")[:MAX_LESIONS]
    numbers[largest_first + 1] = np.arange(1, len(largest_first) + 1)
    return np.asarray(numbers[labels], dtype=np.int32)


def mapping(
    shape: tuple[int, ...], affine: FloatArray | None, to_shape: tuple[int, ...], to_affine: FloatArray | None
) -> FloatArray:
    """The 4x4 matrix from indices (slice, row, column) of one scan to those of another one.

    By the patient's millimetres with both affines (display indices to RAS mm), else by shares of the axes.
    """
    if affine is not None and to_affine is not None:
        return np.asarray(np.linalg.inv(to_affine) @ affine)
    scale = np.array(to_shape, dtype=np.float64) / np.array(shape)
    made = np.diag([*scale, 1.0])
    made[:3, 3] = 0.5 * scale - 0.5  # the middle of the first voxel is half a voxel from the edge
    return made


def linked_slices(matrix: FloatArray, shape: tuple[int, ...], slices: int) -> list[int]:
    """For each slice of a scan of this shape the nearest of another scan's `slices`, by its middle."""
    middle = [(length - 1) / 2 for length in shape[1:]]
    points = np.array([[index, *middle, 1.0] for index in range(shape[0])])
    places = np.rint((points @ matrix.T)[:, 0])
    return [int(place) for place in np.clip(places, 0, slices - 1)]


def matched(
    before: LabelArray, after: LabelArray, to_after: FloatArray, spacing_mm: tuple[float, ...] | None
) -> list[Match]:
    """The lesions of two numbered masks in groups; `to_after` maps indices of the first to the second.

    `spacing_mm` of the second scan (slice, row, column) lets lesions without any overlap be matched with the
    nearest that has none either, centre to centre within NEAR_MM; None matches by overlap alone.
    """
    overlaps = _overlaps(before, after, to_after)
    back: FloatArray = np.asarray(np.linalg.inv(to_after), dtype=np.float64)
    overlaps |= {(ours, theirs) for theirs, ours in _overlaps(after, before, back)}
    counts = int(before.max(initial=0)), int(after.max(initial=0))
    if spacing_mm is not None:
        overlaps |= _near(before, after, to_after, np.array(spacing_mm), overlaps)
    return _groups(overlaps, *counts)


def _overlaps(labels: LabelArray, others: LabelArray, matrix: FloatArray) -> set[tuple[int, int]]:
    """(lesion of the first, lesion of the second), from 0, wherever a voxel of one lies in the other."""
    voxels = np.argwhere(labels)
    if not len(voxels):
        return set()
    places = np.rint(voxels @ matrix[:3, :3].T + matrix[:3, 3]).astype(np.int64)
    inside = np.all((places >= 0) & (places < others.shape), axis=1)
    own = labels[tuple(voxels[inside].T)]
    met = others[tuple(places[inside].T)]
    return {(int(ours) - 1, int(theirs) - 1) for ours, theirs in zip(own, met, strict=True) if theirs}


def _near(
    before: LabelArray,
    after: LabelArray,
    to_after: FloatArray,
    spacing_mm: FloatArray,
    overlaps: set[tuple[int, int]],
) -> set[tuple[int, int]]:
    """Pairs of lesions that overlap with nothing, the nearest pairs first, each lesion once."""
    ours = _centres(before, {pair[0] for pair in overlaps})
    theirs = _centres(after, {pair[1] for pair in overlaps})
    distances = sorted(
        (float(np.linalg.norm((to_after[:3, :3] @ place + to_after[:3, 3] - other) * spacing_mm)), old, new)
        for old, place in ours.items()
        for new, other in theirs.items()
    )
    pairs: set[tuple[int, int]] = set()
    for distance, old, new in distances:
        free = all(old != pair[0] and new != pair[1] for pair in pairs)
        if free and distance <= NEAR_MM:
            pairs.add((old, new))
    return pairs


def _centres(labels: LabelArray, without: set[int]) -> dict[int, FloatArray]:
    numbers = [number for number in range(int(labels.max(initial=0))) if number not in without]
    return {number: np.argwhere(labels == number + 1).mean(axis=0) for number in numbers}


def _groups(pairs: set[tuple[int, int]], before: int, after: int) -> list[Match]:
    """Lesions that are joined by pairs, however indirectly; the others each for themselves."""
    rows, columns = [old for old, _ in pairs], [before + new for _, new in pairs]
    size = before + after
    joined = np.eye(size, dtype=bool)
    joined[rows, columns] = joined[columns, rows] = True
    _, group = connected_components(csr_matrix(joined), directed=False)
    made: dict[int, Match] = {}
    for place in range(size):
        number = int(group[place])
        known = made.get(number, Match((), ()))
        if place < before:
            made[number] = Match((*known.before, place), known.after)
        else:
            made[number] = Match(known.before, (*known.after, place - before))
    return list(made.values())
