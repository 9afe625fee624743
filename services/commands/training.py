"""`train`: train a task and register the version."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, _SubParsersAction
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from data.errors import InvalidInput
from services.commands.figures import print_figures
from services.settings import Settings

if TYPE_CHECKING:
    from data.tracking import Tracking
    from services.training.training import Plan


def add_to(subparsers: _SubParsersAction[ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser("train", help="train a task and register the version")
    parser.add_argument("task", metavar="TASK", help="brain-tumour, pneumonia, suitability or acquisition")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where checkpoints and weights go")
    parser.add_argument("--epochs", type=int, help="how often the set is gone through")
    parser.add_argument("--seed", type=int, help="the same seed gives the same run")
    parser.add_argument("--fold", type=int, choices=range(1, 6), help="patients to validate on")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="change a choice of the recipe"
    )
    parser.add_argument(
        "--compare", metavar="NAME", help="log a run to compare choices by; nothing is registered"
    )
    parser.set_defaults(run=train)


def train(arguments: Namespace, settings: Settings) -> int:
    """Train a task and register the version, or only log a run to compare choices by."""
    from data.tracking import Tracking
    from services.assembly.commands import outside_alone
    from services.training import training

    tracking = Tracking(settings.tracking_uri, settings.home / "mlflow")
    folder = arguments.out or settings.home / "training" / (arguments.compare or arguments.task)
    plan = training.planned(arguments.task, recipe_changes(arguments), arguments.fold)
    if arguments.compare:
        return _compare(arguments, plan, folder, tracking, settings.device)
    finished = training.train(
        plan,
        arguments.data,
        folder,
        tracking,
        resume=arguments.resume,
        device=settings.device,
        outside=partial(outside_alone, settings),
    )
    if finished is None:  # one of several processes; the first one tells
        return 0
    print(f"registered as version {finished.version.version}; weights in {finished.trained.folder}")
    print_figures(finished.evaluation.plain()["figures"])
    return 0


def recipe_changes(arguments: Namespace) -> dict[str, str]:
    """Name -> value of what the recipe is to do otherwise; raises InvalidInput for no NAME=VALUE."""
    changes = {}
    for change in arguments.set:
        name, equals, value = change.partition("=")
        if not equals:
            raise InvalidInput(f"{change!r} is not of the form NAME=VALUE.")
        changes[name] = value
    for name in ("epochs", "seed"):
        if getattr(arguments, name) is not None:
            changes[name] = str(getattr(arguments, name))
    return changes


def _compare(arguments: Namespace, plan: Plan, folder: Path, tracking: Tracking, device: str | None) -> int:
    from services.training import training

    name = arguments.compare
    scores = training.compare(plan, arguments.data, folder, tracking, name=name, device=device)
    for dataset, values in scores.items():
        print(f"{name}: {dataset} {sum(values) / len(values):.4f} (n = {len(values)})")
    return 0
