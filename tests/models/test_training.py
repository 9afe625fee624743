"""The training loop on a task small enough to learn in a second."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from models.training import BEST, CHECKPOINT, Metrics, Recipe, fit

RECIPE = Recipe(epochs=4, batch_size=8, learning_rate=0.05, size=8, averaging=0.5, checkpoint_every_s=0)


class _Stop(Exception):
    pass


class _Bright:
    """Tell bright pictures from dark ones."""

    def __init__(self, stop_in_epoch: int | None = None) -> None:
        self._images = torch.rand(64, 1, 8, 8, generator=torch.Generator().manual_seed(1))
        self._images[::2] *= 0.3
        self._stop_in_epoch = stop_in_epoch
        self._epochs = 0

    def network(self) -> nn.Module:
        return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 1))

    def epoch(self, generator: torch.Generator) -> Tensor:
        self._epochs += 1
        return torch.randperm(64, generator=generator)

    def batch(self, items: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        if self._stop_in_epoch == self._epochs and items.tolist()[0] % 2:
            raise _Stop
        noise = 0.05 * torch.randn(len(items), 1, 8, 8, generator=generator)
        return self._images[items] + noise, (items % 2).float()

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return nn.functional.binary_cross_entropy_with_logits(outputs[:, 0], targets)

    def validate(self, predict: Callable[[Tensor], Tensor]) -> Metrics:
        right = (predict(self._images)[:, 0] > 0) == (torch.arange(64) % 2).bool()
        return {"score": float(right.float().mean())}


class _Outlined:
    """Outline what is bright; what the network is shown is noted."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self._images = torch.rand(16, 1, 96, 96, generator=torch.Generator().manual_seed(1))

    def network(self) -> nn.Module:
        network = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 1, 1))
        network.register_forward_pre_hook(lambda _, shown: self.sizes.append(shown[0].shape[-1]))
        return network

    def epoch(self, generator: torch.Generator) -> Tensor:
        return torch.arange(16)

    def batch(self, items: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        images = self._images[items]
        return images, (images > 0.5).float()

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return nn.functional.binary_cross_entropy_with_logits(outputs, targets)

    def validate(self, predict: Callable[[Tensor], Tensor]) -> Metrics:
        right = (predict(self._images) > 0) == (self._images > 0.5)
        return {"score": float(right.float().mean())}


class _Log:
    def __init__(self) -> None:
        self.epochs: list[Metrics] = []

    def metrics(self, values: Metrics, epoch: int) -> None:
        self.epochs.append(values)


def _weights(folder: Path) -> dict[str, Tensor]:
    state: dict[str, Tensor] = torch.load(folder / BEST, weights_only=True)
    return state


def test_it_learns_and_tells_every_epoch(tmp_path: Path) -> None:
    log = _Log()
    fit(_Bright(), RECIPE, tmp_path, log, torch.device("cpu"))
    assert len(log.epochs) == 4
    assert log.epochs[-1]["score"] > 0.9
    assert {"loss", "learning_rate", "images_per_second"} <= set(log.epochs[0])


def test_the_same_seed_gives_the_same_weights(tmp_path: Path) -> None:
    for name in ("one", "two"):
        fit(_Bright(), RECIPE, tmp_path / name, _Log(), torch.device("cpu"))
    first, two = _weights(tmp_path / "one"), _weights(tmp_path / "two")
    assert all(torch.equal(first[name], two[name]) for name in first)


def test_a_killed_run_goes_on_to_the_same_place(tmp_path: Path) -> None:
    fit(_Bright(), RECIPE, tmp_path / "whole", _Log(), torch.device("cpu"))
    with pytest.raises(_Stop):
        fit(_Bright(stop_in_epoch=3), RECIPE, tmp_path / "killed", _Log(), torch.device("cpu"))
    assert (tmp_path / "killed" / CHECKPOINT).exists()
    log = _Log()
    fit(_Bright(), RECIPE, tmp_path / "killed", log, torch.device("cpu"), resume=True)
    assert len(log.epochs) == 2  # the first two were not done again
    whole, resumed = _weights(tmp_path / "whole"), _weights(tmp_path / "killed")
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_it_stops_when_nothing_gets_better(tmp_path: Path) -> None:
    recipe = Recipe(epochs=50, batch_size=8, learning_rate=0.05, size=8, averaging=0.5, patience=2)
    log = _Log()
    fit(_Bright(), recipe, tmp_path, log, torch.device("cpu"))
    assert len(log.epochs) < 50


def test_the_first_epochs_see_smaller_pictures_and_are_judged_on_whole_masks(tmp_path: Path) -> None:
    task, log = _Outlined(), _Log()
    recipe = Recipe(epochs=4, batch_size=16, learning_rate=0.05, size=96, averaging=0.0, small=0.5)
    fit(task, recipe, tmp_path, log, torch.device("cpu"))
    assert task.sizes == [64, 96, 64, 96, 96, 96, 96, 96]  # each epoch's one step, then its validation
    assert all(0 <= epoch["loss"] < 1 for epoch in log.epochs)
