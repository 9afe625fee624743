"""The server as people run it, on the home folder of a DICOM node."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable

from tests.integration.dicom_node import PATIENCE_S, ROOT, Node
from tests.integration.servers import free_port


def wait_for(what: Callable[[], object], within_s: float = PATIENCE_S) -> None:
    until = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < until
        time.sleep(0.1)


class ReadingServer:
    """`app.py` in a process of its own; it can be killed, and started again there."""

    def __init__(self, beside: Node, silence_s: int) -> None:
        self._home = beside.home
        port = free_port()
        self._url = f"http://127.0.0.1:{port}/healthz"
        said = {"LIGHTBOX_HOME": beside.home, "LIGHTBOX_PORT": port}
        said["LIGHTBOX_DICOM_SILENCE_SECONDS"] = silence_s
        self._environment = os.environ | {name: str(value) for name, value in said.items()}
        self._log = beside.home.with_name("server.log")

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "app.py"],
                cwd=ROOT,
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

        wait_for(self._answers)

    def _answers(self) -> bool:
        assert self._process.poll() is None, self._log.read_text()
        try:
            with urllib.request.urlopen(self._url, timeout=5):
                return True
        except OSError:
            return False

    def kill(self) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        self._process.terminate()
        assert self._process.wait(60) == 0
        assert "Traceback" not in self._log.read_text(), self._log.read_text()
