"""A Ray cluster of several nodes on this machine, started by a test as docs/ray.md says."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.deploy.running_house import ROOT
from tests.integration.servers import free_port

PYTHON = ROOT / ".ray-env" / "bin" / "python"
RAY = ROOT / ".ray-env" / "bin" / "ray"
WORKERS = ("ray::Worker", "ray::Trainer")
"""How workers' processes are titled, before what they do right now."""
_SERVICES = ("dashboard-agent-listen", "dashboard-agent-grpc", "metrics-export", "runtime-env-agent")
_FIRST = -15
_WAITS = ("RAY_raylet_start_wait_time_s", "RAY_CLIENT_SERVER_CHECK_CHANNEL_TIMEOUT_S")
TOKEN = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "0123456789abcdef" * 2}
"""What lets nodes and commands of a test into its cluster, and nobody else."""
_STORE_BYTES = 200 << 20
_PATIENCE_S = 120


@dataclass
class RayNodes:
    """A head that does no work, and nodes with one core each that do."""

    folder: Path
    port: int = field(default_factory=free_port)
    client_port: int = field(default_factory=free_port)
    nodes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def address(self) -> str:
        """What stands behind `--on`."""
        return f"ray://127.0.0.1:{self.client_port}"

    def start_head(self) -> None:
        """The node that others find each other by."""
        words = ["--head", "--port", self.port, "--ray-client-server-port", self.client_port]
        words += ["--include-dashboard=false", "--num-cpus", 0, "--temp-dir", self.folder / "t"]
        self._start("head", *words)

    def start_worker(self, code: Path = ROOT) -> subprocess.Popen[bytes]:
        """A node with room for one worker, which runs the code of a folder."""
        words = ["--address", f"127.0.0.1:{self.port}", "--num-cpus", 1, "--resources", '{"lightbox": 1}']
        return self._start(f"worker-{len(self.nodes)}", *words, code=code)

    def _start(self, name: str, *words: object, code: Path = ROOT) -> subprocess.Popen[bytes]:
        log = self.folder / f"{name}.log"
        own = {"TMPDIR": str(self.folder), "LIGHTBOX_DEVICE": "cpu", "RAY_USAGE_STATS_ENABLED": "0"}
        own |= TOKEN | {name: str(_PATIENCE_S) for name in _WAITS}
        command = [RAY, "start", "--block", "--node-ip-address", "127.0.0.1", *words]
        command += ["--object-store-memory", _STORE_BYTES, "--min-worker-port", 0, "--max-worker-port", 0]
        for service in _SERVICES:  # chosen here: a node waits only some seconds for those that they choose
            command += [f"--{service}-port", free_port()]
        with log.open("wb") as output:
            node = subprocess.Popen(
                [str(word) for word in command],
                cwd=code,
                env=os.environ | own | {"PYTHONPATH": str(code)},
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.nodes.append(node)
        _hurry(node.pid, _FIRST)
        until = time.monotonic() + _PATIENCE_S
        while "Ray runtime started" not in log.read_text(errors="replace"):
            assert node.poll() is None, log.read_text(errors="replace")[-3000:]
            assert time.monotonic() < until, log.read_text(errors="replace")[-3000:]
            time.sleep(0.1)
        _hurry(node.pid, 0)
        return node

    def workers(self) -> list[psutil.Process]:
        """The processes of this cluster that decode and read, or train."""
        workers = []
        for node in self.nodes:
            with suppress(psutil.NoSuchProcess):
                workers += [p for p in psutil.Process(node.pid).children(recursive=True) if _works(p)]
        return workers

    def stop_node(self, node: subprocess.Popen[bytes]) -> None:
        """End every process of a node."""
        self.nodes.remove(node)
        _end([node])

    def stop(self) -> None:
        """End every process of every node, the head last."""
        _end(list(reversed(self.nodes)))
        self.nodes.clear()


def _end(nodes: list[subprocess.Popen[bytes]]) -> None:
    started: list[psutil.Process] = []
    for node in nodes:
        with suppress(psutil.NoSuchProcess):
            started += [psutil.Process(node.pid), *psutil.Process(node.pid).children(recursive=True)]
    for node in nodes:
        node.send_signal(signal.SIGTERM)
    psutil.wait_procs(started, timeout=20)
    for process in started:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    for node in nodes:
        node.wait()


def _hurry(pid: int, niceness: int) -> None:
    """Put a node before or beside others: Ray gives it seconds to come up, on busy machines too."""
    with suppress(OSError, psutil.Error):
        for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
            process.nice(niceness)
        Path(f"/proc/{pid}/autogroup").write_text(str(niceness))  # what counts between sessions


def _works(process: psutil.Process) -> bool:
    try:
        return process.cmdline()[:1] != [] and process.cmdline()[0].startswith(WORKERS)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


@contextmanager
def ray_nodes(folder: Path, workers: int) -> Iterator[RayNodes]:
    """A head and so many nodes that work."""
    nodes = RayNodes(folder)
    try:
        nodes.start_head()
        for _ in range(workers):
            nodes.start_worker()
        yield nodes
    finally:
        nodes.stop()


def settled(home: Path) -> int:
    """Items of an import that are done."""
    with suppress(sqlite3.OperationalError):
        database = sqlite3.connect(home / "lightbox.db")
        (done,) = database.execute("SELECT count(*) FROM import_items WHERE state != 'waiting'").fetchone()
        database.close()
        return int(done)
    return 0
