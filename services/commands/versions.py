"""`register`: bring in a version that was trained elsewhere. `rehearse`: try one beside what is live."""

from __future__ import annotations

import getpass
import json
import sys
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
    parser = subparsers.add_parser("rehearse", help="have a version read the last scans beside what is live")
    parser.add_argument("task", metavar="TASK", help="brain-tumour, pneumonia, suitability or acquisition")
    parser.add_argument("version", metavar="V", help="a registered version")
    parser.add_argument("--scans", type=int, default=100, metavar="N", help="the last N scans (100)")
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=rehearse)


def register(arguments: Namespace, settings: Settings) -> int:
    """Register a version that was trained elsewhere."""
    from services.assembly.commands import model_uploads_alone

    with model_uploads_alone(settings) as uploads:
        version = uploads.take_folder(arguments.task, arguments.folder, getpass.getuser(), arguments.note)
    print(f"registered as version {version.version}; it serves nobody before it is promoted")
    return 0


def rehearse(arguments: Namespace, settings: Settings) -> int:
    """Have a version read the last scans beside what is live; print what the promotion gate says."""
    from models.tasks import task_named
    from services.assembly.commands import rehearsals_alone

    task, version = task_named(arguments.task).name, arguments.version
    with rehearsals_alone(settings) as (rehearsals, promotions):
        rehearsals.rehearse_now(task, version, arguments.scans, lambda _: None)
        gate = promotions.gate_result(task, version)
        made = rehearsals.opened(gate.rehearsal_id or "")
    said = {
        "task": task,
        "version": version,
        "against": made.against,
        "verdict": gate.verdict.value,
        "sentence": gate.sentence,
        "rehearsal": made.id,
        "scans": len(made.differences),
        "unread": len(made.failed),
        "trained_on": made.trained_on,
        "synthetic": made.synthetic,
    }
    print(json.dumps(said, indent=2) if arguments.json else f"{gate.verdict.value}: {gate.sentence}")
    print("It serves nobody before a person promotes it, on the page Models.", file=sys.stderr)
    return 0
