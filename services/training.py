"""Training and evaluation as use cases: run, calibrate, judge, log to MLflow, register."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from data.datasets import dataset_hash
from data.records import ModelVersion
from data.tracking import Tracking
from models import weights
from models.cards import card
from models.device import Device, chosen_device
from models.evaluation import Evaluation, runner
from models.task import Decision, Task
from models.training import Metrics, Recipe, fit
from models.trainings import TRAININGS, Training
from models.weights import Trained, network_of
from services.inference.engine import SOFTWARE
from services.registry import EXPERIMENT, flat

RESULT = "result"


@dataclass(frozen=True)
class Finished:
    """A trained and registered version."""

    trained: Trained
    evaluation: Evaluation
    version: ModelVersion


class _Log:
    """A training run's numbers, in MLflow as they come."""

    def __init__(self, tracking: Tracking, run_id: str) -> None:
        self._tracking = tracking
        self.run_id = run_id

    def parameters(self, values: Mapping[str, Any]) -> None:
        """The recipe is logged when the run is opened."""

    def metrics(self, values: Metrics, epoch: int) -> None:
        """One epoch's numbers."""
        self._tracking.log_metrics(self.run_id, {f"epoch_{name}": v for name, v in values.items()}, epoch)


def train(
    task_name: str,
    data: Path,
    folder: Path,
    tracking: Tracking,
    *,
    resume: bool = False,
    epochs: int | None = None,
    seed: int | None = None,
    device: str | None = None,
) -> Finished:
    """Train a task on the labelled images under `data` and register what comes of it.

    Checkpoints go to `folder`, the finished weights to `folder/result`. Validation data chooses
    epoch, threshold and calibration; the version is registered without an alias, so that nothing
    is served before somebody promotes it. Raises UnusableDataset.
    """
    training, started = TRAININGS[task_name], time.monotonic()
    recipe = _recipe(training.recipe, epochs, seed)
    place = chosen_device(device)
    material = training.trainable(data, recipe)
    data_hash = dataset_hash(material.files)
    run_id = _run(tracking, task_name, folder, resume, asdict(recipe) | {"data_sha256": data_hash})
    try:
        best = fit(material, recipe, folder, _Log(tracking, run_id), place, resume)
        facts = {
            "data_sha256": data_hash,
            "validation_fold": training.validation_fold,
            "recipe": asdict(recipe),
            "software": SOFTWARE,
            "device": str(place),
            "minutes": round((time.monotonic() - started) / 60, 1),
        }
        trained, evaluation = finish(training, best, data, folder / RESULT, place, facts)
        _write(folder / RESULT / "validation.json", evaluation)
        tracking.log_metrics(run_id, flat(trained.metrics))
        tracking.log_files(run_id, trained.folder)
        version = tracking.register(task_name, run_id, trained.sha256, "Trained here; not yet promoted.")
    except BaseException:
        tracking.end_run(run_id, failed=True)
        raise
    tracking.end_run(run_id)
    (folder / "run").unlink(missing_ok=True)
    return Finished(trained, evaluation, version)


def finish(
    training: Training, best: Path, data: Path, into: Path, device: Device, facts: dict[str, Any]
) -> tuple[Trained, Evaluation]:
    """Best weights become a version's files: rounded to fp16, calibrated and judged as they ship."""
    state = weights.checkpointed(best)
    draft = weights.save(into, state, Decision(threshold=0.5), {}, facts)
    run = runner(network_of(training.task, draft), device)
    evaluator = training.evaluator(data, run, training.validation_fold)
    decision = evaluator.calibrated()
    evaluation = evaluator.evaluated(decision)
    figures = {name: asdict(figure) for name, figure in evaluation.figures.items()}
    trained = weights.save(into, state, decision, figures, facts)
    (into / weights.CARD).write_text(card(training.task, trained, evaluation))
    return trained, evaluation


def evaluate(
    task: Task, trained: Trained, data: Path, validation_only: bool, device: str | None = None
) -> Evaluation:
    """Judge a version on labelled images; `validation_only` keeps to the patients it was not trained on.

    Raises UnusableDataset.
    """
    training = TRAININGS[task.name]
    place = chosen_device(device)
    run = runner(network_of(task, trained), place)
    fold = training.validation_fold if validation_only else None
    return training.evaluator(data, run, fold).evaluated(trained.decision)


def _recipe(recipe: Recipe, epochs: int | None, seed: int | None) -> Recipe:
    changes: dict[str, Any] = {}
    if epochs is not None:
        changes["epochs"] = epochs
    if seed is not None:
        changes["seed"] = seed
    return replace(recipe, **changes)


def _run(
    tracking: Tracking, task_name: str, folder: Path, resume: bool, parameters: Mapping[str, Any]
) -> str:
    """The run to log to: a resumed training goes on in its own."""
    folder.mkdir(parents=True, exist_ok=True)
    noted = folder / "run"
    if resume and noted.exists():
        return noted.read_text().strip()
    run_id = tracking.start_run(EXPERIMENT.format(task=task_name), f"train {task_name}", parameters)
    noted.write_text(run_id)
    return run_id


def _write(file: Path, evaluation: Evaluation) -> None:
    file.write_text(json.dumps(evaluation.plain(), indent=2) + "\n")
