"""`import`: read a whole folder or archive, or pause, go on with or look at an import."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, _SubParsersAction
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from data.errors import InvalidInput
from services.settings import Settings

if TYPE_CHECKING:
    from data.records import ImportProgress
    from services.importing.imports import Importing

SECONDS_BETWEEN_LINES = 5.0


def add_to(subparsers: _SubParsersAction[ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser("import", help="read a folder or archive with thousands of files")
    parser.add_argument("folder", nargs="?", type=Path, metavar="DIR", help="folder, zip or tar")
    parser.add_argument("--labels", type=Path, metavar="CSV", help="what is known of the files")
    parser.add_argument(
        "--on",
        metavar="ADDRESS",
        help="a Ray cluster whose machines decode and read, ray://HOST:PORT; auto for the one here",
    )
    for name, text in (("pause", "have a run end"), ("resume", "go on"), ("status", "how far it is")):
        parser.add_argument(
            f"--{name}", nargs="?", const="", metavar="ID", help=f"{text}; without an id, the latest one"
        )
    parser.set_defaults(run=import_)


def import_(arguments: Namespace, settings: Settings) -> int:
    """Read a whole folder or archive, or pause, go on with or look at an import."""
    from services.assembly.commands import importing_alone

    reads = arguments.folder is not None or arguments.resume is not None
    if reads + (arguments.pause is not None) + (arguments.status is not None) != 1:
        raise InvalidInput("Give a folder to import, or one of --pause, --resume and --status.")
    with importing_alone(settings, reads=reads, on=arguments.on) as importing:
        if arguments.pause is not None:
            importing.pause(importing.find(arguments.pause).id)
        if not reads:
            _print_state(importing, importing.find(arguments.pause or arguments.status or "").id)
            return 0
        if arguments.folder is not None:
            started = importing.start(arguments.folder, arguments.labels)
        else:
            started = importing.take_up(importing.find(arguments.resume).id)
        print(f"import {started.id} of {started.folder}", flush=True)
        return _run(importing, started.id)


def progress_line(progress: ImportProgress) -> str:
    """How far an import is, in words."""
    parts = [f"{progress.done + progress.failed:,} of {progress.items:,} items", f"{progress.added:,} new"]
    counts = {
        "known": progress.known,
        "labelled": progress.labelled,
        "refused": progress.refused - progress.failed,
        "failed": progress.failed,
    }
    return ", ".join(parts + [f"{count:,} {name}" for name, count in counts.items() if count])


def _run(importing: Importing, import_id: str) -> int:
    printed_at = monotonic()

    def advance(progress: ImportProgress) -> None:
        nonlocal printed_at
        if monotonic() - printed_at >= SECONDS_BETWEEN_LINES:
            printed_at = monotonic()
            print(progress_line(progress), flush=True)

    try:
        importing.run(import_id, advance)
    except KeyboardInterrupt:
        importing.pause(import_id)
        print(f"Paused; go on with: app.py import --resume {import_id[:8]}")
        return 130
    _print_state(importing, import_id)
    return 0


def _print_state(importing: Importing, import_id: str) -> None:
    view = importing.view(import_id)
    for refusal in importing.refusals(import_id):
        print(f"{refusal.name}: {refusal.sentence}")
    failure = f" {view.import_.failure}" if view.import_.failure else ""
    print(f"import {import_id} is {view.import_.state.value}.{failure} {progress_line(view.progress)}")
