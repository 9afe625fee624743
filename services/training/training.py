"""Training and evaluation as use cases: run, calibrate, judge, log to MLflow, register."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from data import atomic_files
from data.errors import InvalidInput
from data.labelled.datasets import dataset_hash
from data.labelled.dvc import data_revision
from data.records import ModelVersion
from data.tracking import Tracking
from models import weights
from models.cards import card
from models.device import Device, chosen_device, training_place
from models.evaluation import Evaluation, Evaluator, Scored, runner
from models.processes import joined
from models.statistics.calibration import calibration_bins
from models.statistics.confusion import Confusion, called_ill
from models.statistics.roc import curves
from models.task import Decision, Task
from models.training import BEST, fit
from models.trainings import training_of
from models.weights import Trained, network_of
from reports.chart_axes import Figure
from reports.evaluation import GalleryTile, gallery_png, square_png
from services.inference.engine import SOFTWARE
from services.statistics.answer_charts import answer_charts
from services.training.drift_reference import make_reference
from services.training.elsewhere import AskedTraining, TrainingElsewhere
from services.training.outside import Judge, judge_of, keep_outside
from services.training.plan import Plan
from services.training.tracked_training import SILENT, SilentLog, TrackedTraining

RESULT = "result"
_NOT_BOTH = "A training is shared out by torchrun, or goes to a cluster; not both."
WORST = 10


@dataclass(frozen=True)
class Finished:
    """A trained and registered version."""

    trained: Trained
    evaluation: Evaluation
    version: ModelVersion


def train(
    plan: Plan,
    data: Path,
    folder: Path,
    tracking: Tracking,
    *,
    resume: bool = False,
    device: str | None = None,
    outside: Judge | None = None,
    tags: Mapping[str, str] | None = None,
    elsewhere: TrainingElsewhere | None = None,
) -> Finished | None:
    """Train a task on the labelled images under `data` and register what comes of it.

    `outside` judges it on pictures outside the training sources, where `data` holds some. `tags` are laid on
    the run. What learns is `elsewhere` where that is given; calibrating and judging are done here.

    Checkpoints go to `folder`, the finished weights to `folder/result`. Validation data chooses
    epoch, threshold and calibration; the version is registered without an alias, so that nothing
    is served before somebody promotes it. None in every process but the first, where several
    train together. Raises UnusableDataset.
    """
    task = plan.training.task
    judge = judge_of(outside, task, data)
    with joined(chosen_device(device)) as (processes, place):
        if elsewhere is not None and processes.count > 1:
            raise InvalidInput(_NOT_BOTH)
        started = time.monotonic()
        material = plan.material(data)
        log: SilentLog = SILENT
        if processes.first:
            data_sha256 = dataset_hash(material.files)
            log = TrackedTraining.opened(
                tracking, plan, material, data_sha256, folder, resume, tags=tags, revision=data_revision(data)
            )
        with log:
            if elsewhere is None:
                fit(material, plan.recipe, folder, log, place, resume, processes)
                trained_on = training_place(place)
            else:
                asked = AskedTraining(plan, data, data_sha256, folder, resume, is_scored=False)
                trained_on = elsewhere.begin(asked, log).result().place
            if not isinstance(log, TrackedTraining):
                return None
            facts = log.facts | {
                "software": SOFTWARE,
                "device": trained_on,
                "processes": processes.count,
                "minutes": round((time.monotonic() - started) / 60, 1),
            }
            trained, evaluation = finish(plan, folder / BEST, data, folder / RESULT, place, facts)
            if judge is not None:
                keep_outside(task, trained.folder, judge(task, trained, data))
            version = log.registered(trained)
        return Finished(trained, evaluation, version)


def finish(
    plan: Plan, best: Path, data: Path, into: Path, device: Device, facts: dict[str, Any]
) -> tuple[Trained, Evaluation]:
    """Best weights become a version's files: rounded to fp16, calibrated and judged as they ship."""
    task, state = plan.training.task, weights.checkpointed(best)
    if plan.recipe.kept:
        state = weights.mixed(weights.in_float32(weights.shipped(task, plan.fold)), state, plan.recipe.kept)
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


def keep_evaluation(trained: Trained, evaluation: Evaluation) -> None:
    """Write figures and single answers beside the weights, without the names of the pictures."""
    plain = {name: value for name, value in evaluation.plain().items() if name != "cases"}
    if evaluation.scored is not None:
        shares = [round(share, 6) for share in evaluation.scored.probability]
        plain["scored"]["probability"] = shares
    atomic_files.write(trained.folder / weights.EVALUATION, json.dumps(plain | {"cases": []}) + "\n")


def validation_fold(task: Task, trained: Trained) -> int:
    """The fold whose patients these weights were never trained on."""
    return int(trained.facts.get("validation_fold", training_of(task.name).validation_fold))


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
    atomic_files.write(into / weights.EVALUATION, json.dumps(evaluation.plain(), indent=2) + "\n")
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
