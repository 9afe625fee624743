"""Weights as files: a folder with `weights.safetensors` (fp16) and `settings.json`."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from data import atomic_files
from data.codec import from_plain, parsed
from data.errors import InvalidInput
from models.encoders import encoder_named
from models.task import Decision, Task

WEIGHTS = "weights.safetensors"
SETTINGS = "settings.json"
CARD = "card.md"
REFERENCE = "reference.parquet"
"""What the training set looked like: features and vectors of a sample, to measure drift against."""
OUTSIDE = "outside.json"
"""What the version answers outside the training sources."""
EVALUATION = "evaluation.json"
"""What validation came to, with the single answers: curves and thresholds are drawn from it."""
ALTERNATIVES = "alternatives"
"""The folder in a task's folder that holds, by name, versions on other encoders."""
_METRIC_NAME = re.compile(r"\w{1,100}", re.ASCII)
FILES = (WEIGHTS, SETTINGS, CARD, REFERENCE, OUTSIDE, EVALUATION)


@dataclass(frozen=True)
class Trained:
    """Where trained weights lie, with what was fixed on validation data and what it came to."""

    folder: Path
    decision: Decision
    metrics: dict[str, dict[str, float]] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def sha256(self) -> str:
        """Hash of the weights' file."""
        return hashlib.sha256((self.folder / WEIGHTS).read_bytes()).hexdigest()


def save(
    folder: Path,
    state: dict[str, Tensor],
    decision: Decision,
    metrics: dict[str, dict[str, float]],
    facts: dict[str, Any],
) -> Trained:
    """Write weights (floating point as fp16) and settings into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    compact = {
        name: (value.half() if value.dtype.is_floating_point else value).contiguous()
        for name, value in state.items()
    }
    save_file(compact, folder / WEIGHTS)
    settings = {"decision": asdict(decision), "metrics": metrics, "facts": facts}
    atomic_files.write(folder / SETTINGS, json.dumps(settings, indent=2) + "\n")
    return opened(folder)


def opened(folder: Path) -> Trained:
    """What lies in `folder`.

    Raises FileNotFoundError where it holds no trained weights, KeyError, TypeError or ValueError for
    settings that are none.
    """
    if not (folder / WEIGHTS).exists():
        raise FileNotFoundError(f"no {WEIGHTS} in {folder}")
    settings = parsed((folder / SETTINGS).read_text())
    parts = [settings[name] for name in ("decision", "metrics", "facts")]
    if not all(isinstance(part, dict) for part in parts):
        raise TypeError("decision, metrics and facts are objects")
    return Trained(
        folder=folder,
        decision=_decision(settings["decision"]),
        metrics=_metrics(settings["metrics"]),
        facts=settings["facts"],
    )


def _metrics(kept: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Figures as `train` writes them. Raises TypeError or ValueError for what MLflow could not keep."""
    for name, figure in kept.items():
        if not _METRIC_NAME.fullmatch(name):
            raise ValueError("no name of a metric")
        if not isinstance(figure, dict) or "value" not in figure:
            raise TypeError("a metric is an object with its value")
        if not all(type(part) in (int, float) for part in figure.values()):
            raise TypeError("a metric's value, low, high and n are numbers")
    return kept


def _decision(kept: dict[str, Any]) -> Decision:
    settings: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in kept.items()
    }
    decision: Decision = from_plain(Decision, vars(Decision(**settings)))
    return decision


def checkpointed(file: Path) -> dict[str, Tensor]:
    """The state dict that a training run kept as its best."""
    state: dict[str, Tensor] = torch.load(file, map_location="cpu", weights_only=True)
    return state


def shipped(task: Task, validation_fold: int) -> Trained:
    """The version in the task's folder, for another training to start or to learn from.

    Raises InvalidInput where that version was trained on patients of `validation_fold`.
    """
    trained = opened(task.folder)
    held_out = trained.facts.get("validation_fold")
    if held_out != validation_fold:
        raise InvalidInput(f"The shipped version held out fold {held_out}, not {validation_fold}.")
    return trained


def alternatives(task: Task) -> dict[str, Path]:
    """The folders of further versions that ship beside the task's own, by name."""
    files = sorted(task.folder.glob(f"{ALTERNATIVES}/*/{WEIGHTS}"))
    return {file.parent.name: file.parent for file in files}


def mixed(first: dict[str, Tensor], second: dict[str, Tensor], share: float) -> dict[str, Tensor]:
    """Weights of which `share` are those of `first`, the rest those of `second`; counters are `second`'s."""
    return {
        name: torch.lerp(value, first[name], share) if value.dtype.is_floating_point else value
        for name, value in second.items()
    }


def network_of(task: Task, trained: Trained) -> nn.Module:
    """The task's network with these weights, in fp32, ready for inference.

    Raises InvalidInput for an encoder that is not known here.
    """
    return task.for_inference(restored(task, trained)).eval()


def restored(task: Task, trained: Trained) -> nn.Module:
    """The network with these weights as it was trained, in fp32; raises as `network_of`."""
    network = built(task, trained)
    network.load_state_dict(in_float32(trained))
    return network


def built(task: Task, trained: Trained) -> nn.Module:
    """A network on the encoder that the version was trained with: the task's own where it names none."""
    recipe = trained.facts.get("recipe")
    named = recipe.get("encoder") if isinstance(recipe, dict) else None
    if named is None or task.with_encoder is None:
        return task.build()
    return task.with_encoder(encoder_named(named))


def in_float32(trained: Trained) -> dict[str, Tensor]:
    """The state dict of trained weights."""
    state = load_file(trained.folder / WEIGHTS)
    return {name: value.float() if value.dtype is torch.float16 else value for name, value in state.items()}
