"""Which model version is in force: asked of MLflow by alias, loaded into the engine.

When MLflow is away, the champion that was last fetched serves on; before there was one, the
weights that ship with Lightbox do.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterable
from pathlib import Path

from data.records import ModelVersion
from data.tracking import CHAMPION, Tracking
from models import weights
from models.task import Kind, Task
from models.weights import Trained
from services.inference.engine import Engine

log = logging.getLogger(__name__)

SHIPPED = "shipped"
EXPERIMENT = "lightbox-{task}"


class Registry:
    """Model versions, by task."""

    def __init__(self, tracking: Tracking, folder: Path, tasks: Iterable[Task]) -> None:
        self._tracking = tracking
        self._folder = folder
        self._tasks = {task.name: task for task in tasks}
        self._started = threading.Event()
        self.trouble: str | None = None

    @property
    def clinical(self) -> list[str]:
        """The tasks that clinicians get answers from."""
        return [task.name for task in self._tasks.values() if task.kind is not Kind.ROUTING]

    @property
    def ready(self) -> bool:
        """Whether every task has had its network loaded, or tried to."""
        return self._started.is_set()

    def wait_until_ready(self, timeout_s: float) -> bool:
        """Wait for `load_all` to end; False when the time is up."""
        return self._started.wait(timeout_s)

    def load_all(self, engine: Engine) -> None:
        """Bring each task's champion into the engine; what ships is registered where nothing is."""
        try:
            for task in self._tasks.values():
                self._load(task, engine)
        finally:
            self._started.set()

    def versions(self, task: str | None = None) -> list[ModelVersion]:
        """Registered versions, newest first; empty while MLflow is away."""
        names = [task] if task else list(self._tasks)
        try:
            return [one for name in names for one in self._tracking.versions(name)]
        except Exception as error:
            self._away(error)
            return []

    def champion(self, task: str) -> ModelVersion | None:
        """The version in force, as MLflow says; None while it is away or has none."""
        try:
            return self._tracking.by_alias(task, CHAMPION)
        except Exception as error:
            self._away(error)
            return None

    def card(self, task: str) -> str:
        """The model card in markdown, empty where there is none."""
        known = self._known(task)
        for folder in (known[0].folder if known else None, self._tasks[task].folder):
            if folder and (folder / weights.CARD).exists():
                return (folder / weights.CARD).read_text()
        return ""

    def local(self, task: str) -> tuple[Trained, str]:
        """(trained, version) as this machine knows it, without asking MLflow.

        Raises FileNotFoundError where nothing was fetched and nothing ships.
        """
        return self._known(task) or (weights.opened(self._tasks[task].folder), SHIPPED)

    def _load(self, task: Task, engine: Engine) -> None:
        try:
            trained, version = self._fetched(task)
        except Exception as error:
            self._away(error)
            try:
                trained, version = self.local(task.name)
            except FileNotFoundError:
                log.error("there are no weights for %s", task.name)
                return
        engine.place(task, trained, version)

    def _fetched(self, task: Task) -> tuple[Trained, str]:
        """The champion's files, from the registry by way of this machine's copy."""
        champion = self._tracking.by_alias(task.name, CHAMPION)
        shipped = self._shipped_version(task)
        if champion is None:
            self._tracking.set_alias(task.name, CHAMPION, shipped.version)
            champion = shipped
        folder = self._folder / task.name / champion.version
        if not (folder / weights.WEIGHTS).exists():
            self._tracking.files_of(champion, folder)
        trained = weights.opened(folder)
        if champion.weights_sha256 and trained.sha256 != champion.weights_sha256:
            raise ValueError(
                f"the files of {task.name} version {champion.version} are not what was registered"
            )
        (self._folder / task.name / "champion.json").write_text(json.dumps({"version": champion.version}))
        return trained, champion.version

    def _shipped_version(self, task: Task) -> ModelVersion:
        """The registered version of the weights that ship; a newer Lightbox brings a new one.

        It is registered without an alias: what serves is a person's decision.
        """
        shipped = weights.opened(task.folder)
        for version in self._tracking.versions(task.name):
            if version.weights_sha256 == shipped.sha256:
                return version
        return self._register(task, shipped)

    def _register(self, task: Task, shipped: Trained) -> ModelVersion:
        run = self._tracking.start_run(EXPERIMENT.format(task=task.name), "shipped weights", shipped.facts)
        self._tracking.log_metrics(run, flat(shipped.metrics))
        files = self._folder / task.name / "shipped"
        files.mkdir(parents=True, exist_ok=True)
        for name in (weights.WEIGHTS, weights.SETTINGS, weights.CARD):
            if (task.folder / name).exists():
                (files / name).write_bytes((task.folder / name).read_bytes())
        self._tracking.log_files(run, files)
        self._tracking.end_run(run)
        return self._tracking.register(task.name, run, shipped.sha256, "The weights that ship with Lightbox.")

    def _known(self, task: str) -> tuple[Trained, str] | None:
        pointer = self._folder / task / "champion.json"
        if not pointer.exists():
            return None
        version = json.loads(pointer.read_text())["version"]
        try:
            return weights.opened(self._folder / task / version), version
        except FileNotFoundError:
            return None

    def _away(self, error: Exception) -> None:
        self.trouble = "The model registry cannot be reached; the last known versions serve on."
        log.warning("the model registry cannot be reached: %r", error)


def flat(metrics: dict[str, dict[str, float]]) -> dict[str, float]:
    """{"auc": {"value", "low", "high", "n"}} -> {"auc", "auc_low", "auc_high", "auc_n"}."""
    numbers: dict[str, float] = {}
    for name, figure in metrics.items():
        numbers[name] = figure["value"]
        numbers |= {f"{name}_{part}": figure[part] for part in ("low", "high", "n") if part in figure}
    return numbers
