"""`segment`: read files without a server."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace, _SubParsersAction
from pathlib import Path
from typing import Any

from data.errors import InvalidInput
from data.records import Doubt, Outcome
from services.settings import Settings


def add_to(subparsers: _SubParsersAction[ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser("segment", help="read files and write results beside each other")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="scan, zip, or folder")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--task", metavar="TASK", help="allow only this task")
    parser.add_argument(
        "--as-volume",
        action="store_true",
        help="the numbered pictures of a folder or zip are the slices of one volume",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    parser.set_defaults(run=segment)


def segment(arguments: Namespace, settings: Settings) -> int:
    """Read files without a server; a refused one is a line like any other."""
    from models.tasks import task_named
    from services.assembly.commands import build_reader
    from services.reading.segmenting import Segmenting

    if arguments.task is not None:
        task_named(arguments.task)

    reader, batcher = build_reader(settings)
    segmenting = Segmenting(reader, settings)
    for path in arguments.files:
        if not path.exists():
            raise InvalidInput(f"There is no file {path}.")
        reports = segmenting.segment(path, arguments.out, arguments.task, as_volume=arguments.as_volume)
        for report in reports:
            print(json.dumps(report) if arguments.json else result_line(report), flush=True)
    batcher.stop()
    return 0


def result_line(report: dict[str, Any]) -> str:
    """What came out of one file, in words."""
    if report["refused"]:
        return f"{report['name']}: refused. {report['reason']}"
    from services.task_words import outcome_words, reasons

    said = outcome_words(report["task"], Outcome(report["outcome"]))
    if report["doubts"]:
        said += f" ({reasons([Doubt(doubt) for doubt in report['doubts']])})"
    size = "" if report["volume_ml"] is None else f", {report['volume_ml']:.2f} mL"
    return f"{report['name']}: {report['task']}: {said}, probability {report['probability']:.3f}{size}"
