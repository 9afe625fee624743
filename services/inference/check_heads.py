"""Heads that versions are checked on: made here, the same everywhere, of nobody.

No patient's picture may travel with the software. These are drawn from the MNI template with lesions whose
outline is known; how a network's answers move on them was held against real validation scans
(docs/engine.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from data.labelled import phantoms
from data.labelled.phantoms import Look, PhantomLesion
from data.labelled.poses import Grid
from models.task import Placement, Task, TaskKind

Voxel = TypeVar("Voxel", bound=np.generic)
SEED = 20261127
SLICES = 3
"""So many slices of a head are asked about: those where most of the lesion is."""
_GRID = Grid(24, 224, 224, 5.0, 1.0)


@dataclass(frozen=True)
class CheckCase:
    """Inputs (n, channels, size, size) of a few slices, where they lie, and what is lesion in them."""

    inputs: Tensor
    placement: Placement
    truth: NDArray[np.bool_]


def check_heads(task: Task, count: int, first: int = 0) -> Iterator[CheckCase]:
    """So many heads with a lesion each, from number `first` on, as a task's inputs."""
    for number in range(first, first + count):
        yield _case(task, number)


def _case(task: Task, number: int) -> CheckCase:
    generator = np.random.default_rng([SEED, number])
    lesion = PhantomLesion(
        volume_ml=float(np.exp(generator.uniform(np.log(1.5), np.log(60)))),
        brightness=generator.uniform(0.5, 0.9),
        core=float(generator.choice([0.0, 0.3])),
    )
    look = Look(
        noise=generator.uniform(0.01, 0.035),
        bias=generator.uniform(0.05, 0.15),
        blur=generator.uniform(0.4, 0.8),
        gain=1000,
        contrast=generator.uniform(0.9, 1.15),
    )
    head = phantoms.head(_GRID, look, lesion, generator)
    volume, mask = _displayed(head.voxels), _displayed(head.mask)
    first = _fullest(mask)
    chosen = slice(first, first + SLICES)
    if task.kind is not TaskKind.SEGMENTATION:
        inputs, placement = task.prepare(volume[chosen][1:2])
        return CheckCase(inputs, placement, mask[chosen][1:2])
    inputs, placement = task.prepare(volume)
    shape = (SLICES, *placement.shape[1:])
    return CheckCase(inputs[chosen], Placement(shape, placement.window), mask[chosen])


def _displayed(voxels: NDArray[Voxel]) -> NDArray[Voxel]:
    """(i, j, k) of a phantom as (slice, row, column), the nose up."""
    return np.ascontiguousarray(voxels.transpose(2, 1, 0)[:, ::-1])


def _fullest(mask: NDArray[np.bool_]) -> int:
    """The first of the slices in a row that hold most of a mask."""
    areas = mask.reshape(len(mask), -1).sum(axis=1)
    return int(np.convolve(areas, np.ones(SLICES), mode="valid").argmax())
