"""`register`: bring in a version that was trained elsewhere."""

from __future__ import annotations

import getpass
from argparse import ArgumentParser, Namespace, _SubParsersAction
from pathlib import Path

from services.settings import Settings


def add_to(subparsers: _SubParsersAction[ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser("register", help="register a version that was trained elsewhere")
    parser.add_argument("task", metavar="TASK", help="brain-tumour, pneumonia, suitability or acquisition")
    parser.add_argument(
        "folder", type=Path, metavar="DIR", help="weights.safetensors, settings.json, card.md"
    )
    parser.add_argument("--note", default="", metavar="TEXT", help="what it is, for the Models page")
    parser.set_defaults(run=register)


def register(arguments: Namespace, settings: Settings) -> int:
    """Register a version that was trained elsewhere."""
    from services.assembly.commands import model_uploads_alone

    with model_uploads_alone(settings) as uploads:
        version = uploads.take_folder(arguments.task, arguments.folder, getpass.getuser(), arguments.note)
    print(f"registered as version {version.version}; it serves nobody before it is promoted")
    return 0
