"""`evaluate`: judge a version on labelled images, or have one read a set of the house's own scans."""

from __future__ import annotations

import getpass
import json
import sys
from argparse import ArgumentParser, Namespace, _SubParsersAction
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from data.errors import InvalidInput
from services.commands.figures import print_figures, print_metrics
from services.settings import Settings

if TYPE_CHECKING:
    from models.task import Task
    from models.weights import Trained
    from services.evaluations.outcomes import SetOutcome
    from services.versions.registry import Registry

SECONDS_BETWEEN_LINES = 5.0
_ONE_OF = "Give a folder of labelled images with --data, or scans of the house with --scans; not both."
_OF_A_VERSION = "--version is for --scans and --outside; judge other weights on a folder with --weights."
_ON_OF_SCANS = "--on is for --scans: machines of a cluster read scans of the house."
_OF_FOLDERS = ("validation", "reference", "keep", "outside", "weights", "out", "metrics")


def add_to(subparsers: _SubParsersAction[ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser("evaluate", help="judge a version on labelled images or the house's scans")
    parser.add_argument("task", metavar="TASK", help="brain-tumour, pneumonia, suitability or acquisition")
    parser.add_argument("--data", type=Path, metavar="DIR", help="a folder of labelled images")
    parser.add_argument(
        "--scans",
        metavar="QUERY",
        help='instead: scans of the house, filtered as in the cohort page\'s address, sex=F; "" for all',
    )
    parser.add_argument(
        "--version",
        metavar="V",
        help="with --scans and --outside: who reads them; without it the version in force",
    )
    parser.add_argument(
        "--on",
        metavar="ADDRESS",
        help="with --scans: a Ray cluster whose machines read them, ray://HOST:PORT or auto",
    )
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
    parser.add_argument(
        "--metrics", type=Path, metavar="FILE", help="with --data: figures alone as JSON, for `dvc metrics`"
    )
    parser.set_defaults(run=evaluate)


def evaluate(arguments: Namespace, settings: Settings) -> int:
    """Judge the version in force on labelled images, in training's layout or from outside its sources.

    Or make its reference for drift, or have a version read a set of the house's own scans.
    """
    if (arguments.data is None) == (arguments.scans is None):
        raise InvalidInput(_ONE_OF)
    if arguments.on is not None and arguments.scans is None:
        raise InvalidInput(_ON_OF_SCANS)
    if arguments.scans is not None:
        return _scans(arguments, settings)
    if arguments.version is not None and (arguments.weights is not None or not arguments.outside):
        raise InvalidInput(_OF_A_VERSION)
    from data import atomic_files
    from models.tasks import task_named
    from models.weights import REFERENCE, opened
    from services.assembly.stores import registry_of
    from services.training import training

    task = task_named(arguments.task)
    if arguments.weights:
        trained = opened(arguments.weights)
    else:
        trained = _registered(registry_of(settings), task, arguments.version)
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
    if arguments.metrics is not None:
        figures = {"task": task.name, "figures": evaluation.plain()["figures"]}
        atomic_files.write(arguments.metrics, json.dumps(figures, indent=2) + "\n")
    if arguments.json:
        about = {"task": task.name, "weights_sha256": trained.sha256}
        print(json.dumps(about | evaluation.plain(), indent=2))
    else:
        print_figures(evaluation.plain()["figures"])
    return 0


def _registered(registry: Registry, task: Task, number: str | None) -> Trained:
    """The files of a registered version, or of the one in force."""
    if number is None:
        return registry.local(task.name)[0]
    return registry.files(registry.version(task.name, number))


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


def _scans(arguments: Namespace, settings: Settings) -> int:
    """What a version says of scans of the house, kept as an evaluation that the server's pages show."""
    from data.records import ScanSetKind
    from models.tasks import task_named
    from services.assembly.commands import evaluations_alone
    from services.assembly.stores import registry_of
    from services.evaluations.plain_numbers import plain_evaluation, plain_outcome

    wrong = [name for name in _OF_FOLDERS if getattr(arguments, name)]
    if wrong:
        raise InvalidInput(f"--{wrong[0]} is for a folder of labelled images, not for --scans.")
    task = task_named(arguments.task).name
    with evaluations_alone(settings, arguments.on) as services:
        version = arguments.version or registry_of(settings).local(task)[1]
        asked = services.evaluations.read_now(
            task, version, ScanSetKind.COHORT, arguments.scans, getpass.getuser(), _Said()
        )
        made = services.outcomes.for_everybody(asked)
    if arguments.json:
        said = plain_evaluation(asked) | {"outcome": plain_outcome(made, sees_scans=True)}
        print(json.dumps(said, indent=2, default=str))
    else:
        _print_outcome(made)
    return 0


def _print_outcome(made: SetOutcome) -> None:
    evaluation = made.evaluation
    print(f"{evaluation.task} version {evaluation.version}. {evaluation.chosen.words}.")
    print(f"{made.read:,} of {evaluation.total:,} scans were read; {made.positives:,} were called positive.")
    if made.known:
        print(f"Of {made.known:,} the truth is known:")
        print_metrics(made.figures)
    else:
        print("The truth of none of them is known, so nothing can be said of how right it was.")
    print(f"Kept as evaluation {evaluation.id}; it stands on the page Evaluations.")


class _Said:
    """Says on stderr now and then how far it is."""

    def __init__(self) -> None:
        self._at = monotonic()

    def __call__(self, fraction: float) -> None:
        if monotonic() - self._at >= SECONDS_BETWEEN_LINES:
            self._at = monotonic()
            print(f"{100 * fraction:.0f} % of the set is read", file=sys.stderr, flush=True)
