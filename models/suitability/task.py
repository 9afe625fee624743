"""`suitability`: from a scan to a few of its slices, and from three logits to a route."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from torch import Tensor

from data.records import BRAIN_TUMOUR, PNEUMONIA, Spacing
from models.imaging import normalised, to_square
from models.suitability import network
from models.task import Answer, Array, Decision, FloatArray, Placement, Task, TaskKind, as_trained

ROUTES: tuple[str | None, ...] = (BRAIN_TUMOUR, PNEUMONIA, None)
SLICES = 9
MIDDLE = (0.25, 0.8)
"""The share of a volume, bottom to top, that must look right: its ends hold neck or nothing."""


def prepare(volume: Array) -> tuple[Tensor, Placement]:
    """Up to nine slices from the middle of (slices, height, width) -> (n, 1, size, size)."""
    shape = (len(volume), int(volume.shape[1]), int(volume.shape[2]))
    return to_square(normalised(middle_slices(volume)), network.INPUT_SIZE), Placement(shape)


def middle_slices(volume: Array) -> Array:
    """Up to nine slices (n, height, width) from the middle of a volume, evenly spread."""
    first, last = (round(share * (len(volume) - 1)) for share in MIDDLE)
    chosen: Array = volume[np.unique(np.linspace(first, last, SLICES).round().astype(int))]
    return chosen


def route_probabilities(logits: FloatArray) -> FloatArray:
    """(slices, 3) logits -> mean probability of each of ROUTES."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    mean: FloatArray = (shifted / shifted.sum(axis=1, keepdims=True)).mean(axis=0)
    return mean


def answer(logits: FloatArray, placement: Placement, spacing: Spacing, decision: Decision) -> Answer:
    """How likely each clinical route is; `positive` where one is likely enough to be followed."""
    probabilities = route_probabilities(logits)
    routes = {route: float(p) for route, p in zip(ROUTES, probabilities, strict=True) if route}
    best = max(routes.values())
    return Answer(best, best >= decision.threshold, routes=routes)


TASK = Task(
    name="suitability",
    title="Suitability of the input",
    kind=TaskKind.ROUTING,
    folder=Path(__file__).parent,
    input_size=network.INPUT_SIZE,
    preprocessing="nine middle slices, percentiles 1 and 99.5 to 0..1, padded square, 112 px",
    build=network.build,
    for_inference=as_trained,
    prepare=prepare,
    answer=answer,
)
