"""How each task is trained and judged; loaded only by `train` and `evaluate`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.brain_tumour import training as brain_training
from models.brain_tumour.evaluation import BrainTumourEvaluator
from models.brain_tumour.task import TASK as BRAIN_TUMOUR
from models.evaluation import Evaluator
from models.pneumonia import training as pneumonia_training
from models.pneumonia.evaluation import PneumoniaEvaluator
from models.pneumonia.task import TASK as PNEUMONIA
from models.suitability import training as suitability_training
from models.suitability.evaluation import SuitabilityEvaluator
from models.suitability.task import TASK as SUITABILITY
from models.task import Task
from models.training import Recipe


@dataclass(frozen=True)
class Training:
    """A task's training data, recipe, validation fold and evaluator."""

    task: Task
    trainable: Callable[[Path, Recipe], Any]
    recipe: Recipe
    validation_fold: int
    evaluator: type[Evaluator]


TRAININGS: dict[str, Training] = {
    one.task.name: one
    for one in (
        Training(
            BRAIN_TUMOUR,
            brain_training.BrainTumourTraining,
            brain_training.RECIPE,
            brain_training.VALIDATION_FOLD,
            BrainTumourEvaluator,
        ),
        Training(
            PNEUMONIA,
            pneumonia_training.PneumoniaTraining,
            pneumonia_training.RECIPE,
            pneumonia_training.VALIDATION_FOLD,
            PneumoniaEvaluator,
        ),
        Training(
            SUITABILITY,
            suitability_training.SuitabilityTraining,
            suitability_training.RECIPE,
            suitability_training.VALIDATION_FOLD,
            SuitabilityEvaluator,
        ),
    )
}
