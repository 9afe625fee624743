"""The command line: one file a group of commands, each with `add_to` and what it runs.

These files print, because that is what a command is for; nothing else in `services` does. Whatever is heavy
is imported by the function that needs it, so that `--help` and `users` answer at once.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable

from services.commands import (
    audit,
    backups,
    demo,
    dicom,
    drift,
    evaluation,
    imports,
    preparing,
    retention,
    segment,
    servers,
    training,
    users,
    versions,
)
from services.settings import Settings

Command = Callable[[Namespace, Settings], int]
"""Runs with the parsed arguments and returns the exit status; raises UserFacingError in the user's words."""

GROUPS = (
    segment,
    imports,
    dicom,
    demo,
    preparing,
    training,
    versions,
    evaluation,
    drift,
    users,
    audit,
    backups,
    servers,
    retention,
)
"""In the order of `--help`."""


def command_line(serve: Command) -> ArgumentParser:
    """The whole command line; `serve` is the server, which runs where nothing else is asked for."""
    parser = ArgumentParser(prog="app.py", description="Lightbox reads brain MRI and chest X-rays.")
    parser.set_defaults(run=serve)
    subparsers = parser.add_subparsers(title="commands")
    subparsers.add_parser("serve", help="run the server (the default)").set_defaults(run=serve)
    for group in GROUPS:
        group.add_to(subparsers)
    return parser
