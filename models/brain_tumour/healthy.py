"""Heads without a tumour for `brain-tumour` to learn from, beside the empty slices of its volumes.

Contrast-enhanced T1 comes with a tumour in every slice. Where the tumour lies in one half of a head that
is symmetrical (an axial or coronal slice), the other half and its mirror image make a healthy head of the
same sequence and scanner. Collections of slices without a tumour (`training/*no_tumour*`) add others.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from data.labelled.collections import collected_files

NO_TUMOUR = "no_tumour"
"""In the name of the collections under `training/` that hold slices without a tumour."""
HEAD = 20
"""Grey value, of 255, above which a pixel belongs to the head."""
SIDEWAYS = 14
"""How many pixels the middle of the head may lie beside the middle of the picture."""
SYMMETRICAL = 0.8
"""Least correlation of a head's two halves, the tumour left out, for a mirrored half to pass for a head."""
SMOOTHED = 11
CLEARANCE = 3
"""Pixels between a tumour and the middle: what pushes tissue over the middle spoils both halves."""


def healthy_pictures(folder: Path) -> list[Path]:
    """Files of slices without a tumour that are there to be trained on; may be empty."""
    return [collected.file for collected in collected_files(folder) if NO_TUMOUR in collected.collection]


def mirrored_halves(images: Tensor, masks: Tensor) -> Tensor:
    """Healthy heads (m, 1, s, s) out of slices with a tumour, uint8 (n, 1, s, s), and their masks.

    m is the number of slices that are symmetrical and have their tumour in one half.
    """
    made = [_healed(image[0], mask[0]) for image, mask in zip(images, masks, strict=True)]
    return torch.cat([images[:0], *(head[None, None] for head in made if head is not None)])


def _healed(image: Tensor, mask: Tensor) -> Tensor | None:
    size = image.shape[-1]
    columns = mask.any(dim=0).nonzero()[:, 0]
    axis, likeness = _middle(_smooth(image), mask)
    if likeness < SYMMETRICAL or not len(columns):
        return None
    left, right = int(columns[0]), int(columns[-1])
    at = torch.arange(size)
    if 2 * right + 1 < axis - 2 * CLEARANCE:  # the right half is healthy
        source = torch.where(2 * at < axis, axis - at, at)
    elif 2 * left > axis + 2 * CLEARANCE:
        source = torch.where(2 * at > axis, axis - at, at)
    else:
        return None
    inside = (source >= 0) & (source < size)
    return torch.where(inside, image[:, source.clamp(0, size - 1)], 0)


def _middle(image: Tensor, mask: Tensor) -> tuple[int, float]:
    """The sum of mirrored columns (column c lies opposite sum - c), and how alike the halves are then."""
    size = image.shape[-1]
    best = (size - 1, -1.0)
    at = torch.arange(size)
    for axis in range(size - 1 - 2 * SIDEWAYS, size + 2 * SIDEWAYS):
        opposite = axis - at
        there = (opposite >= 0) & (opposite < size)
        mine, other = image[:, there], image[:, opposite[there]]
        sound = ~(mask[:, there] | mask[:, opposite[there]]) & ((mine > HEAD) | (other > HEAD))
        if int(sound.sum()) < size:
            continue
        likeness = float(torch.corrcoef(torch.stack([mine[sound], other[sound]]))[0, 1])
        best = max(best, (axis, likeness), key=lambda pair: pair[1])
    return best


def _smooth(image: Tensor) -> Tensor:
    """What is compared: halves of a head are alike in their large forms, not in every fold."""
    return functional.avg_pool2d(image.float()[None, None], SMOOTHED, stride=1, padding=SMOOTHED // 2)[0, 0]
