"""`train`: train a task and register the version."""

from __future__ import annotations

import os
import threading
from argparse import ArgumentParser, Namespace, _SubParsersAction
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from services.commands.figures import print_figures
from services.retraining.training_process import ENDED_EARLY
from services.settings import Settings

if TYPE_CHECKING:
    from data.tracking import Tracking
    from services.training.elsewhere import TrainingElsewhere


def add_to(subparsers: _SubParsersAction[ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser("train", help="train a task and register the version")
    parser.add_argument("task", metavar="TASK", help="brain-tumour, pneumonia, suitability or acquisition")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where checkpoints and weights go")
    parser.add_argument("--epochs", type=int, help="how often the set is gone through")
    parser.add_argument("--seed", type=int, help="the same seed gives the same run")
    parser.add_argument(
        "--fold",
        type=int,
        choices=range(1, 6),
        nargs="+",
        metavar="K",
        help="patients to validate on, 1 to 5; several cross-validate the recipe and register nothing",
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="change a choice of the recipe"
    )
    parser.add_argument(
        "--tag", action="append", default=[], metavar="NAME=VALUE", help="a tag of the run in MLflow"
    )
    parser.add_argument(
        "--until-stdin-closes",
        action="store_true",
        help="end when standard input is closed, for a program that starts this one; --resume goes on",
    )
    parser.add_argument(
        "--compare",
        nargs="*",
        metavar="CHOICE",
        help="train with and without each choice (NAME=VALUE, or a set such as optimisers; every set "
        "where none is named) and print what it is worth; nothing is registered",
    )
    parser.add_argument(
        "--on",
        metavar="ADDRESS",
        help="a Ray cluster whose machines train, ray://HOST:PORT; auto for the one here; each has DIR",
    )
    parser.set_defaults(run=train)


def train(arguments: Namespace, settings: Settings) -> int:
    """Train a task and register the version, or train on several folds, or compare choices of its recipe."""
    from data.tracking import Tracking
    from services.assembly.commands import outside_alone
    from services.training import training
    from services.training.plan import changes_of, planned

    if arguments.until_stdin_closes:
        _end_with_stdin()
    tracking = Tracking(settings.tracking_uri, settings.home / "mlflow")
    with _elsewhere(arguments.on) as elsewhere:
        if arguments.compare is not None or len(arguments.fold or []) > 1:
            return _compare(arguments, settings, tracking, elsewhere)
        finished = training.train(
            planned(arguments.task, recipe_changes(arguments), (arguments.fold or [None])[0]),
            arguments.data.resolve(),
            arguments.out or settings.home / "training" / arguments.task,
            tracking,
            resume=arguments.resume,
            device=settings.device,
            outside=partial(outside_alone, settings),
            tags=changes_of(arguments.tag),
            elsewhere=elsewhere,
        )
    if finished is None:  # one of several processes; the first one tells
        return 0
    print(f"registered as version {finished.version.version}; weights in {finished.trained.folder}")
    print_figures(finished.evaluation.plain()["figures"])
    return 0


def _elsewhere(on: str | None) -> AbstractContextManager[TrainingElsewhere | None]:
    if on is None:
        return nullcontext()
    from services.assembly.commands import trainings_on

    return trainings_on(on)


def _end_with_stdin() -> None:
    """A thread that ends this process with whoever started it, however that ended."""

    def wait() -> None:
        while os.read(0, 4096):
            pass
        os._exit(ENDED_EARLY)

    threading.Thread(target=wait, name="stdin", daemon=True).start()


def recipe_changes(arguments: Namespace) -> dict[str, str]:
    """Name -> value of what the recipe is to do otherwise; raises InvalidInput for no NAME=VALUE."""
    from services.training.plan import changes_of

    changes = changes_of(arguments.set)
    for name in ("epochs", "seed"):
        if getattr(arguments, name) is not None:
            changes[name] = str(getattr(arguments, name))
    return changes


def _compare(
    arguments: Namespace, settings: Settings, tracking: Tracking, elsewhere: TrainingElsewhere | None
) -> int:
    from models.trainings import training_of
    from services.training.comparison import AS_IT_IS, Comparison, as_markdown, asked_choices, compare

    task = arguments.task
    asked = Comparison(
        task,
        (AS_IT_IS,) if arguments.compare is None else asked_choices(task, arguments.compare),
        recipe_changes(arguments),
        tuple(dict.fromkeys(arguments.fold or [training_of(task).validation_fold])),
        arguments.data.resolve(),
    )
    folder = arguments.out or settings.home / "training" / f"{task} compared"
    table = compare(
        asked, folder, tracking, resume=arguments.resume, device=settings.device, elsewhere=elsewhere
    )
    print(as_markdown(table), end="")
    return 0
