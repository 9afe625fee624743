"""`brain-tumour`: from a scan to the network's slices, and from its logits to mask and presence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from data.records import BRAIN_TUMOUR, Spacing
from models.brain_tumour import network
from models.imaging import from_square, normalised, to_square
from models.measuring import without_specks
from models.task import Answer, Array, Decision, FloatArray, Kind, Task

PRESENCE_PIXELS = 32
"""A scan's presence is the mean of this many highest logits of its most suspicious slice."""


def inputs(volume: Array) -> Tensor:
    """(slices, height, width) of any scale -> (slices, 1, size, size) in [0, 1]."""
    return to_square(normalised(volume), network.INPUT_SIZE)


def presence_logit(logits: FloatArray) -> float:
    """One logit for "there is a tumour in this scan" out of (slices, 1, size, size)."""
    flat = logits.reshape(len(logits), -1)
    highest = np.partition(flat, -PRESENCE_PIXELS, axis=1)[:, -PRESENCE_PIXELS:]
    return float(highest.mean(axis=1).max())


def pixel_probability(logits: FloatArray, shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    """Logits (slices, 1, size, size) as probabilities 0..255 in the scan's grid."""
    full = from_square(torch.from_numpy(logits), *shape[1:])
    return (255 / (1 + np.exp(-np.clip(full, -30, 30)))).round().astype(np.uint8)


def drawn(pixels: NDArray[np.uint8], decision: Decision) -> NDArray[np.bool_]:
    """The mask that a decision draws of pixel probabilities 0..255 (slices, height, width)."""
    # The least size was chosen in the network's pixels; the scan's may be finer or coarser.
    scale = (max(pixels.shape[1:]) / network.INPUT_SIZE) ** 2
    return without_specks(
        pixels > round(255 * decision.pixel_threshold), round(decision.least_pixels * scale)
    )


def answer(logits: FloatArray, shape: tuple[int, int, int], spacing: Spacing, decision: Decision) -> Answer:
    """Presence, mask and pixel probabilities in the scan's own grid (slices, height, width)."""
    probability = decision.probability(presence_logit(logits))
    pixels = pixel_probability(logits, shape)
    mask = drawn(pixels, decision)
    positive = probability >= decision.threshold and bool(mask.any())
    if not positive:
        mask = np.zeros_like(mask)
    return Answer(probability, positive, mask=mask, pixel_probability=pixels)


def _unchanged(trained: nn.Module) -> nn.Module:
    return trained


TASK = Task(
    name=BRAIN_TUMOUR,
    title="Brain tumour segmentation",
    kind=Kind.SEGMENTATION,
    folder=Path(__file__).parent,
    input_size=network.INPUT_SIZE,
    preprocessing="percentiles 1 and 99.5 of the volume to 0..1, padded square, 192 px, bilinear",
    build=network.build,
    for_inference=_unchanged,
    inputs=inputs,
    answer=answer,
)
