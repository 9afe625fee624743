"""What a task is: the one shape that every network of the house comes in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from data.records import Doubt, KnownMistake, ScanHeader, Spacing, TaskWords
from models.encoders import Encoder
from models.imaging import Crop
from models.retraining import Layout

Array = NDArray[Any]
FloatArray = NDArray[np.float32]


class TaskKind(StrEnum):
    """What kind of answer a task gives."""

    SEGMENTATION = "segmentation"
    CLASSIFICATION = "classification"
    ROUTING = "routing"


@dataclass(frozen=True)
class Decision:
    """What was fixed on validation data and travels with the weights.

    `threshold` is on the scan's probability, after `temperature` and `bias`;
    `pixel_threshold` on a pixel's; pieces under `least_pixels` of the network's own input grid
    are dropped as specks, and pieces under `least_satellite` beside one ten times as large: a small piece
    alone may be all of a small tumour, beside a large one it seldom is any. `dice_estimate` weighs what an
    answer knows of its own doubt (`models.doubt`) into the Dice to be expected of its mask; None where a task
    draws no mask.
    `volume_shift` is taken off a volume's raw logit: the most suspicious of many slices is more
    suspicious than a lone one, whether or not there is anything.
    `certainty` is the surest that a probability may be, either way: what was never seen to be right more
    often than that must not be said as if it were.
    `presence` and `volume_presence` weigh what the outlines of a lone picture and of a volume show
    (`models.presence`) into the raw logit; None where the surest pixels alone are asked. `abnormal` is the
    probability from which something is said to be abnormal, though it does not reach `threshold`.
    """

    threshold: float
    temperature: float = 1.0
    bias: float = 0.0
    pixel_threshold: float = 0.5
    least_pixels: int = 0
    least_satellite: int = 0
    dice_estimate: tuple[float, ...] | None = None
    volume_shift: float = 0.0
    certainty: float = 1.0
    presence: tuple[float, ...] | None = None
    volume_presence: tuple[float, ...] | None = None
    abnormal: float | None = None

    def presence_weights(self, volume: bool) -> tuple[float, ...] | None:
        """What weighs the signs of a volume or of a lone picture; None where they are not asked."""
        return self.volume_presence if volume else self.presence

    def probability(self, logit: float, volume: bool = False) -> float:
        """The calibrated probability behind the raw logit of a lone picture or of a volume."""
        scaled = (logit - self.volume_shift * volume) / self.temperature + self.bias
        share = 1 / (1 + np.exp(-np.clip(scaled, -60, 60)))
        return float(0.5 + (2 * self.certainty - 1) * (share - 0.5))


@dataclass(frozen=True)
class Answer:
    """What a task says of one scan, in the scan's displayed grid.

    `positive` is the call at the threshold, also where `doubts` say why nobody should rely on it; a mask
    may be given then as a suggestion. `outside_distance` tells how far the picture's vector lies from
    those of the training set, 1 being the limit; None where that cannot be told.
    """

    probability: float
    positive: bool
    mask: NDArray[np.bool_] | None = None
    pixel_probability: NDArray[np.uint8] | None = None  # 0..255 stands for 0..1
    estimated_dice: float | None = None  # of the mask, where one was drawn
    heatmap: FloatArray | None = None  # (height, width), 0..1
    routes: dict[str, float] | None = None  # probability of each clinical task; routing only
    doubts: tuple[Doubt, ...] = ()
    outside_distance: float | None = None
    satellites: tuple[int, ...] = ()  # slices on which small pieces beside a larger one are not in the mask


@dataclass(frozen=True)
class Placement:
    """Where a network's square inputs lie in the scan they were made of."""

    shape: tuple[int, int, int]  # slices, height, width
    window: Crop | None = None  # the cut that became the square; None for the whole picture


@runtime_checkable
class Describing(Protocol):
    """A network that can tell how it sees a picture, out of the same pass as its answer.

    A task's network for inference may be one; where it is, its vectors are kept with the results and
    watched for drift.
    """

    def described(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Inputs (n, channels, size, size) -> the very outputs of `forward`, and vectors (n, d)."""


def as_trained(network: nn.Module) -> nn.Module:
    """The network as it is, for a task that reads by what it trained."""
    return network


@dataclass(frozen=True)
class Task:
    """A network with everything around it that a reading needs.

    `prepare` turns (slices, height, width) into inputs (n, channels, size, size) and their
    placement; `answer` turns the network's raw outputs of those n inputs, the placement, the
    scan's spacing and a decision into an `Answer`. `with_encoder` is `build` for tasks whose recipe has a
    choice of encoder. `admits` is for tasks whose pictures the gate's
    network never saw: it says by a file's header alone whether a scan is the task's. `finding`,
    `picture` and `body_part` are for pages, files and reports (`data.records.TaskWords`); without
    `finding` a task is called by its name. `known_misses` is what it was measured to miss, `known_mimics`
    what it was measured to take for its finding: people are told beside each answer that it found nothing,
    or something. `layout` writes reviewed scans as the labelled folder that its own trainer reads; without
    one there are no retraining packs of the task. `heat_map` is for a task whose answers' heat maps were
    measured to lie where the disease can be: pages draw no others.
    """

    name: str
    title: str
    kind: TaskKind
    folder: Path
    input_size: int
    preprocessing: str
    build: Callable[[], nn.Module]
    for_inference: Callable[[nn.Module], nn.Module]
    prepare: Callable[[Array], tuple[Tensor, Placement]]
    answer: Callable[[FloatArray, Placement, Spacing, Decision], Answer]
    with_encoder: Callable[[Encoder], nn.Module] | None = None
    channels: int = 1
    admits: Callable[[ScanHeader], bool] | None = None
    finding: str = ""
    picture: str = ""
    body_part: str = ""
    layout: Layout | None = None
    heat_map: bool = False
    known_misses: tuple[KnownMistake, ...] = ()
    known_mimics: tuple[KnownMistake, ...] = ()

    @property
    def words(self) -> TaskWords:
        """What people call it."""
        spoken = self.name.replace("-", " ")
        return TaskWords(
            name=self.name,
            label=spoken.capitalize(),
            finding=self.finding or spoken,
            picture=self.picture or f"a picture for {spoken}",
            body_part=self.body_part,
            draws_mask=self.kind is TaskKind.SEGMENTATION,
            heat_map=self.heat_map,
            known_misses=self.known_misses,
            known_mimics=self.known_mimics,
        )
