"""How each task is trained and judged; asked for only by `train` and `evaluate`."""

from __future__ import annotations

from importlib import import_module

from models.tasks import task_named
from models.training import Training


def training_of(task_name: str) -> Training:
    """The `TRAINING` of the task's own folder; raises InvalidInput for a task that does not exist."""
    package = task_named(task_name).folder.name
    training: Training = import_module(f"models.{package}.training").TRAINING
    return training
