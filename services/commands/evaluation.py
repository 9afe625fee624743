"""`evaluate`: judge the version in force on labelled images."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace, _SubParsersAction
from pathlib import Path
from typing import TYPE_CHECKING

from services.commands.figures import print_figures
from services.settings import Settings

if TYPE_CHECKING:
    from models.task import Task
    from models.weights import Trained


def add_to(subparsers: _SubParsersAction[ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser("evaluate", help="judge the version in force on labelled images")
    parser.add_argument("task", metavar="TASK", help="brain-tumour, pneumonia, suitability or acquisition")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--validation", action="store_true", help="only patients that were never trained on")
    parser.add_argument(
        "--reference", action="store_true", help="make what drift is measured against, beside the weights"
    )
    parser.add_argument(
        "--keep",
        action="store_true",
        help="with --validation: keep figures and single answers, without names, beside the weights",
    )
    parser.add_argument(
        "--outside",
        action="store_true",
        help="take labelled pictures from outside the training sources through the whole reading",
    )
    parser.add_argument("--weights", type=Path, metavar="DIR", help="a folder of weights instead")
    parser.add_argument("--out", type=Path, metavar="DIR", help="table, curves and the worst cases go there")
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=evaluate)


def evaluate(arguments: Namespace, settings: Settings) -> int:
    """Judge the version in force on labelled images, in training's layout or from outside its sources.

    Or make its reference for drift.
    """
    from models.tasks import task_named
    from models.weights import REFERENCE, opened
    from services.assembly.stores import registry_of
    from services.training import training

    task = task_named(arguments.task)
    trained = opened(arguments.weights) if arguments.weights else registry_of(settings).local(task.name)[0]
    if arguments.outside:
        return _outside(arguments, settings, task, trained)
    if arguments.reference:
        from services.training.drift_reference import make_reference

        count = make_reference(task, trained, arguments.data, settings.device)
        print(f"{trained.folder / REFERENCE}: {count:,} scans")
        return 0
    if arguments.keep and not arguments.validation:
        print("--keep is for --validation: only patients that were never trained on.", file=sys.stderr)
        return 2
    fold = training.validation_fold(task, trained) if arguments.validation else None
    evaluation = training.evaluate(task, trained, arguments.data, fold, settings.device, arguments.out)
    if arguments.keep:
        training.keep_evaluation(trained, evaluation)
    if arguments.json:
        about = {"task": task.name, "weights_sha256": trained.sha256}
        print(json.dumps(about | evaluation.plain(), indent=2))
    else:
        print_figures(evaluation.plain()["figures"])
    return 0


def _outside(arguments: Namespace, settings: Settings, task: Task, trained: Trained) -> int:
    """The table of the whole reading, kept with the version: beside its weights, on its card, in MLflow."""
    from models.outside import keep
    from models.outside_tables import section, text
    from services.assembly.commands import outside_alone, outside_kept

    evaluation = outside_alone(settings, task, trained, arguments.data)
    if arguments.out is not None:
        arguments.out.mkdir(parents=True, exist_ok=True)
        keep(arguments.out, evaluation)
        (arguments.out / "outside.md").write_text(section(evaluation, task.finding))
    print(json.dumps(evaluation.plain(), indent=2) if arguments.json else text(evaluation, task.finding))
    print(outside_kept(settings, task, trained, evaluation), file=sys.stderr)
    return 0
