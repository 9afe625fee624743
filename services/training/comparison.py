"""What the choices of a recipe are worth: trained on the same folds, compared case by case out of MLflow.

A choice is text, "name=value" or several with commas; "" is the recipe as it is, which the others are held
against. Every run is kept in MLflow with the score of each validation case, so that a choice which was
tried before, on the same data with the same recipe, is not trained again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, as_completed
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Self

import numpy as np

from data import atomic_files
from data.errors import InvalidInput
from data.labelled.datasets import dataset_hash
from data.labelled.dvc import DataRevision, data_revision
from data.records import TrackedRun
from data.tracking import Tracking
from models.device import chosen_device
from models.statistics.paired import PairedDifference, paired_means
from models.training import Trainable, Training, fit
from models.trainings import training_of
from services.training.elsewhere import AskedTraining, FinishedTraining, TrainingElsewhere
from services.training.plan import Plan, changes_of, planned
from services.training.scores import Scores, scores_of
from services.training.tracked_training import TrackedTraining
from services.versions.registry import EXPERIMENT

TAG, COMPARED = "lightbox.purpose", "comparison"
SCORES = "scores.json"
AS_IT_IS = ""


@dataclass(frozen=True)
class ComparedChoice:
    """A choice on one data set's validation cases; `difference` is its score minus that of the recipe."""

    choice: str
    dataset: str
    folds: tuple[int, ...]
    difference: PairedDifference
    minutes: float


@dataclass(frozen=True)
class Comparison:
    """What is asked: which choices, on top of which common changes, on which folds of which data."""

    task: str
    choices: tuple[str, ...]
    common: Mapping[str, str]
    folds: tuple[int, ...]
    data: Path

    def plan(self, choice: str, fold: int) -> Plan:
        """The recipe with the common changes and those of a choice; raises InvalidInput."""
        return planned(self.task, {**self.common, **_changes(choice)}, fold)

    @cached_property
    def revision(self) -> DataRevision | None:
        """What DVC tracks of the data, which is read through once however many runs there are."""
        return data_revision(self.data)


def asked_choices(task: str, asked: Sequence[str]) -> tuple[str, ...]:
    """The recipe as it is, then every choice asked for; the name of a set stands for its choices.

    Nothing asked for stands for every set that the task has. Raises InvalidInput.
    """
    training = training_of(task)
    choices = [AS_IT_IS]
    for word in asked or tuple(training.comparisons):
        choices += _choices_of(training, word)
    for choice in choices:
        planned(task, _changes(choice))
    return tuple(dict.fromkeys(choices))


def compare(
    asked: Comparison,
    folder: Path,
    tracking: Tracking,
    *,
    resume: bool = False,
    device: str | None = None,
    elsewhere: TrainingElsewhere | None = None,
) -> list[ComparedChoice]:
    """Train what was not trained yet, below `folder`, and return the table.

    All runs are given to `elsewhere` at once; without it they are trained here, one after another. Raises
    UnusableDataset, and what `elsewhere` raises.
    """
    with _Trainings(asked, folder, tracking, resume, device, elsewhere) as trainings:
        runs = {
            (choice, fold): trainings.run_of(choice, fold)
            for choice, fold in product(asked.choices, asked.folds)
        }
        trainings.wait()
    known = tracking.runs_by_id(runs.values(), EXPERIMENT.format(task=asked.task))
    return list(_table(asked, {place: known[run_id] for place, run_id in runs.items()}, tracking))


def as_markdown(table: Sequence[ComparedChoice]) -> str:
    """The table as text, the recipe as it is first."""
    lines = [
        "| choice | cases | n | folds | score | minus the recipe (95 %) | minutes |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in table:
        gap = row.difference
        compared = f"{gap.value:+.3f} ({gap.low:+.3f} to {gap.high:+.3f})" if row.choice else ""
        folds = ", ".join(map(str, row.folds))
        cells = (row.choice or "the recipe", row.dataset, str(gap.n), folds, f"{gap.second:.3f}", compared)
        lines.append(f"| {' | '.join(cells)} | {row.minutes:.0f} |")
    return "\n".join(lines) + "\n"


def _changes(choice: str) -> dict[str, str]:
    return changes_of(filter(None, choice.split(",")))


def _choices_of(training: Training, word: str) -> Sequence[str]:
    if "=" in word:
        return [word]
    if word not in training.comparisons:
        known = ", ".join(training.comparisons) or "none"
        raise InvalidInput(f"{word!r} is neither NAME=VALUE nor a set of choices; known sets are {known}.")
    return training.comparisons[word]


@dataclass
class _Trainings:
    """The runs of a comparison; those elsewhere are waited for at the end, and closed whatever happens."""

    asked: Comparison
    folder: Path
    tracking: Tracking
    resume: bool
    device: str | None
    elsewhere: TrainingElsewhere | None
    begun: dict[Future[FinishedTraining], TrackedTraining] = field(default_factory=dict)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for log in self.begun.values():
            log.ended(failed=True)

    def run_of(self, choice: str, fold: int) -> str:
        """The MLflow run of a choice on a fold: a finished one of the same data and recipe, or a new one."""
        plan = self.asked.plan(choice, fold)
        material = plan.material(self.asked.data)
        data_sha256 = dataset_hash(material.files)
        wanted = {name: str(value) for name, value in (plan.facts() | {"data_sha256": data_sha256}).items()}
        for run in self.tracking.runs(EXPERIMENT.format(task=self.asked.task), {TAG: COMPARED}):
            if run.status == "FINISHED" and wanted.items() <= run.parameters.items():
                return run.run_id
        into = self.folder / f"{choice.replace(',', ' ') or 'recipe'} fold {fold}"
        name, tags = choice or "the recipe", {TAG: COMPARED}
        log = TrackedTraining.opened(
            self.tracking, plan, material, data_sha256, into, self.resume, name, tags, self.asked.revision
        )
        if self.elsewhere is None:
            with log:
                _keep(log, self._trained_here(plan, material, into, log))
        else:
            order = AskedTraining(plan, self.asked.data, data_sha256, into, self.resume, is_scored=True)
            self.begun[self.elsewhere.begin(order, log)] = log
        return log.run_id

    def wait(self) -> None:
        """Until every run has ended; those that ended are kept, also where another failed."""
        for finished in as_completed(list(self.begun)):
            scores = finished.result().scores
            with self.begun.pop(finished) as log:
                _keep(log, scores)

    def _trained_here(self, plan: Plan, material: Trainable, into: Path, log: TrackedTraining) -> Scores:
        place = chosen_device(self.device)
        best = fit(material, plan.recipe, into, log, place, self.resume)
        return scores_of(material, best, place)


def _keep(log: TrackedTraining, scores: Scores) -> None:
    """A run's scores, from which differences are worked out whenever they are asked for."""
    atomic_files.write(log.folder / SCORES, json.dumps(scores))
    log.keeps(log.folder / SCORES)


def _table(
    asked: Comparison, runs: Mapping[tuple[str, int], TrackedRun], tracking: Tracking
) -> Iterator[ComparedChoice]:
    scores = {place: tracking.read_json(run.run_id, SCORES) for place, run in runs.items()}
    for choice in asked.choices:
        minutes = sum(_minutes(runs[choice, fold]) for fold in asked.folds)
        for dataset in scores[choice, asked.folds[0]]:
            recipe, changed = (
                np.concatenate([np.asarray(scores[name, fold][dataset], float) for fold in asked.folds])
                for name in (AS_IT_IS, choice)
            )
            yield ComparedChoice(choice, dataset, asked.folds, paired_means(recipe, changed), minutes)


def _minutes(run: TrackedRun) -> float:
    if run.started_at is None or run.ended_at is None:
        return 0.0
    return (run.ended_at - run.started_at).total_seconds() / 60
