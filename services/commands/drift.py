"""`drift`: compare readings of a task with a reference, as the drift page does."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace, _SubParsersAction
from pathlib import Path
from typing import TYPE_CHECKING

from services.settings import Settings

if TYPE_CHECKING:
    from services.drift.runs import DriftRuns


def add_to(subparsers: _SubParsersAction[ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser("drift", help="compare the newest readings with a reference")
    parser.add_argument("task", metavar="TASK", help="brain-tumour or pneumonia")
    parser.add_argument(
        "--reference",
        metavar="NAME",
        help="a reference, or house, training, last-quarter, last-year, other-scanners (house)",
    )
    parser.add_argument("--last", type=int, metavar="N", help="the newest N readings (1000)")
    parser.add_argument("--days", type=int, metavar="N", help="the readings of the last N days")
    parser.add_argument("--from", dest="first", metavar="DAY", help="from this day on, such as 2026-11-01")
    parser.add_argument("--to", metavar="DAY", help="up to this day, which is included")
    parser.add_argument("--filters", metavar="QUERY", help="as in the cohort page's address, site=North")
    parser.add_argument("--out", type=Path, metavar="DIR", help="drift.json and drift.html go there")
    parser.add_argument("--json", action="store_true", help="print every number")
    parser.set_defaults(run=drift)


def drift(arguments: Namespace, settings: Settings) -> int:
    """Compare readings of a task with a reference; print the verdict or every number."""
    from data.records import Against, DriftAsk
    from models.tasks import task_named
    from services.assembly.commands import drift_alone

    task = task_named(arguments.task).name
    with drift_alone(settings) as drift_services:
        runs = drift_services.runs
        rule, named = Against.parsed(arguments.reference)
        ask = DriftAsk(
            task, runs.references.named(task, named).id if named else None, arguments.last, arguments.first,
            arguments.to, arguments.filters or "", arguments.days, rule,
        )  # fmt: skip
        run = runs.run_now(ask)
        snapshot = runs.content(run.id).decode()
        if arguments.out is not None:
            _write_files(runs, run.id, snapshot, arguments.out)
        if arguments.json:
            print(snapshot)
        else:
            content = json.loads(snapshot)
            print(f"{task} against {run.reference_name}: {run.severity}")
            print("\n".join([*content["verdict"], *content["notes"]]))
    return 0


def _write_files(runs: DriftRuns, run_id: str, snapshot: str, folder: Path) -> None:
    from reports.typesetting import pdf
    from services.reporting.drift_report import DriftReport

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "drift.json").write_text(snapshot)
    (folder / "drift.html").write_bytes(runs.html(run_id))
    written = DriftReport(runs).write({"run": run_id}, "command line", lambda _: None)
    (folder / "drift.pdf").write_bytes(pdf(written.document))
