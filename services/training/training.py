"""Training and evaluation as use cases: run, calibrate, judge, log to MLflow, register."""

from __future__ import annotations

import csv
import json
import platform
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np

from data import atomic_files
from data.errors import InvalidInput
from data.labelled.datasets import dataset_hash
from data.records import ModelVersion
from data.tracking import Tracking
from models import weights
from models.cards import card
from models.device import Device, chosen_device
from models.evaluation import Evaluation, Evaluator, Scored, runner
from models.outside import metrics_of
from models.pretrained import Start
from models.processes import joined
from models.statistics.calibration import calibration_bins
from models.statistics.confusion import Confusion, called_ill
from models.statistics.roc import curves
from models.task import Decision, Task
from models.training import Metrics, Recipe, Trainable, Training, fit, predictor
from models.trainings import training_of
from models.weights import Trained, network_of
from reports.evaluation import GalleryTile, gallery_png, square_png
from reports.figures import Figure
from services.inference.engine import SOFTWARE
from services.statistics.answer_charts import answer_charts
from services.training.drift_reference import make_reference
from services.training.outside import Judge, judge_of, keep_outside
from services.versions.registry import EXPERIMENT, flat

RESULT = "result"
WORST = 10


@dataclass(frozen=True)
class Finished:
    """A trained and registered version."""

    trained: Trained
    evaluation: Evaluation
    version: ModelVersion


@dataclass(frozen=True)
class Plan:
    """A task's training as it will be run: its recipe and choices with what was asked to differ."""

    training: Training
    recipe: Recipe
    choices: Any
    fold: int

    def facts(self) -> dict[str, Any]:
        """What distinguishes this run, for its log and the card."""
        return asdict(self.recipe) | asdict(self.choices) | {"validation_fold": self.fold}


def planned(task_name: str, changes: Mapping[str, str], fold: int | None = None) -> Plan:
    """The task's recipe and choices with `changes` (name -> value as text).

    Raises InvalidInput for a name that neither has, a value of the wrong kind, or what does not go together.
    """
    training = training_of(task_name)
    recipe, choices = training.recipe, training.choices
    for name, text in changes.items():
        if name in {field.name for field in fields(recipe)}:
            recipe = _changed(recipe, name, text)
        elif name in {field.name for field in fields(choices)}:
            choices = _changed(choices, name, text)
        else:
            known = sorted({field.name for field in (*fields(recipe), *fields(choices))})
            raise InvalidInput(f"{task_name} has no choice called {name}; it has {', '.join(known)}.")
    if recipe.kept and getattr(choices, "start", None) is not Start.SHIPPED:
        raise InvalidInput("kept mixes in the shipped weights, which only start=shipped begins with.")
    return Plan(training, recipe, choices, training.validation_fold if fold is None else fold)


def train(
    plan: Plan,
    data: Path,
    folder: Path,
    tracking: Tracking,
    *,
    resume: bool = False,
    device: str | None = None,
    outside: Judge | None = None,
) -> Finished | None:
    """Train a task on the labelled images under `data` and register what comes of it.

    `outside` judges it on pictures outside the training sources, where `data` holds some.

    Checkpoints go to `folder`, the finished weights to `folder/result`. Validation data chooses
    epoch, threshold and calibration; the version is registered without an alias, so that nothing
    is served before somebody promotes it. None in every process but the first, where several
    train together. Raises UnusableDataset.
    """
    task = plan.training.task
    judge = judge_of(outside, task, data)
    with joined(chosen_device(device)) as (processes, place):
        started = time.monotonic()
        material = _material(plan, data)
        log = _Log.opened(tracking, plan, material, folder, resume) if processes.first else _SILENT
        try:
            best = fit(material, plan.recipe, folder, log, place, resume, processes)
            if not isinstance(log, _Log):
                return None
            facts = log.facts | {
                "software": SOFTWARE,
                "device": str(place),
                "processes": processes.count,
                "minutes": round((time.monotonic() - started) / 60, 1),
            }
            trained, evaluation = finish(plan, best, data, folder / RESULT, place, facts)
            if judge is not None:
                keep_outside(task, trained.folder, judge(task, trained, data))
            version = log.registered(trained)
        except BaseException:
            log.ended(failed=True)
            raise
        log.ended()
        return Finished(trained, evaluation, version)


def compare(
    plan: Plan, data: Path, folder: Path, tracking: Tracking, *, name: str, device: str | None = None
) -> dict[str, list[float]]:
    """Train to see what a choice is worth: logged like any run, with each case's score, never registered.

    Returns the scores of the validation cases, in their order, by dataset.
    """
    place = chosen_device(device)
    material = _material(plan, data)
    log = _Log.opened(tracking, plan, material, folder, resume=False, name=name)
    try:
        best = fit(material, plan.recipe, folder, log, place)
        scores: dict[str, list[float]] = material.scores(
            predictor(material, weights.checkpointed(best), place)
        )
        atomic_files.write(folder / "scores.json", json.dumps(scores))
        log.keeps(folder / "scores.json")
    except BaseException:
        log.ended(failed=True)
        raise
    log.ended()
    return scores


def finish(
    plan: Plan, best: Path, data: Path, into: Path, device: Device, facts: dict[str, Any]
) -> tuple[Trained, Evaluation]:
    """Best weights become a version's files: rounded to fp16, calibrated and judged as they ship."""
    task, state = plan.training.task, weights.checkpointed(best)
    if plan.recipe.kept:
        state = weights.mixed(weights.shipped(task, plan.fold), state, plan.recipe.kept)
    draft = weights.save(into, state, Decision(threshold=0.5), {}, facts)
    evaluator = plan.training.evaluator(data, runner(network_of(task, draft), device), plan.fold)
    decision = evaluator.calibrated()
    evaluation = evaluator.evaluated(decision)
    figures = {name: asdict(figure) for name, figure in evaluation.figures.items()}
    trained = weights.save(into, state, decision, figures, facts)
    if plan.training.scans is not None:
        make_reference(task, trained, data, str(device))
    atomic_files.write(into / weights.CARD, card(task, trained, evaluation))
    _illustrate(evaluator, evaluation, decision, into)
    return trained, evaluation


def evaluate(
    task: Task,
    trained: Trained,
    data: Path,
    fold: int | None,
    device: str | None = None,
    out: Path | None = None,
) -> Evaluation:
    """Judge a version on the labelled images of `fold`, or on all of them where it is None.

    `out` receives the whole table, the curves and the worst ten cases as pictures. Raises
    UnusableDataset.
    """
    place = chosen_device(device)
    evaluator = training_of(task.name).evaluator(data, runner(network_of(task, trained), place), fold)
    evaluation = evaluator.evaluated(trained.decision)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        _illustrate(evaluator, evaluation, trained.decision, out)
    return evaluation


def validation_fold(task: Task, trained: Trained) -> int:
    """The fold whose patients these weights were never trained on."""
    return int(trained.facts.get("validation_fold", training_of(task.name).validation_fold))


class _Silent:
    """The log of a process that only helps."""

    def metrics(self, values: Metrics, epoch: int) -> None:
        """Nothing: the first process tells."""

    def ended(self, failed: bool = False) -> None:
        """Nothing to close."""


_SILENT = _Silent()


class _Log(_Silent):
    """A training run in MLflow: what it was set to do, every epoch, and what came of it."""

    def __init__(
        self, tracking: Tracking, run_id: str, plan: Plan, folder: Path, facts: dict[str, Any]
    ) -> None:
        self._tracking = tracking
        self._run_id = run_id
        self._plan = plan
        self._folder = folder
        self.facts = facts

    @classmethod
    def opened(
        cls, tracking: Tracking, plan: Plan, material: Trainable, folder: Path, resume: bool, name: str = ""
    ) -> _Log:
        """A new run, or the one that a stopped training had noted in its folder."""
        task = plan.training.task.name
        facts = {"data_sha256": dataset_hash(material.files), "validation_fold": plan.fold}
        facts["recipe"] = plan.facts()
        folder.mkdir(parents=True, exist_ok=True)
        noted = folder / "run"
        if resume and noted.exists():
            return cls(tracking, noted.read_text().strip(), plan, folder, facts)
        parameters = plan.facts() | {"data_sha256": facts["data_sha256"]}
        run_id = tracking.start_run(EXPERIMENT.format(task=task), name or f"train {task}", parameters)
        atomic_files.write(noted, run_id)
        log = cls(tracking, run_id, plan, folder, facts)
        log.keeps(_split(material, folder / "split.csv"))
        log.keeps(_environment(folder / "environment.json"))
        return log

    def metrics(self, values: Metrics, epoch: int) -> None:
        """One epoch's numbers."""
        self._tracking.log_metrics(self._run_id, {f"epoch_{name}": v for name, v in values.items()}, epoch)

    def keeps(self, file: Path) -> None:
        """A file as an artifact of the run."""
        self._tracking.log_file(self._run_id, file)

    def registered(self, trained: Trained) -> ModelVersion:
        """The finished weights with their figures as a new version."""
        self._tracking.log_metrics(self._run_id, flat(trained.metrics | metrics_of(trained)))
        self._tracking.log_files(self._run_id, trained.folder)
        name = self._plan.training.task.name
        said = "Trained here; not yet promoted."
        return self._tracking.register(name, self._run_id, trained.sha256, said)

    def ended(self, failed: bool = False) -> None:
        """Close the run; one that failed can be resumed."""
        self._tracking.end_run(self._run_id, failed)
        if not failed:
            (self._folder / "run").unlink(missing_ok=True)


def _material(plan: Plan, data: Path) -> Trainable:
    return plan.training.trainable(data, plan.recipe, plan.fold, plan.choices)


def _changed(settings: Any, name: str, text: str) -> Any:
    kind = get_type_hints(type(settings))[name]
    try:
        if kind is bool:
            value = {"yes": True, "true": True, "no": False, "false": False}[text.lower()]
        else:
            value = kind(text)
    except (KeyError, ValueError):
        raise InvalidInput(f"{text!r} is no value for {name}.") from None
    return replace(settings, **{name: value})


def _split(material: Trainable, file: Path) -> Path:
    """Every patient with the part they were in: the split as a file."""
    with file.open("w", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow(["dataset", "patient", "part"])
        writer.writerows(sorted(set(material.split())))
    return file


def _environment(file: Path) -> Path:
    facts = {"software": SOFTWARE, "platform": platform.platform(), "processor": platform.processor()}
    file.write_text(json.dumps(facts, indent=2) + "\n")
    return file


def _worst(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The worst ten, the same number of each dataset; cases come worst first."""
    datasets = {case.get("dataset") for case in cases}
    share = WORST // max(1, len(datasets))
    return [
        case
        for dataset in sorted(datasets, key=str)
        for case in [c for c in cases if c.get("dataset") == dataset][:share]
    ]


def _illustrate(evaluator: Evaluator, evaluation: Evaluation, decision: Decision, into: Path) -> None:
    """The whole table, the curves, and the worst ten cases as pictures beside the weights."""
    atomic_files.write(into / "evaluation.json", json.dumps(evaluation.plain(), indent=2) + "\n")
    worst = [str(case["name"]) for case in _worst(evaluation.cases)]
    tiles = [
        GalleryTile(case.caption, case.picture, case.truth, case.drawn, case.heat)
        for case in evaluator.illustrated(worst, decision)
    ]
    if tiles:
        (into / "worst.png").write_bytes(gallery_png(tiles))
    if evaluation.scored is not None:
        for name, chart in _curve_charts(evaluation.scored).items():
            (into / f"{name}.png").write_bytes(square_png(chart))


def _curve_charts(scored: Scored) -> dict[str, Figure]:
    """ROC, precision and calibration; none where all cases are of one kind."""
    truth, probability = np.array(scored.truth, dtype=bool), np.array(scored.probability)
    if truth.all() or not truth.any():
        return {}
    rates = Confusion.of(truth, called_ill(probability, scored.threshold)).rates()
    return answer_charts(curves(truth, probability), calibration_bins(truth, probability), rates)
