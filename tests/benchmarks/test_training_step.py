"""What a training saves by the number format of `models.device.mixed_precision`, side by side in one run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models import tasks
from models.device import Device
from models.task import Task
from models.training import Metrics, Recipe, fit

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3600)]

ROUNDS = 5
BATCH = 8
FORMATS = {"bfloat16": {"avx512_bf16": True}, "float32": {}}


class _OneStep:
    """A training of a single step; the score is the time that its epoch took."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._pictures = torch.rand(BATCH, task.channels, task.input_size, task.input_size)
        self.files: list[Path] = []

    def network(self) -> nn.Module:
        return self._task.build()

    def epoch(self, generator: torch.Generator) -> Tensor:
        return torch.arange(BATCH)

    def batch(self, items: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        return self._pictures, self._pictures[:, :1]

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return outputs.square().mean()

    def validate(self, predict: Callable[[Tensor], Tensor]) -> Metrics:
        return {"score": 0.0}

    def scores(self, predict: Callable[[Tensor], Tensor]) -> dict[str, list[float]]:
        return {}

    def split(self) -> list[tuple[str, str, str]]:
        return []


class _Rates:
    """A run's log that keeps how many pictures a second were learnt from."""

    def __init__(self) -> None:
        self.each: list[float] = []

    def metrics(self, values: Metrics, epoch: int) -> None:
        self.each.append(values["images_per_second"])


@pytest.mark.parametrize("name", tasks.CLINICAL)
def test_a_step_of_training_in_either_format(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = Recipe(epochs=1, batch_size=BATCH, learning_rate=1e-4, size=tasks.ALL[name].input_size)
    rates = {words: _Rates() for words in FORMATS}
    for _ in range(ROUNDS):
        for words, features in FORMATS.items():
            monkeypatch.setattr(torch.cpu, "get_capabilities", lambda features=features: features)
            fit(_OneStep(tasks.ALL[name]), recipe, tmp_path / words, rates[words], Device("cpu"))
    took = {words: float(np.median(1 / np.array(log.each))) for words, log in rates.items()}
    print(
        f"\n{name}, a step of {BATCH}: {1000 * took['bfloat16']:.0f} ms a picture in bfloat16, "
        f"{1000 * took['float32']:.0f} in float32, {took['bfloat16'] / took['float32']:.2f} times"
    )
