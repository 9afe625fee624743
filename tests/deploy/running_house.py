"""A house that runs as people run it: `app.py` in a process of its own, on a home folder."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.integration.servers import free_port

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
_PATIENCE_S = 120


def wait_for(what: Callable[[], object], process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until something holds while a process runs; its log is told where it does not."""
    until = time.monotonic() + _PATIENCE_S
    while not what():
        assert process.poll() is None, log.read_text(errors="replace")[-3000:]
        assert time.monotonic() < until, log.read_text(errors="replace")[-3000:]
        time.sleep(0.1)


def answers(url: str) -> bool:
    """Whether an address answers with 200."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@contextmanager
def running(command: list[str], log: Path, ready: str, **environment: object) -> Iterator[None]:
    """A program until the end of the block, once `ready` answers."""
    env = os.environ | {name: str(value) for name, value in environment.items()}
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=output, stderr=output)
    try:
        wait_for(lambda: answers(ready), process, log)
        yield
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@dataclass(frozen=True)
class House:
    """Where a running house is."""

    home: Path
    port: int

    @property
    def url(self) -> str:
        """Its own address, behind any proxy."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def running_house(home: Path, ready: str = "/readyz", **settings: object) -> Iterator[House]:
    """`app.py serve` on a home folder, once it reads scans, or once `ready` answers."""
    house = House(home, free_port())
    said = {"LIGHTBOX_HOME": home, "LIGHTBOX_PORT": house.port, **settings}
    command = [sys.executable, "app.py", "serve"]
    with running(command, home.with_name("house.log"), f"{house.url}{ready}", **said):
        yield house
