"""What an evaluation is made of: raw outputs of whole scans, estimates, and the cases behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.statistics.estimate import Estimate
from models.task import Decision

FloatArray = NDArray[np.float32]
Run = Callable[[Tensor], FloatArray]
BATCH = 32


@dataclass(frozen=True)
class Scored:
    """Truth and probability of all that a yes or no was asked of: what ROC and calibration show."""

    truth: list[bool]
    probability: list[float]
    threshold: float


@dataclass(frozen=True)
class Illustration:
    """One case as a picture (height, width), 8 bit grey, with what was drawn on it."""

    name: str
    caption: str
    picture: NDArray[np.uint8]
    truth: NDArray[np.bool_] | None = None
    drawn: NDArray[np.bool_] | None = None
    heat: FloatArray | None = None


@dataclass(frozen=True)
class Evaluation:
    """Figures with n and interval, subgroup figures, and every case, worst first."""

    figures: dict[str, Estimate]
    groups: dict[str, Estimate] = field(default_factory=dict)
    cases: list[dict[str, Any]] = field(default_factory=list)
    scored: Scored | None = None

    def plain(self) -> dict[str, Any]:
        """The same as JSON's own types; what is not defined is None."""
        return {
            "figures": {name: estimate.plain() for name, estimate in self.figures.items()},
            "groups": {name: estimate.plain() for name, estimate in self.groups.items()},
            "cases": self.cases,
            "scored": None if self.scored is None else asdict(self.scored),
        }


class Evaluator(Protocol):
    """A task's labelled cases with the network's raw outputs, ready to be judged."""

    def __init__(self, folder: Path, run: Run, fold: int | None) -> None:
        """Run every case of `folder`, or of one fold of it."""

    def calibrated(self) -> Decision:
        """The decision that these cases would choose; for validation data only."""

    def evaluated(self, decision: Decision) -> Evaluation:
        """What the cases come to under `decision`."""

    def illustrated(self, names: list[str], decision: Decision) -> Iterable[Illustration]:
        """The named cases as pictures; empty where a task has none to show."""


def runner(network: nn.Module, device: torch.device) -> Run:
    """A function from inputs (n, channels, s, s) to raw outputs, in float32 and in batches."""
    placed = network.to(device, memory_format=torch.channels_last).eval()  # type: ignore[call-overload]

    @torch.inference_mode()
    def run(inputs: Tensor) -> FloatArray:
        parts = [
            placed(part.to(device, memory_format=torch.channels_last)).float().cpu().numpy()
            for part in inputs.split(BATCH)
        ]
        return np.concatenate(parts)

    return run
