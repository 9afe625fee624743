"""What trains on a worker: the recipe of a command on data that this machine has at the same path.

It knows no database and no MLflow; whoever gave the work asks for its news, and keeps them.
"""

from __future__ import annotations

import platform
import shutil
import threading
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.errors import UnusableDataset
from data.labelled.datasets import dataset_hash
from models.device import Device, chosen_device, training_place
from models.training import BEST, CHECKPOINT, Metrics, Recipe, fit
from models.trainings import training_of
from services.cluster.installation import Installation, installation
from services.cluster.worker_folder import WorkerFolder
from services.settings import Settings
from services.training.elsewhere import FinishedTraining
from services.training.plan import Plan
from services.training.scores import scores_of

NEWS_S = 5.0  # that an answer waits for something to tell
_OTHER_DATA = "The labelled images under {data} on {machine} are not those of the machine that asks."


@dataclass(frozen=True)
class SentTraining:
    """What is to be trained, with the files of where it stopped."""

    task: str
    recipe: Recipe
    choices: Any
    fold: int
    data: Path
    data_sha256: str
    is_scored: bool
    files: Mapping[str, bytes]


@dataclass(frozen=True)
class TrainingNews:
    """Epochs with their numbers, files that are new, and what came of it once it has ended."""

    epochs: tuple[tuple[Metrics, int], ...]
    files: Mapping[str, bytes]
    finished: FinishedTraining | None


class _Closed(Exception):
    """Nobody waits for the training any more."""


class Trainer:
    """Made on a machine of the cluster; has one training at a time."""

    def __init__(self) -> None:
        self._folder = WorkerFolder()
        self._thread = ThreadPoolExecutor(1, "training")
        self._changed = threading.Condition()
        self._is_closed = False

    def installed(self) -> Installation:
        """What is installed on this machine."""
        return installation()

    def load(self) -> dict[str, str]:
        """Where it would train, in words."""
        return {"training": f"on {training_place(_device())}"}

    def begin(self, sent: SentTraining) -> None:
        """Begin a training, in the place of one before."""
        folder = self._folder.path / "training"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name, content in sent.files.items():
            (folder / name).write_bytes(content)
        self._epochs: list[tuple[Metrics, int]] = []
        self._told: dict[str, int] = {}
        self._into = folder
        self._training: Future[FinishedTraining] = self._thread.submit(self._trained, sent)
        self._training.add_done_callback(self._wake)

    def news(self, after: int) -> TrainingNews:
        """What happened since the first `after` epochs; waits some seconds for something.

        Raises what ended the training: UnusableDataset where this machine has no such data, or other ones.
        """
        with self._changed:
            self._changed.wait_for(lambda: len(self._epochs) > after or self._training.done(), NEWS_S)
        is_over = self._training.done()
        return TrainingNews(
            tuple(self._epochs[after:]),
            self._new_files(),
            self._training.result() if is_over else None,
        )

    def close(self) -> None:
        """Take away what lies on the disk; a training ends after its epoch."""
        self._is_closed = True
        self._folder.remove()

    def metrics(self, values: Metrics, epoch: int) -> None:
        """What an epoch came to. Raises where nobody waits for more."""
        if self._is_closed:
            raise _Closed
        with self._changed:
            self._epochs.append((values, epoch))
            self._changed.notify_all()

    def _trained(self, sent: SentTraining) -> FinishedTraining:
        device = _device()
        plan = Plan(training_of(sent.task), sent.recipe, sent.choices, sent.fold)
        material = plan.material(sent.data)
        if dataset_hash(material.files) != sent.data_sha256:
            raise UnusableDataset(_OTHER_DATA.format(data=sent.data, machine=platform.node()))
        best = fit(material, plan.recipe, self._into, self, device, resume=True)
        scores = scores_of(material, best, device) if sent.is_scored else {}
        return FinishedTraining(training_place(device), scores)

    def _new_files(self) -> dict[str, bytes]:
        """Checkpoint and best weights that were not told yet.

        The best ones are read last: they may be newer than the checkpoint, and never older.
        """
        new = {}
        for name in (CHECKPOINT, BEST):
            file = self._into / name
            if file.exists() and (written := file.stat().st_mtime_ns) != self._told.get(name):
                self._told[name] = written
                new[name] = file.read_bytes()
        return new

    def _wake(self, _: Future[FinishedTraining]) -> None:
        with self._changed:
            self._changed.notify_all()


def _device() -> Device:
    return chosen_device(Settings.from_env().device)
