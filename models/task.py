"""What a task is: the one shape that every network of the house comes in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from data.records import Spacing

Array = NDArray[Any]
FloatArray = NDArray[np.float32]


class Kind(StrEnum):
    """What kind of answer a task gives."""

    SEGMENTATION = "segmentation"
    CLASSIFICATION = "classification"
    ROUTING = "routing"


@dataclass(frozen=True)
class Decision:
    """What was fixed on validation data and travels with the weights.

    `threshold` is on the scan's probability, after `temperature` and `bias`;
    `pixel_threshold` on a pixel's; pieces under `least_pixels` of the network's own input grid
    are dropped as specks.
    """

    threshold: float
    temperature: float = 1.0
    bias: float = 0.0
    pixel_threshold: float = 0.5
    least_pixels: int = 0

    def probability(self, logit: float) -> float:
        """The calibrated probability behind a scan's raw logit."""
        scaled = logit / self.temperature + self.bias
        return float(1 / (1 + np.exp(-np.clip(scaled, -60, 60))))


@dataclass(frozen=True)
class Answer:
    """What a task says of one scan, in the scan's displayed grid."""

    probability: float
    positive: bool
    mask: NDArray[np.bool_] | None = None
    pixel_probability: NDArray[np.uint8] | None = None  # 0..255 stands for 0..1
    heatmap: FloatArray | None = None  # (height, width), 0..1
    routes: dict[str, float] | None = None  # probability of each clinical task; routing only


@dataclass(frozen=True)
class Task:
    """A network with everything around it that a reading needs.

    `inputs` turns (slices, height, width) into (n, 1, size, size); `answer` turns the network's
    raw outputs of those n inputs, the scan's shape and spacing, and a decision into an `Answer`.
    """

    name: str
    title: str
    kind: Kind
    folder: Path
    input_size: int
    preprocessing: str
    build: Callable[[], nn.Module]
    for_inference: Callable[[nn.Module], nn.Module]
    inputs: Callable[[Array], Tensor]
    answer: Callable[[FloatArray, tuple[int, int, int], Spacing, Decision], Answer]
