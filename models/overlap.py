"""How well two masks agree: overlap and distance of their surfaces."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from models.components import labelled

MaskArray = NDArray[np.bool_]


def dice(drawn: MaskArray, truth: MaskArray) -> float:
    """Overlap of two masks; two empty masks count as 1."""
    total = int(drawn.sum()) + int(truth.sum())
    return 2.0 * int(np.logical_and(drawn, truth).sum()) / total if total else 1.0


def false_components(drawn: MaskArray, truth: MaskArray) -> int:
    """How many pieces of `drawn`, connected over corners, touch nothing of the truth."""
    labels, sizes = labelled(drawn)
    return len(sizes) - len(np.unique(labels[truth & drawn]))


def hausdorff95(drawn: MaskArray, truth: MaskArray, spacing: tuple[float, float, float]) -> float | None:
    """95th percentile of surface distances both ways, in the units of `spacing`.

    None where one mask is empty and the other is not: there is no distance to nothing.
    """
    if not drawn.any() and not truth.any():
        return 0.0
    if not drawn.any() or not truth.any():
        return None
    ours, theirs = _surface(drawn), _surface(truth)
    to_theirs = ndimage.distance_transform_edt(~theirs, sampling=spacing)[ours]
    to_ours = ndimage.distance_transform_edt(~ours, sampling=spacing)[theirs]
    return float(np.percentile(np.concatenate([to_theirs, to_ours]), 95))


def _surface(mask: MaskArray) -> MaskArray:
    # Out of the picture counts as background, in-plane; a lone slice has no faces above or below.
    shape = np.ones((1, 3, 3)) if len(mask) == 1 else ndimage.generate_binary_structure(3, 1)
    outer: MaskArray = mask & ~ndimage.binary_erosion(mask, structure=shape)
    return outer
