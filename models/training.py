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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from data import atomic_files
from data.labelled.datasets import LabelledScan
from models.device import computes_in_bfloat16, mixed_precision
from models.evaluation import Evaluator
from models.optimisers import Optimiser, optimiser_of
from models.processes import Processes
from models.statistics.confusion import Confusion
from models.task import Task

ALONE = Processes()
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
    optimiser: Optimiser = Optimiser.ADAMW
    weight_decay: float = 0.01
    warmup: float = 0.05
    averaging: float = 0.995
    patience: int = 8
    seed: int = 20261120
    checkpoint_every_s: float = 180.0
    kept: float = 0.0
    """Share of the shipped weights in the finished ones, where a training starts from them (Wortsman et al.,
    Robust fine-tuning of zero-shot models, CVPR 2022): what was learnt anew without losing what was known."""
    small: float = 0.0
    """Share of the epochs, the first ones, in which pictures are seen at two thirds of their size
    (progressive learning, Tan and Le, EfficientNetV2, ICML 2021): twice as fast for a start from nothing."""


class Trainable(Protocol):
    """What the loop needs to know of a task."""

    @property
    def files(self) -> Sequence[Path]:
        """Everything that was read, for the hash of the data."""

    def network(self) -> nn.Module:
        """A freshly initialised network."""

    def epoch(self, generator: torch.Generator) -> Tensor:
        """The item numbers that one epoch goes through, in order."""

    def batch(self, items: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Augmented inputs and their targets."""

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """A scalar to minimise."""

    def split(self) -> list[tuple[str, str, str]]:
        """(dataset, patient, part) of everything in the set."""

    def scores(self, predict: Callable[[Tensor], Tensor]) -> dict[str, list[float]]:
        """Each validation case's score by dataset, always in the same order."""

    def validate(self, predict: Callable[[Tensor], Tensor]) -> Metrics:
        """Metrics on the validation fold; `score` is the one that chooses the best epoch."""


@dataclass(frozen=True)
class Training:
    """How a task is trained and judged: its data, recipe, validation fold and evaluator.

    Every task's `training.py` names its own as `TRAINING`.
    """

    task: Task
    trainable: Callable[[Path, Recipe, int, Any], Trainable]
    recipe: Recipe
    choices: Any  # the recipe's own switches, a frozen dataclass
    validation_fold: int
    evaluator: type[Evaluator]
    scans: Callable[[Path], Sequence[LabelledScan]] | None = None
    """What the set would be as uploads: the reference for drift is made of them; None: there is none."""
    comparisons: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Name -> changes of the recipe ("name=value,name=value") that `train --compare NAME` tries."""


class RunLog(Protocol):
    """Where a run reports itself."""

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
    processes: Processes = ALONE,
) -> Path:
    """Train and return the file of the best averaged weights (a state dict, `torch.load`).

    `folder` receives `checkpoint.pt` every few minutes and `best.pt`. With `resume`, a
    checkpoint found there is continued from; without one the run starts afresh. Several
    `processes` each take their share of every batch; the first one validates, logs and keeps.
    """
    folder.mkdir(parents=True, exist_ok=True)
    atomic_files.remove_half_written(folder)  # of a training that was killed
    torch.manual_seed(recipe.seed)
    network = task.network().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    if device.type == "cpu" and computes_in_bfloat16(device):
        depthwise_in_float32(network)
    optimiser = optimiser_of(
        recipe.optimiser, network.parameters(), recipe.learning_rate, recipe.weight_decay
    )
    averaged = Averaged(network, recipe.averaging)
    position = _Position()
    if resume and (folder / CHECKPOINT).exists():
        position = _restore(folder / CHECKPOINT, network, optimiser, averaged, device)
    run = _Run(task, recipe, folder, device, processes, network, optimiser, averaged, position)
    while position.epoch < recipe.epochs and position.stale_epochs < recipe.patience:
        started = time.monotonic()
        loss, images = _epoch(run)
        took = max(1e-9, time.monotonic() - started)
        metrics = task.validate(predictor(task, averaged.state, device)) if processes.first else {}
        metrics = processes.same(metrics)
        metrics |= {
            "loss": loss,
            "learning_rate": optimiser.param_groups[0]["lr"],
            "images_per_second": images / took,
        }
        if processes.first:
            log.metrics(metrics, position.epoch)
            tqdm.write(f"epoch {position.epoch + 1}: " + in_words(metrics))
        _keep_best(metrics["score"], run)
        position.epoch, position.step = position.epoch + 1, 0
        _checkpoint(run)
    return folder / BEST


@dataclass(frozen=True)
class _Run:
    """Everything that a training holds while it goes on."""

    task: Trainable
    recipe: Recipe
    folder: Path
    device: torch.device
    processes: Processes
    network: nn.Module
    optimiser: torch.optim.Optimizer
    averaged: Averaged
    position: _Position


def _epoch(run: _Run) -> tuple[float, int]:
    """One epoch, from the step where the run stands; (mean loss, images) of this process' share."""
    recipe, position, processes = run.recipe, run.position, run.processes
    run.network.train()
    together = processes.together(run.network)
    order = run.task.epoch(_generator(recipe.seed, position.epoch, 0))
    batches = [part for part in order.split(recipe.batch_size) if len(part) > processes.count]
    all_steps = recipe.epochs * len(batches)
    total, images, saved = 0.0, 0, time.monotonic()
    steps = range(position.step, len(batches))
    bar = tqdm(steps, desc=f"epoch {position.epoch + 1}", mininterval=10, disable=not processes.first)
    for step in bar:
        for group in run.optimiser.param_groups:
            group["lr"] = _learning_rate(recipe, position.total_steps, all_steps)
        inputs, targets = run.task.batch(batches[step], _generator(recipe.seed, position.epoch, step + 1))
        inputs, targets = processes.share(inputs), processes.share(targets).to(run.device)
        if position.epoch < recipe.small * recipe.epochs:
            inputs = _at_two_thirds(inputs)
        inputs = inputs.to(run.device, memory_format=torch.channels_last)
        with mixed_precision(run.device):
            outputs = together(inputs)
        loss = run.task.loss(_as_large_as(targets, outputs.float()), targets)
        run.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(run.network.parameters(), 2.0)
        run.optimiser.step()
        position.step, position.total_steps = step + 1, position.total_steps + 1
        run.averaged.update(run.network, position.total_steps)
        total, images = total + float(loss.detach()) * len(inputs), images + len(inputs)
        bar.set_postfix(loss=f"{total / images:.3f}", refresh=False)
        if time.monotonic() - saved > recipe.checkpoint_every_s:
            _checkpoint(run)
            saved = time.monotonic()
    return total / max(1, images), images * processes.count


def _at_two_thirds(inputs: Tensor) -> Tensor:
    """Square pictures (n, c, s, s) at two thirds of their size, a size that halves five times."""
    size = max(32, 32 * round(inputs.shape[-1] * 2 / 3 / 32))
    return functional.interpolate(inputs, size=(size, size), mode="bilinear", antialias=True)


def _as_large_as(targets: Tensor, outputs: Tensor) -> Tensor:
    """Maps (n, c, h, w) of smaller pictures at the size of their targets; anything else as it is."""
    if outputs.ndim < 4 or outputs.shape[-2:] == targets.shape[-2:]:
        return outputs
    return functional.interpolate(outputs, size=targets.shape[-2:], mode="bilinear")


def _learning_rate(recipe: Recipe, step: int, steps: int) -> float:
    """Linear warm-up, then a half cosine to a hundredth."""
    warmup = max(1, int(recipe.warmup * steps))
    if step < warmup:
        return recipe.learning_rate * (step + 1) / warmup
    progress = min(1.0, (step - warmup) / max(1, steps - warmup))
    return recipe.learning_rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * progress)))


def predictor(
    task: Trainable, state: Mapping[str, Tensor], device: torch.device
) -> Callable[[Tensor], Tensor]:
    """A function from inputs to the outputs of the task's network with these weights."""
    network = task.network().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    network.load_state_dict(state)
    network.eval()

    @torch.inference_mode()
    def predict(inputs: Tensor) -> Tensor:
        with mixed_precision(device):
            outputs: Tensor = network(inputs.to(device, memory_format=torch.channels_last))
        return outputs.float().cpu()

    return predict


def depthwise_in_float32(network: nn.Module) -> None:
    """Let the depthwise convolutions of a network leave autocast.

    On processors their backward pass in bfloat16 takes three to five times that in float32.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d) and 1 < module.groups == module.in_channels:
            module.forward = _outside_autocast(module.forward)  # type: ignore[method-assign, assignment]


def _outside_autocast(forward: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    def in_float32(inputs: Tensor) -> Tensor:
        with torch.autocast(inputs.device.type, enabled=False):
            return forward(inputs.float()).to(inputs.dtype)

    return in_float32


def _generator(seed: int, epoch: int, step: int) -> torch.Generator:
    digest = hashlib.sha256(f"{seed}/{epoch}/{step}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:7]))


def _keep_best(score: float, run: _Run) -> None:
    if score > run.position.best_score:
        run.position.best_score, run.position.stale_epochs = score, 0
        if run.processes.first:
            with atomic_files.new_file(run.folder / BEST, flush=False) as file:
                torch.save(run.averaged.state, file)
    else:
        run.position.stale_epochs += 1


def _checkpoint(run: _Run) -> None:
    if not run.processes.first:
        return
    state = {
        "network": run.network.state_dict(),
        "optimiser": run.optimiser.state_dict(),
        "averaged": run.averaged.state,
        "position": asdict(run.position),
    }
    # A kill leaves the old checkpoint or the new one.
    with atomic_files.new_file(run.folder / CHECKPOINT, flush=False) as file:
        torch.save(state, file)


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


def right_and_wrong(truth: Tensor, called: Tensor) -> Metrics:
    """Accuracy, recall, FAR and FRR of calls against the truth, both (n,) bool; NaN where undefined."""
    rates = Confusion.of(truth.numpy(), called.numpy()).rates()
    return {name: rates[name].value for name in ("accuracy", "recall", "far", "frr")}


def in_words(metrics: Metrics) -> str:
    """An epoch's numbers, for whoever watches a training."""
    return ", ".join(f"{name} {value:.4g}" for name, value in sorted(metrics.items()))
