"""Asking the check for the way in which a version is run here, once, and remembering it."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from pathlib import Path

from data.codec import to_json
from models import tasks
from models.device import Device
from models.task import Task
from models.weights import Trained
from services.inference.backends.backend import Backend, Library
from services.inference.choice import Asked, Choice, KeptChoices, Wanted, machine_of, unchecked
from services.inference.threads import network_threads

log = logging.getLogger(__name__)

LONGEST_S = 3600.0
_ROOT = Path(__file__).resolve().parents[2]
_NOT_ASKED = "As the network was trained: the setting LIGHTBOX_BACKEND says so."
_NOT_SHIPPED = "As the network was trained: the check knows only the tasks that Lightbox ships with."
_NOT_YET = "As the network was trained, until the check that chooses a faster way has run."
_FAILED = "As the network was trained: the check of faster ways failed, and is made again at the next start."
_TOO_LONG = "As the network was trained: the check of faster ways took too long."


class Choosing:
    """The choices of this machine. May be asked by several threads."""

    def __init__(self, folder: Path, device: Device, wanted: Wanted = Wanted.AUTO) -> None:
        self._wanted = wanted
        self._device = device
        self._kept = KeptChoices(folder, machine_of(device, wanted))
        self._folder = folder
        self._one_at_a_time = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._closed = False

    def known(self, task: Task, trained: Trained) -> Choice | None:
        """The choice for a version, where nothing has to be tried for it."""
        if self._wanted is Wanted.EXACT:
            return unchecked(_NOT_ASKED)
        if tasks.ALL.get(task.name) is not task:
            return unchecked(_NOT_SHIPPED)
        return self._kept.get(trained.sha256)

    def made(self, task: Task, trained: Trained) -> Choice:
        """The choice for a version, by the check where it is not known; that takes a minute."""
        known = self.known(task, trained)
        if known is not None:
            return known
        said = self._checked(task, trained)
        return self._kept.get(trained.sha256) or unchecked(said)

    def provisional(self) -> Choice:
        """What a version is run by until its choice is made."""
        return unchecked(_NOT_YET, settled=False)

    def opened(self, trained: Trained, choice: Choice) -> Backend | None:
        """The converted network of a choice; None where the network is run by torch.

        Raises RuntimeError for a damaged one.
        """
        file = self._kept.network_file(trained.sha256, choice)
        if choice.library is not Library.OPENVINO or file is None:
            return None
        from services.inference.backends.openvino_backend import (
            OpenVinoBackend,
        )  # where torch is not asked for

        return OpenVinoBackend(file, choice.precision, network_threads())

    def _checked(self, task: Task, trained: Trained) -> str:
        """Have the check run; returns what to say where it left no choice."""
        asked = Asked(task.name, trained.folder.resolve(), self._folder, str(self._device), self._wanted)
        command, pipe = [sys.executable, "-m", "services.inference.check"], subprocess.PIPE
        with self._one_at_a_time:
            if self._closed:
                return _NOT_YET
            self._process = subprocess.Popen(
                command, cwd=_ROOT, stdin=pipe, stdout=subprocess.DEVNULL, stderr=pipe, text=True
            )
            try:
                _, said = self._process.communicate(to_json(asked), timeout=LONGEST_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.communicate()
                log.error("the check of %s took longer than %.0f s", task.name, LONGEST_S)
                return _TOO_LONG
        if self._process.returncode:
            log.error("the check of %s ended with %d: %s", task.name, self._process.returncode, said[-2000:])
        return _FAILED

    def close(self) -> None:
        """End a check that is under way; it is made again at the next start."""
        self._closed = True
        if self._process is not None:
            self._process.terminate()
