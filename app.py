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

from data.errors import InvalidInput, UserFacingError
from data.records import Role
from services.settings import Settings

if TYPE_CHECKING:
    from dash import Dash

    from data.records import User
    from services.accounts import Accounts
    from services.container import Services


def create_app(settings: Settings) -> tuple[Dash, Services]:
    """The Dash app and the services behind it, built from `settings`; nothing is started."""
    from dashboard.build import build_dashboard
    from services.container import build_services

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
    from services.container import build_reader
    from services.segmenting import Segmenting

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


def train(asked: argparse.Namespace, settings: Settings) -> int:
    """Train a task and register the version."""
    from data.tracking import Tracking
    from services import training

    finished = training.train(
        asked.task,
        asked.data,
        asked.out or settings.home / "training" / asked.task,
        Tracking(settings.tracking_uri, settings.home / "mlflow"),
        resume=asked.resume,
        epochs=asked.epochs,
        seed=asked.seed,
        device=settings.device,
    )
    print(f"registered as version {finished.version.version}; weights in {finished.trained.folder}")
    _print_figures(finished.evaluation.plain()["figures"])
    return 0


def evaluate(asked: argparse.Namespace, settings: Settings) -> int:
    """Judge the version in force on labelled images."""
    from models.tasks import task_named
    from models.weights import opened
    from services import training
    from services.container import build_registry

    task = task_named(asked.task)
    trained = opened(asked.weights) if asked.weights else build_registry(settings).local(task.name)[0]
    evaluation = training.evaluate(task, trained, asked.data, asked.validation, settings.device)
    if asked.json:
        print(
            json.dumps({"task": task.name, "weights_sha256": trained.sha256} | evaluation.plain(), indent=2)
        )
    else:
        _print_figures(evaluation.plain()["figures"])
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
    one.add_argument("--task", choices=["brain-tumour", "pneumonia"], help="allow only this task")
    one.add_argument("--json", action="store_true", help="print one JSON object a line")
    one.set_defaults(run=segment)

    tasks = ["brain-tumour", "pneumonia", "suitability"]
    one = commands.add_parser("train", help="train a task and register the version")
    one.add_argument("task", choices=tasks, metavar="TASK")
    one.add_argument("--data", type=Path, required=True, metavar="DIR")
    one.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    one.add_argument("--out", type=Path, metavar="DIR", help="where checkpoints and weights go")
    one.add_argument("--epochs", type=int)
    one.add_argument("--seed", type=int)
    one.set_defaults(run=train)

    one = commands.add_parser("evaluate", help="judge the version in force on labelled images")
    one.add_argument("task", choices=tasks, metavar="TASK")
    one.add_argument("--data", type=Path, required=True, metavar="DIR")
    one.add_argument("--validation", action="store_true", help="only patients that were never trained on")
    one.add_argument("--weights", type=Path, metavar="DIR", help="a folder of weights instead")
    one.add_argument("--json", action="store_true")
    one.set_defaults(run=evaluate)

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


def _print_figures(figures: dict[str, dict[str, float]]) -> None:
    for name, figure in figures.items():
        interval = f"95 % {figure['low']:.4f} to {figure['high']:.4f}"
        print(f"{name:32} {figure['value']:.4f}  ({interval}, n = {figure['n']})")


if __name__ == "__main__":
    sys.exit(main())
