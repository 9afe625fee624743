"""The training loop that every task shares.

A task says what a network is, what a batch is, what the loss is and how it is validated
(`Trainable`); the loop does epochs, mixed precision, weight averaging, checkpoints, resuming
and early stopping. Order of batches and every augmentation are functions of (seed, epoch,
step), so a run resumed from a checkpoint goes on as if it had never stopped.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from tqdm import tqdm

Metrics = dict[str, float]
CHECKPOINT = "checkpoint.pt"
BEST = "best.pt"


@dataclass(frozen=True)
class Recipe:
    """What a run is set to do."""

    epochs: int
    batch_size: int
    learning_rate: float
    size: int
    weight_decay: float = 0.01
    warmup: float = 0.05
    averaging: float = 0.995
    patience: int = 8
    seed: int = 20261120
    checkpoint_every_s: float = 180.0


class Trainable(Protocol):
    """What the loop needs to know of a task."""

    def network(self) -> nn.Module:
        """A freshly initialised network."""

    def epoch(self, generator: torch.Generator) -> Tensor:
        """The item numbers that one epoch goes through, in order."""

    def batch(self, items: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Augmented inputs and their targets."""

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """A scalar to minimise."""

    def validate(self, predict: Callable[[Tensor], Tensor]) -> Metrics:
        """Metrics on the validation fold; `score` is the one that chooses the best epoch."""


class RunLog(Protocol):
    """Where a run reports itself."""

    def parameters(self, values: Mapping[str, Any]) -> None:
        """What the run was set to do."""

    def metrics(self, values: Metrics, epoch: int) -> None:
        """What an epoch came to."""


class Averaged:
    """Exponential moving average of a network's weights and buffers."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.state = {name: value.detach().clone() for name, value in network.state_dict().items()}

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Take in the weights after `step` steps; the average starts short and grows long."""
        decay = min(self.decay, (1 + step) / (10 + step))
        for name, value in network.state_dict().items():
            if value.dtype.is_floating_point:
                self.state[name].lerp_(value.detach(), 1 - decay)
            else:
                self.state[name].copy_(value)


@dataclass
class _Position:
    epoch: int = 0
    step: int = 0
    total_steps: int = 0
    best_score: float = -math.inf
    stale_epochs: int = 0


def fit(
    task: Trainable,
    recipe: Recipe,
    folder: Path,
    log: RunLog,
    device: torch.device,
    resume: bool = False,
) -> Path:
    """Train and return the file of the best averaged weights (a state dict, `torch.load`).

    `folder` receives `checkpoint.pt` every few minutes and `best.pt`. With `resume`, a
    checkpoint found there is continued from; without one the run starts afresh.
    """
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(recipe.seed)
    network = task.network().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
    )
    averaged = Averaged(network, recipe.averaging)
    position = _Position()
    if resume and (folder / CHECKPOINT).exists():
        position = _restore(folder / CHECKPOINT, network, optimiser, averaged, device)
    log.parameters(asdict(recipe))
    while position.epoch < recipe.epochs and position.stale_epochs < recipe.patience:
        started = time.monotonic()
        loss, images = _epoch(task, recipe, network, optimiser, averaged, position, folder, device)
        metrics = task.validate(_predictor(task, averaged, device))
        metrics |= {
            "loss": loss,
            "learning_rate": optimiser.param_groups[0]["lr"],
            "images_per_second": images / max(1e-9, time.monotonic() - started),
        }
        log.metrics(metrics, position.epoch)
        tqdm.write(f"epoch {position.epoch + 1}: " + _in_words(metrics))
        _keep_best(metrics["score"], averaged, position, folder)
        position.epoch, position.step = position.epoch + 1, 0
        _checkpoint(folder, network, optimiser, averaged, position)
    return folder / BEST


def _epoch(
    task: Trainable,
    recipe: Recipe,
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    averaged: Averaged,
    position: _Position,
    folder: Path,
    device: torch.device,
) -> tuple[float, int]:
    network.train()
    order = task.epoch(_generator(recipe.seed, position.epoch, 0))
    batches = [part for part in order.split(recipe.batch_size) if len(part) > 1]
    all_steps = recipe.epochs * len(batches)
    total, images, saved = 0.0, 0, time.monotonic()
    bar = tqdm(range(position.step, len(batches)), desc=f"epoch {position.epoch + 1}", mininterval=10)
    for step in bar:
        for group in optimiser.param_groups:
            group["lr"] = _learning_rate(recipe, position.total_steps, all_steps)
        inputs, targets = task.batch(batches[step], _generator(recipe.seed, position.epoch, step + 1))
        inputs = inputs.to(device, memory_format=torch.channels_last)
        with torch.autocast(device.type, dtype=torch.bfloat16):
            outputs = network(inputs)
        loss = task.loss(outputs.float(), targets.to(device))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimiser.step()
        position.step, position.total_steps = step + 1, position.total_steps + 1
        averaged.update(network, position.total_steps)
        total, images = total + float(loss.detach()) * len(inputs), images + len(inputs)
        bar.set_postfix(loss=f"{total / images:.3f}", refresh=False)
        if time.monotonic() - saved > recipe.checkpoint_every_s:
            _checkpoint(folder, network, optimiser, averaged, position)
            saved = time.monotonic()
    return total / max(1, images), images


def _learning_rate(recipe: Recipe, step: int, steps: int) -> float:
    """Linear warm-up, then a half cosine to a hundredth."""
    warmup = max(1, int(recipe.warmup * steps))
    if step < warmup:
        return recipe.learning_rate * (step + 1) / warmup
    progress = min(1.0, (step - warmup) / max(1, steps - warmup))
    return recipe.learning_rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * progress)))


def _predictor(task: Trainable, averaged: Averaged, device: torch.device) -> Callable[[Tensor], Tensor]:
    network = task.network().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    network.load_state_dict(averaged.state)
    network.eval()

    @torch.inference_mode()
    def predict(inputs: Tensor) -> Tensor:
        with torch.autocast(device.type, dtype=torch.bfloat16):
            outputs: Tensor = network(inputs.to(device, memory_format=torch.channels_last))
        return outputs.float().cpu()

    return predict


def _generator(seed: int, epoch: int, step: int) -> torch.Generator:
    digest = hashlib.sha256(f"{seed}/{epoch}/{step}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:7]))


def _keep_best(score: float, averaged: Averaged, position: _Position, folder: Path) -> None:
    if score > position.best_score:
        position.best_score, position.stale_epochs = score, 0
        torch.save(averaged.state, folder / BEST)
    else:
        position.stale_epochs += 1


def _checkpoint(
    folder: Path,
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    averaged: Averaged,
    position: _Position,
) -> None:
    unfinished = folder / (CHECKPOINT + ".part")
    torch.save(
        {
            "network": network.state_dict(),
            "optimiser": optimiser.state_dict(),
            "averaged": averaged.state,
            "position": asdict(position),
        },
        unfinished,
    )
    unfinished.replace(folder / CHECKPOINT)  # a kill leaves the old checkpoint or the new one


def _restore(
    file: Path,
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    averaged: Averaged,
    device: torch.device,
) -> _Position:
    kept = torch.load(file, map_location=device, weights_only=True)
    network.load_state_dict(kept["network"])
    optimiser.load_state_dict(kept["optimiser"])
    averaged.state = kept["averaged"]
    return _Position(**kept["position"])


def _in_words(metrics: Metrics) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in sorted(metrics.items()))
