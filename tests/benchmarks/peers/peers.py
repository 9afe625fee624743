"""The other servers: how each is started, what it was given, and how it is asked."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.benchmarks.peers.load import Calls
from tests.benchmarks.peers.servers import ROOT, Server, free_port, running
from tests.benchmarks.peers.serving.given import Given

ENVIRONMENT = ROOT / ".peers"
PYTHON = ENVIRONMENT / "bin" / "python"
SERVING = "tests.benchmarks.peers.serving"
MISSING = "the environment of the other servers is not there: `make peers` makes it (some minutes, 7 GB)"


@dataclass(frozen=True)
class Peer:
    """A server that is measured beside Lightbox."""

    name: str
    given: str  # in words, beside threads and batch
    command: tuple[str, ...]
    path: str
    ready: str
    content_type: str = "application/json"

    def body(self, content: bytes) -> bytes:
        """A request for one input."""
        words = base64.b64encode(content).decode()
        if self.name == "LitServe":
            return json.dumps({"input": words}).encode()
        if self.name == "BentoML":
            return json.dumps({"inputs": [words]}).encode()
        if self.name == "MLflow":
            return json.dumps({"dataframe_split": {"columns": ["input"], "data": [[words]]}}).encode()
        return content


PEERS = (
    Peer(
        "LitServe",
        "one worker, one API process, its fast queue",
        (str(PYTHON), "-m", f"{SERVING}.litserve_server"),
        "/predict",
        "/health",
    ),
    Peer(
        "Ray Serve",
        "one replica with all cores, 128 requests at a time, raw bytes",
        (str(PYTHON), "-m", f"{SERVING}.ray_server"),
        "/",
        "/-/healthz",
        "application/octet-stream",
    ),
    Peer(
        "BentoML",
        "one worker, its adaptive batching with a latency limit of 60 s",
        (str(ENVIRONMENT / "bin" / "bentoml"), "serve", f"{SERVING}.bentoml_service:Segmentation"),
        "/answers",
        "/readyz",
    ),
    Peer(
        "MLflow",
        "a worker a core with one thread each, as it gathers no batches",
        (str(ENVIRONMENT / "bin" / "mlflow"), "models", "serve"),
        "/invocations",
        "/ping",
    ),
)


@contextmanager
def peer(which: Peer, given: Given, folder: Path) -> Iterator[Server]:
    """The server, ready to answer."""
    port = free_port()
    command, given = [*which.command], replace(given, port=port)
    if which.name == "BentoML":
        command += ["--port", str(port), "--host", "127.0.0.1"]
    if which.name == "MLflow":
        workers, given = given.threads, replace(given, threads=1)
        command += ["-m", str(_model(folder, given)), "--port", str(port), "--workers", str(workers)]
        command += ["--env-manager", "local", "--timeout", "300"]
    home = {"HOME": str(folder)}  # what a server leaves behind goes with the folder
    with running(which.name, command, port, folder, home | _environment(given), which.ready) as server:
        yield server


def calls(
    which: Peer, server: Server, bodies: list[str], answer_bytes: int, callers: int, requests: int
) -> Calls:
    """Requests to a peer, whose answer must at least be as long as the bytes of the mask's logits."""
    headers = {"Content-Type": which.content_type}
    return Calls(server.port, which.path, headers, bodies, callers, requests, least_answer=answer_bytes)


def _environment(given: Given) -> dict[str, str]:
    return given.environment() | {
        "PATH": f"{ENVIRONMENT / 'bin'}:/usr/bin:/bin",
        "BENTOML_DO_NOT_TRACK": "True",
        "BENTOML_HOME": str(ENVIRONMENT / "bentoml"),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_AUTH_MODE": "disabled",
        "RAY_worker_niceness": "0",  # by default its workers give way to everything else
        # It is held while others are measured, and would else take its own processes for dead.
        "RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S": "120",
        "RAY_SERVE_PROXY_HEALTH_CHECK_PERIOD_S": "3600",
        "RAY_SERVE_PROXY_HEALTH_CHECK_TIMEOUT_S": "3600",
        "RAY_health_check_failure_threshold": "1000",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
    }


def _model(folder: Path, given: Given) -> Path:
    """The network as a model of MLflow's, written by its own environment."""
    model = folder / "model"
    if not model.exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            [str(PYTHON), "-m", f"{SERVING}.mlflow_model", str(model)],
            cwd=folder,
            env={"PYTHONPATH": str(ROOT), "HOME": str(folder)} | _environment(given),
            check=True,
            capture_output=True,
        )
    return model
