"""Lightbox: the composition root and the command line. Builds everything, holds no logic.

Everything heavy is imported by the command that needs it, so that `--help` and `users` answer
at once.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

# No library of ours reports to anybody: set before any of them is imported.
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # torch's profiler, by which a rehearsal measures memory

from data.errors import InvalidInput, UserFacingError
from data.records import Role
from services.settings import Settings

if TYPE_CHECKING:
    from dash import Dash

    from data.records import ImportProgress, User
    from services.accounts import Accounts
    from services.assembly.container import Services
    from services.importing.imports import Importing

IMPORT_LINE_EVERY_S = 5.0


def create_app(settings: Settings) -> tuple[Dash, Services]:
    """The Dash app and the services behind it, built from `settings`; nothing is started."""
    from dashboard.build import build_dashboard
    from services.assembly.container import build_services

    services = build_services(settings)
    return build_dashboard(services, secret_key=_secret_key(settings)), services


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the process's exit status."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("huey").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    try:
        return int(asked.run(asked, Settings.from_env()) or 0)
    except UserFacingError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def serve(asked: argparse.Namespace, settings: Settings) -> int:
    """The server: one process, many threads."""
    from gunicorn.app.base import BaseApplication

    class Server(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            self.cfg.set("bind", f"{settings.host}:{settings.port}")
            self.cfg.set("worker_class", "gthread")
            self.cfg.set("workers", 1)  # a second one would load every model twice and split batches
            self.cfg.set("threads", settings.threads)
            self.cfg.set("timeout", 300)
            self.cfg.set("graceful_timeout", 20)
            self.cfg.set("control_socket_disable", True)
            self.cfg.set("proc_name", "lightbox")
            self.cfg.set("worker_exit", lambda _server, worker: self._close(worker))

        def load(self) -> Any:
            app, self.services = create_app(settings)
            _greet(self.services.accounts, settings)
            self.services.start()
            return app.server

        def _close(self, _worker: object) -> None:
            if hasattr(self, "services"):
                self.services.close()

    Server().run()
    return 0


def segment(asked: argparse.Namespace, settings: Settings) -> int:
    """Read files without a server."""
    from models.tasks import task_named
    from services.assembly.commands import build_reader
    from services.reading.segmenting import Segmenting

    if asked.task is not None:
        task_named(asked.task)

    reader, batcher = build_reader(settings)
    segmenting = Segmenting(reader, settings)
    refused = 0
    for path in asked.files:
        if not path.exists():
            raise InvalidInput(f"There is no file {path}.")
        for report in segmenting.segment(path, asked.out, asked.task):
            refused += report["refused"]
            print(json.dumps(report) if asked.json else _line(report), flush=True)
    batcher.stop()
    return 0


def import_(asked: argparse.Namespace, settings: Settings) -> int:
    """Read a whole folder or archive, or pause, go on with or look at an import."""
    from services.assembly.commands import importing_alone

    reads = asked.folder is not None or asked.resume is not None
    if reads + (asked.pause is not None) + (asked.status is not None) != 1:
        raise InvalidInput("Give a folder to import, or one of --pause, --resume and --status.")
    with importing_alone(settings, reads=reads) as importing:
        if asked.pause is not None:
            importing.pause(importing.find(asked.pause).id)
        if not reads:
            _print_import(importing, importing.find(asked.pause or asked.status or "").id)
            return 0
        if asked.folder is not None:
            one = importing.start(asked.folder, asked.labels)
        else:
            one = importing.take_up(importing.find(asked.resume).id)
        print(f"import {one.id} of {one.folder}", flush=True)
        return _run_import(importing, one.id)


def _run_import(importing: Importing, import_id: str) -> int:
    from time import monotonic

    said_at = monotonic()

    def advance(progress: ImportProgress) -> None:
        nonlocal said_at
        if monotonic() - said_at >= IMPORT_LINE_EVERY_S:
            said_at = monotonic()
            print(_import_line(progress), flush=True)

    try:
        importing.run(import_id, advance)
    except KeyboardInterrupt:
        importing.pause(import_id)
        print(f"Paused; go on with: app.py import --resume {import_id[:8]}")
        return 130
    _print_import(importing, import_id)
    return 0


def _print_import(importing: Importing, import_id: str) -> None:
    view = importing.view(import_id)
    for refusal in importing.refusals(import_id):
        print(f"{refusal.name}: {refusal.sentence}")
    failure = f" {view.one.failure}" if view.one.failure else ""
    print(f"import {import_id} is {view.one.state.value}.{failure} {_import_line(view.progress)}")


def _import_line(progress: ImportProgress) -> str:
    """How far an import is, in words."""
    parts = [f"{progress.done + progress.failed:,} of {progress.items:,} items", f"{progress.added:,} new"]
    counts = {
        "known": progress.known,
        "labelled": progress.labelled,
        "refused": progress.refused - progress.failed,
        "failed": progress.failed,
    }
    return ", ".join(parts + [f"{count:,} {name}" for name, count in counts.items() if count])


def demo(asked: argparse.Namespace, settings: Settings) -> int:
    """Fill the house with patients of nobody, or take them out again."""
    from tqdm import tqdm

    from services.assembly.commands import demo_alone
    from services.demo.demonstration import PATIENTS

    if asked.remove and asked.patients is not None:
        raise InvalidInput("--remove takes out all of them; leave --patients away.")
    with demo_alone(settings, reads=not asked.remove) as demonstration:
        if asked.remove:
            with tqdm(total=demonstration.count(), unit="scan", delay=1) as bar:
                gone = demonstration.remove(bar.update)
            print(f"{gone:,} synthetic scans removed.")
            return 0
        patients = PATIENTS if asked.patients is None else asked.patients
        with tqdm(total=patients, unit="patient") as bar:
            added = demonstration.add(patients, bar.update)
    print(f"{added.read:,} synthetic scans read, {added.refused:,} refused; {added.known:,} were here.")
    print("Take them out with: app.py demo --remove")
    return 0


def train(asked: argparse.Namespace, settings: Settings) -> int:
    """Train a task and register the version."""
    from data.tracking import Tracking
    from services.training import training

    tracking = Tracking(settings.tracking_uri, settings.home / "mlflow")
    folder = asked.out or settings.home / "training" / (asked.compare or asked.task)
    plan = training.planned(asked.task, _changes(asked), asked.fold)
    if asked.compare:
        scores = training.compare(
            plan, asked.data, folder, tracking, name=asked.compare, device=settings.device
        )
        for dataset, values in scores.items():
            print(f"{asked.compare}: {dataset} {sum(values) / len(values):.4f} (n = {len(values)})")
        return 0
    finished = training.train(plan, asked.data, folder, tracking, resume=asked.resume, device=settings.device)
    if finished is None:  # one of several processes; the first one tells
        return 0
    print(f"registered as version {finished.version.version}; weights in {finished.trained.folder}")
    _print_figures(finished.evaluation.plain()["figures"])
    return 0


def _changes(asked: argparse.Namespace) -> dict[str, str]:
    changes = {}
    for one in asked.set:
        name, found, value = one.partition("=")
        if not found:
            raise InvalidInput(f"{one!r} is not of the form NAME=VALUE.")
        changes[name] = value
    for name in ("epochs", "seed"):
        if getattr(asked, name) is not None:
            changes[name] = str(getattr(asked, name))
    return changes


def register(asked: argparse.Namespace, settings: Settings) -> int:
    """Register a version that was trained elsewhere."""
    import getpass

    from services.assembly.commands import model_uploads_alone

    with model_uploads_alone(settings) as uploads:
        made = uploads.take_folder(asked.task, asked.folder, getpass.getuser(), asked.note)
    print(f"registered as version {made.version}; it serves nobody before it is promoted")
    return 0


def evaluate(asked: argparse.Namespace, settings: Settings) -> int:
    """Judge the version in force on labelled images."""
    from models.tasks import task_named
    from models.weights import REFERENCE, opened
    from services.assembly.stores import registry_of
    from services.training import training

    task = task_named(asked.task)
    trained = opened(asked.weights) if asked.weights else registry_of(settings).local(task.name)[0]
    if asked.reference:
        from services.training.drift_reference import make_reference

        count = make_reference(task, trained, asked.data, settings.device)
        print(f"{trained.folder / REFERENCE}: {count:,} scans")
        return 0
    fold = training.validation_fold(task, trained) if asked.validation else None
    evaluation = training.evaluate(task, trained, asked.data, fold, settings.device, asked.out)
    if asked.json:
        print(
            json.dumps({"task": task.name, "weights_sha256": trained.sha256} | evaluation.plain(), indent=2)
        )
    else:
        _print_figures(evaluation.plain()["figures"])
    return 0


def drift(asked: argparse.Namespace, settings: Settings) -> int:
    """Compare readings of a task with a reference, as the drift page does."""
    from data.records import DriftAsk
    from models.tasks import task_named
    from reports.typesetting import pdf
    from services.assembly.commands import drift_alone
    from services.reporting.drift_report import DriftReport

    task = task_named(asked.task).name
    with drift_alone(settings) as drift_services:
        known = drift_services.runs.references
        reference = known.named(task, asked.reference).id if asked.reference else None
        run = drift_services.runs.run_now(
            DriftAsk(task, reference, asked.last, asked.first, asked.to, asked.filters or "")
        )
        snapshot = drift_services.runs.content(run.id).decode()
        if asked.out is not None:
            asked.out.mkdir(parents=True, exist_ok=True)
            (asked.out / "drift.json").write_text(snapshot)
            (asked.out / "drift.html").write_bytes(drift_services.runs.html(run.id))
            written = DriftReport(drift_services.runs).write({"run": run.id}, "command line", lambda _: None)
            (asked.out / "drift.pdf").write_bytes(pdf(written.document))
        if asked.json:
            print(snapshot)
        else:
            found = json.loads(snapshot)
            print(f"{task} against {run.reference_name}: {run.severity}")
            print("\n".join([*found["verdict"], *found["notes"]]))
    return 0


def users(asked: argparse.Namespace, settings: Settings) -> int:
    """Accounts and tokens."""
    from data.database import migrate, open_database
    from services.accounts import accounts_of

    settings.home.mkdir(parents=True, exist_ok=True)
    database = open_database(settings.database_url)
    migrate(database)
    asked.act(asked, accounts_of(database))
    return 0


def _users_list(_: argparse.Namespace, accounts: Accounts) -> None:
    for user in accounts.all():
        state = "" if user.active else "  (deactivated)"
        print(f"{user.name:24} {user.role:10} {user.display_name}{state}")


def _users_add(asked: argparse.Namespace, accounts: Accounts) -> None:
    user, password = accounts.create(asked.name, asked.display_name or asked.name, Role(asked.role))
    print(f"{user.name} signs in with the one-time password {password}")


def _users_reset(asked: argparse.Namespace, accounts: Accounts) -> None:
    password = accounts.reset_password(_user(accounts, asked.name).id)
    print(f"{asked.name} signs in with the one-time password {password}")


def _users_token(asked: argparse.Namespace, accounts: Accounts) -> None:
    _, secret = accounts.create_token(_user(accounts, asked.name).id, asked.label)
    print(secret)


def _users_deactivate(asked: argparse.Namespace, accounts: Accounts) -> None:
    accounts.set_active(_user(accounts, asked.name).id, active=False)


def _user(accounts: Accounts, name: str) -> User:
    for user in accounts.all():
        if user.name == name.strip().lower():
            return user
    raise InvalidInput(f"There is no account called {name}.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="app.py", description="Lightbox reads brain MRI and chest X-rays.")
    parser.set_defaults(run=serve)
    commands = parser.add_subparsers(title="commands")

    commands.add_parser("serve", help="run the server (the default)").set_defaults(run=serve)

    one = commands.add_parser("segment", help="read files and write results beside each other")
    one.add_argument("files", nargs="+", type=Path, metavar="FILE", help="scan, zip, or DICOM folder")
    one.add_argument("--out", type=Path, required=True, metavar="DIR")
    one.add_argument("--task", metavar="TASK", help="allow only this task")
    one.add_argument("--json", action="store_true", help="print one JSON object a line")
    one.set_defaults(run=segment)

    one = commands.add_parser("import", help="read a folder or archive with thousands of files")
    one.add_argument("folder", nargs="?", type=Path, metavar="DIR", help="folder, zip or tar")
    one.add_argument("--labels", type=Path, metavar="CSV", help="what is known of the files")
    for name, text in (("pause", "have a run end"), ("resume", "go on"), ("status", "how far it is")):
        one.add_argument(
            f"--{name}", nargs="?", const="", metavar="ID", help=f"{text}; without an id, the latest one"
        )
    one.set_defaults(run=import_)

    one = commands.add_parser("demo", help="add synthetic patients, to see every page alive")
    one.add_argument("--patients", type=int, metavar="N", help="how many (300)")
    one.add_argument("--remove", action="store_true", help="take all of them out again")
    one.set_defaults(run=demo)

    one = commands.add_parser("train", help="train a task and register the version")
    one.add_argument("task", metavar="TASK", help="brain-tumour, pneumonia or suitability")
    one.add_argument("--data", type=Path, required=True, metavar="DIR")
    one.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    one.add_argument("--out", type=Path, metavar="DIR", help="where checkpoints and weights go")
    one.add_argument("--epochs", type=int, help="how often the set is gone through")
    one.add_argument("--seed", type=int, help="the same seed gives the same run")
    one.add_argument("--fold", type=int, choices=range(1, 6), help="patients to validate on")
    one.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="change a choice of the recipe"
    )
    one.add_argument(
        "--compare", metavar="NAME", help="log a run to compare choices by; nothing is registered"
    )
    one.set_defaults(run=train)

    one = commands.add_parser("register", help="register a version that was trained elsewhere")
    one.add_argument("task", metavar="TASK", help="brain-tumour, pneumonia or suitability")
    one.add_argument("folder", type=Path, metavar="DIR", help="weights.safetensors, settings.json, card.md")
    one.add_argument("--note", default="", metavar="TEXT", help="what it is, for the Models page")
    one.set_defaults(run=register)

    one = commands.add_parser("evaluate", help="judge the version in force on labelled images")
    one.add_argument("task", metavar="TASK", help="brain-tumour, pneumonia or suitability")
    one.add_argument("--data", type=Path, required=True, metavar="DIR")
    one.add_argument("--validation", action="store_true", help="only patients that were never trained on")
    one.add_argument(
        "--reference", action="store_true", help="make what drift is measured against, beside the weights"
    )
    one.add_argument("--weights", type=Path, metavar="DIR", help="a folder of weights instead")
    one.add_argument("--out", type=Path, metavar="DIR", help="table, curves and the worst cases go there")
    one.add_argument("--json", action="store_true")
    one.set_defaults(run=evaluate)

    one = commands.add_parser("drift", help="compare the newest readings with a reference")
    one.add_argument("task", metavar="TASK", help="brain-tumour or pneumonia")
    one.add_argument("--reference", metavar="NAME", help="a reference (the live version's training data)")
    one.add_argument("--last", type=int, metavar="N", help="the newest N readings (1000)")
    one.add_argument("--from", dest="first", metavar="DAY", help="from this day on, such as 2026-11-01")
    one.add_argument("--to", metavar="DAY", help="up to this day, which is included")
    one.add_argument("--filters", metavar="QUERY", help="as in the cohort page's address, site=North")
    one.add_argument("--out", type=Path, metavar="DIR", help="drift.json and drift.html go there")
    one.add_argument("--json", action="store_true", help="print every number")
    one.set_defaults(run=drift)

    _users_parser(commands.add_parser("users", help="accounts and access tokens"))
    return parser


def _users_parser(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=users, act=_users_list)
    acts = parser.add_subparsers(title="what to do")
    acts.add_parser("list").set_defaults(act=_users_list)
    one = acts.add_parser("add", help="create an account with a one-time password")
    one.add_argument("name")
    one.add_argument("--role", choices=[role.value for role in Role], required=True)
    one.add_argument("--display-name")
    one.set_defaults(act=_users_add)
    for name, act, text in (
        ("reset", _users_reset, "give a new one-time password"),
        ("deactivate", _users_deactivate, "end an account"),
    ):
        one = acts.add_parser(name, help=text)
        one.add_argument("name")
        one.set_defaults(act=act)
    one = acts.add_parser("token", help="make a bearer token for scripts")
    one.add_argument("name")
    one.add_argument("--label", default="script")
    one.set_defaults(act=_users_token)


def _greet(accounts: Accounts, settings: Settings) -> None:
    first = accounts.ensure_first_administrator()
    print(f"\n  Lightbox runs on http://{settings.host}:{settings.port}")
    if first is not None:
        user, password = first
        print(f"  Sign in as {user.name} with the one-time password {password}")
    print(flush=True)


def _secret_key(settings: Settings) -> str:
    """The key that signs sessions: a setting, or a file made at the first start."""
    if settings.secret_key:
        return settings.secret_key
    file = settings.home / "secret.key"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(48))
    return file.read_text()


def _line(report: dict[str, Any]) -> str:
    if report["refused"]:
        return f"{report['name']}: refused. {report['reason']}"
    size = "" if report["volume_ml"] is None else f", {report['volume_ml']:.2f} mL"
    return f"{report['name']}: {report['task']}, probability {report['probability']:.3f}{size}"


def _print_figures(figures: dict[str, dict[str, float | None]]) -> None:
    for name, figure in figures.items():
        if figure["value"] is None:
            print(f"{name:32} not defined  (n = {figure['n']})")
            continue
        ends = [figure["low"], figure["high"]]
        interval = " to ".join("?" if end is None else f"{end:.4f}" for end in ends)
        print(f"{name:32} {figure['value']:.4f}  (95 % {interval}, n = {figure['n']})")


if __name__ == "__main__":
    sys.exit(main())
