"""`evaluate`: judge the version in force on labelled images."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace, _SubParsersAction
from pathlib import Path

from services.commands.figures import print_figures
from services.settings import Settings


def add_to(subparsers: _SubParsersAction[ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser("evaluate", help="judge the version in force on labelled images")
    parser.add_argument("task", metavar="TASK", help="brain-tumour, pneumonia, suitability or acquisition")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--validation", action="store_true", help="only patients that were never trained on")
    parser.add_argument(
        "--reference", action="store_true", help="make what drift is measured against, beside the weights"
    )
    parser.add_argument("--weights", type=Path, metavar="DIR", help="a folder of weights instead")
    parser.add_argument("--out", type=Path, metavar="DIR", help="table, curves and the worst cases go there")
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=evaluate)


def evaluate(arguments: Namespace, settings: Settings) -> int:
    """Judge the version in force on labelled images, or make its reference for drift."""
    from models.tasks import task_named
    from models.weights import REFERENCE, opened
    from services.assembly.stores import registry_of
    from services.training import training

    task = task_named(arguments.task)
    trained = opened(arguments.weights) if arguments.weights else registry_of(settings).local(task.name)[0]
    if arguments.reference:
        from services.training.drift_reference import make_reference

        count = make_reference(task, trained, arguments.data, settings.device)
        print(f"{trained.folder / REFERENCE}: {count:,} scans")
        return 0
    fold = training.validation_fold(task, trained) if arguments.validation else None
    evaluation = training.evaluate(task, trained, arguments.data, fold, settings.device, arguments.out)
    if arguments.json:
        about = {"task": task.name, "weights_sha256": trained.sha256}
        print(json.dumps(about | evaluation.plain(), indent=2))
    else:
        print_figures(evaluation.plain()["figures"])
    return 0
