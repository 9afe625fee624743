"""A training in a process of its own, at the lowest priority: readings and pages come first.

It is `app.py train`, as a person would type it. It ends with this process, however that ends; the next one
goes on from the last checkpoint.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from data.errors import Busy
from services.settings import Settings

LOG = "log.txt"
USER_ERROR = 2
"""The exit status of a command that says in its last line what is wrong."""

ENDED_EARLY = 143
"""That of a training whose program has gone: the same as of a process that was told to end."""

_ROOT = Path(__file__).resolve().parents[2]
_GRACE_S = 10.0
_LONGEST_SENTENCE = 500


class TrainingProcesses:
    """The trainings that this server has begun, by the name of what they are for."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._lock = threading.Lock()
        self._closed = False

    def begun(
        self, name: str, task: str, folder: Path, changes: Sequence[str], tags: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        """The training of this name: begun, or gone on with, where this server has not done so yet.

        On what lies in `folder`/data, with its log in `folder`/log.txt. `changes` of the recipe are texts
        NAME=VALUE, `tags` are those of the run. Raises Busy while the server stops.
        """
        command = [
            "nice",
            "-n",
            "19",
            sys.executable,
            "app.py",
            "train",
            task,
            "--resume",
            "--until-stdin-closes",
        ]
        command += ["--data", str(folder / "data"), "--out", str(folder / "out")]
        command += [word for change in changes for word in ("--set", change)]
        command += [word for tag in tags.items() for word in ("--tag", "=".join(tag))]
        with self._lock:
            if self._closed:
                raise Busy("The server is stopping.")
            if name not in self._running:
                with (folder / LOG).open("ab") as log:
                    self._running[name] = subprocess.Popen(  # noqa: S603
                        command,
                        cwd=_ROOT,
                        env=self._environment(),
                        stdin=subprocess.PIPE,
                        stdout=log,
                        stderr=log,
                    )
            return self._running[name]

    def runs(self, name: str) -> bool:
        """Whether one was begun by this server, and has not ended."""
        process = self._running.get(name)
        return process is not None and process.poll() is None

    def forget(self, name: str) -> None:
        """End one, where it runs, and think of it no more."""
        with self._lock:
            process = self._running.pop(name, None)
        if process is not None:
            _end(process)

    def close(self) -> None:
        """End all, and begin none; each goes on at the next start."""
        with self._lock:
            self._closed = True
            processes, self._running = list(self._running.values()), {}
        for process in processes:
            _end(process)

    def _environment(self) -> dict[str, str]:
        """This process's own, with what the settings say of it."""
        settings = self._settings
        ours = {"LIGHTBOX_HOME": str(settings.home), "MLFLOW_TRACKING_URI": settings.tracking_uri}
        if settings.device:
            ours["LIGHTBOX_DEVICE"] = settings.device
        return os.environ | {name: value for name, value in ours.items() if value}


def last_sentence(folder: Path, status: int) -> str:
    """What a training that failed with a status said of it."""
    lines = (folder / LOG).read_text(errors="replace").strip().splitlines() if (folder / LOG).exists() else []
    if status == USER_ERROR and lines:
        return lines[-1][:_LONGEST_SENTENCE]
    return f"The training ended with status {status}; what it wrote is in the server's log."


def _end(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(_GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
