"""Every version that ships: each task's own, and those on other networks beside it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from models import tasks, weights
from models.task import Task


class ShippedVersion(NamedTuple):
    """A task with the folder of one of its versions."""

    task: Task
    folder: Path


def _shipped(names: dict[str, Task]) -> dict[str, ShippedVersion]:
    versions = {name: ShippedVersion(task, task.folder) for name, task in names.items()}
    versions |= {
        f"{name}/{other}": ShippedVersion(task, folder)
        for name, task in names.items()
        for other, folder in weights.alternatives(task).items()
    }
    return versions


ALL = _shipped(tasks.ALL)
CLINICAL = _shipped(tasks.CLINICAL)
