"""Servers as processes of their own: started, waited for, held while another one is measured, ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from json import dumps
from pathlib import Path

from services.inference.threads import network_threads
from tests.benchmarks.peers.load import Calls, Measured

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_S = 300.0
ENDING_S = 10.0
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Server:
    """A running server with all the processes that it started."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    log: Path
    heartbeat_s: float = 0.0  # its parent process ends children that were silent: they go on before it

    def hold(self) -> None:
        """Let none of its processes run, so that what it does while idle takes nothing of another's time."""
        until = time.monotonic() + ENDING_S
        while time.monotonic() < until and not self._tell(signal.SIGSTOP):
            time.sleep(0.01)

    def go_on(self) -> None:
        """Let them run again."""
        if self.heartbeat_s:
            self._tell(signal.SIGCONT, but=self.process.pid)
            time.sleep(self.heartbeat_s)
        self._tell(signal.SIGCONT)

    def processor_seconds(self) -> float:
        """What its processes, and those of them that have ended, have had of the processor."""
        of_all = _processes()
        return sum(of_all[pid].seconds for pid in _family(of_all, self.process.pid))

    def wait_until_it_answers(self, path: str) -> None:
        """Raises RuntimeError, with the end of its log, where it does not within some minutes."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until and self.process.poll() is None:
            with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5):
                return
            time.sleep(0.2)
        raise RuntimeError(f"{self.name} does not answer: {self.log.read_text()[-3000:]}")

    def end(self) -> None:
        """End all of its processes."""
        self.go_on()
        family = _family(_processes(), self.process.pid)
        with suppress(ProcessLookupError):
            os.kill(self.process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(ENDING_S)
        for pid in family:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        until = time.monotonic() + ENDING_S
        while time.monotonic() < until and family & _processes().keys():
            time.sleep(0.05)

    def _tell(self, sent: signal.Signals, but: int | None = None) -> bool:
        """Send a signal to all of them; whether all stood still already."""
        of_all = _processes()
        family = _family(of_all, self.process.pid) - {but}
        for pid in family:
            with suppress(ProcessLookupError):
                os.kill(pid, sent)
        return all(of_all[pid].state in "TZ" for pid in family)


@contextmanager
def running(
    name: str, command: Sequence[str], port: int, folder: Path, environment: dict[str, str], ready: str
) -> Iterator[Server]:
    """A server that answers at `ready`, in a session of its own; its log is in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    log, threads = folder / "log.txt", {"OMP_NUM_THREADS": str(network_threads())}
    with log.open("wb") as written:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=os.environ | threads | {"PYTHONPATH": str(ROOT)} | environment,
            stdout=written,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = Server(name, port, process, log)
    try:
        server.wait_until_it_answers(ready)
        yield server
    finally:
        server.end()


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        port: int = asked.getsockname()[1]
        return port


def measured(calls: Calls) -> Measured:
    """What the callers saw, from a process of their own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.peers.load"],
        cwd=ROOT,
        input=dumps(asdict(calls)),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-3000:])
    return Measured.from_json(done.stdout)


@dataclass(frozen=True)
class _Process:
    state: str
    parent: int
    session: int
    seconds: float


def _processes() -> dict[int, _Process]:
    """All processes of the machine, by the kernel's table (proc(5), `stat`)."""
    table: dict[int, _Process] = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            values = file.read_text().rpartition(")")[2].split()
            spent = sum(int(ticks) for ticks in values[11:15]) / _TICKS  # own and ended children's
            table[int(file.parent.name)] = _Process(values[0], int(values[1]), int(values[3]), spent)
    return table


def _family(table: dict[int, _Process], root: int) -> set[int]:
    """Processes of a session, and whatever they started in sessions of its own."""
    family = {pid for pid, process in table.items() if pid == root or process.session == root}
    while more := {pid for pid, process in table.items() if process.parent in family} - family:
        family |= more
    return family
