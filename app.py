"""Lightbox: the composition root and the command line. Builds everything, holds no logic.

The commands are in `services/commands`; only the server is here, because it alone needs the dashboard.
What is heavy is imported where it is needed, so that `--help` and `users` answer at once.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TextIO

# No library of ours reports to anybody: set before any of them is imported.
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # services/inference/threads.py: whose the cores are
os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # torch's profiler, by which a rehearsal measures memory

from data.errors import LightboxError, Outage, UserFacingError
from services.commands import command_line
from services.settings import Settings

_TRIES_AGAIN_S = 5.0  # after an outage of the database or the disk at a start

if TYPE_CHECKING:
    from dash import Dash

    from services.accounts import Accounts
    from services.assembly.container import Services


def create_app(settings: Settings) -> tuple[Dash, Services]:
    """The Dash app and the services behind it, built from `settings`; nothing is started."""
    from dashboard.build import build_dashboard
    from services.assembly.container import build_services

    services = build_services(settings)
    return build_dashboard(services, secret_key=_secret_key(settings)), services


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the process's exit status."""
    chosen = command_line(serve).parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("huey").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    try:
        return int(chosen.run(chosen, Settings.from_env()))
    except UserFacingError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def serve(_: argparse.Namespace, settings: Settings) -> int:
    """The server: one process, many threads."""
    from gunicorn.app.base import BaseApplication
    from gunicorn.arbiter import Arbiter

    from services.assembly.servers import starting
    from services.outages import outages_told
    from services.process_memory import share_arenas

    share_arenas()

    class Server(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            self.cfg.set("bind", f"{settings.host}:{settings.port}")
            self.cfg.set("worker_class", "gthread")
            self.cfg.set("workers", 1)  # a second one would load every model twice and split batches
            self.cfg.set("threads", settings.threads)
            self.cfg.set("timeout", 300)
            self.cfg.set("keepalive", 75)  # with 2 s, browsers ask on connections that are just being closed
            self.cfg.set("graceful_timeout", 20)
            self.cfg.set("control_socket_disable", True)
            self.cfg.set("proc_name", "lightbox")
            self.cfg.set("worker_exit", lambda _server, worker: self._close(worker))

        def load(self) -> Any:
            try:
                with outages_told(), starting(settings):
                    app, self.services = create_app(settings)
                    _greet(self.services.accounts, settings)
                    self.services.start(once_loaded=_keep_for_good)
            except LightboxError as error:
                _say(f"\n  Lightbox cannot start: {error}", sys.stderr)
                if not isinstance(error, Outage):
                    sys.exit(Arbiter.APP_LOAD_ERROR)  # which ends the server
                time.sleep(_TRIES_AGAIN_S)  # then gunicorn starts this process anew
                sys.exit(1)
            return app.server

        def _close(self, _worker: object) -> None:
            if hasattr(self, "services"):
                self.services.close()

    Server().run()
    return 0


def _keep_for_good() -> None:
    """Leave what is here now out of every later search for garbage: it stays as long as the server runs.

    Such a search goes through all objects and holds the interpreter's lock: every page waits for it.
    """
    gc.collect()
    gc.freeze()


def _greet(accounts: Accounts, settings: Settings) -> None:
    first = accounts.ensure_first_administrator()
    lines = ["", f"  Lightbox runs on http://{settings.host}:{settings.port}"]
    if first is not None:
        user, password = first
        lines.append(f"  Sign in as {user.name} with the one-time password {password}")
    _say("\n".join([*lines, ""]), sys.stdout)


def _say(text: str, stream: TextIO) -> None:
    """Tell whoever started this; that the disk of the log is full is no reason not to work."""
    with suppress(OSError):
        print(text, file=stream, flush=True)


def _secret_key(settings: Settings) -> str:
    from services.secret_key import secret_key

    return secret_key(settings)


if __name__ == "__main__":
    sys.exit(main())
