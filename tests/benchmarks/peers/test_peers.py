"""Lightbox beside other servers of networks, all with the same network, in one run; nothing is asserted.

`make peers` makes the environment that they need. All take turns in each round while the others are held;
every peer serves the network once by plain PyTorch and once in the way that Lightbox chose here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import pytest
import torch

from models import tasks, weights
from models.device import chosen_device
from services.inference.backends.backend import EXACT, Kind, Library
from services.inference.batcher import MicroBatcher
from services.inference.choice import NETWORK
from services.inference.choosing import Choosing
from services.inference.engine import Engine, Loaded, Output
from services.inference.threads import network_threads
from services.versions.registry import SHIPPED
from tests.benchmarks.peers.house import lightbox, slices
from tests.benchmarks.peers.load import Calls, Measured, called
from tests.benchmarks.peers.peers import ENVIRONMENT, MISSING, PEERS, PYTHON, Peer, calls, peer
from tests.benchmarks.peers.servers import Server, measured
from tests.benchmarks.peers.serving.given import Given
from tests.benchmarks.peers.table import Row, machine, table, verdicts

TASK = tasks.ALL["brain-tumour"]
ROUNDS = int(os.environ.get("PEERS_ROUNDS", "5"))
BATCH, WAIT_MS = 16, 4.0
"""What Lightbox's batcher has by default, and so every peer."""
FORWARD_BATCH, FORWARD_BATCHES = 8, 8
REQUESTS = {1: 16, 32: 128}
PLAIN_REQUESTS = {1: 6, 32: 64}  # plain PyTorch takes several times as long
HOME = ENVIRONMENT / "house"
"""Lightbox's home: its networks stay for the next run, which finds them chosen."""

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3600)]


@dataclass(frozen=True)
class Contestant:
    """What takes its turn: a row for each number of callers, and what measures one of them in a round."""

    rows: tuple[Row, ...]
    measure: Callable[[int, int], Measured]  # round, callers
    server: Server | None = None

    def take_turn(self, number: int) -> None:
        """Be measured once by each number of callers, and then be held; the round 0 only warms up."""
        if self.server is None:
            self._measured(number, lambda: 0.0)
            return
        self.server.go_on()
        self._measured(number, self.server.processor_seconds)
        self.server.hold()

    def _measured(self, number: int, spent: Callable[[], float]) -> None:
        for row in self.rows:
            before = spent()
            taken = self.measure(number, row.callers)
            if number:
                row.rounds.append(taken)
                if self.server is not None:
                    row.processor_ms.append(1000 * (spent() - before) / len(taken.requests))


@pytest.mark.skipif(not PYTHON.exists(), reason=MISSING)
def test_lightbox_beside_other_servers(tmp_path: Path) -> None:
    with ExitStack() as servers:
        ours = servers.enter_context(_over_http(tmp_path))  # chooses, where nothing is chosen yet
        loaded = _chosen()
        engines = dict.fromkeys((loaded.choice.kind, EXACT))
        peers = [
            servers.enter_context(_peer(which, kind, loaded, tmp_path)) for which in PEERS for kind in engines
        ]
        forward: list[float] = []
        contestants = [servers.enter_context(_in_process(loaded)), ours, *peers]
        for number in range(ROUNDS + 1):
            before = _forward(loaded)
            for contestant in contestants:
                contestant.take_turn(number)
            forward += [median((before, _forward(loaded)))] if number else []
    _print([row for contestant in contestants for row in contestant.rows], forward, loaded)


def _chosen() -> Loaded:
    """The shipped network, run as Lightbox chose on this machine."""
    engine = Engine(choosing=Choosing(HOME / "networks", chosen_device(None)))
    return engine.place(TASK, weights.opened(TASK.folder), SHIPPED)


def _forward(loaded: Loaded) -> float:
    """Inputs a second of the bare forward pass."""
    batch = torch.rand(FORWARD_BATCH, TASK.channels, TASK.input_size, TASK.input_size)
    taken = called(1, FORWARD_BATCHES, lambda: lambda _: _discard(loaded.backend.run(batch)))
    return FORWARD_BATCH * taken.per_second


def _discard(_: object) -> None:
    """An answer that nobody looks at."""


@contextmanager
def _in_process(loaded: Loaded) -> Iterator[Contestant]:
    """The batcher, asked by threads of this process."""
    inputs = list(torch.rand(max(REQUESTS), TASK.channels, TASK.input_size, TASK.input_size))
    engine = Engine()
    batcher = MicroBatcher[torch.Tensor, Output](engine.run, max_batch=BATCH, gather_ms=WAIT_MS)
    batcher.start()

    def measure(number: int, callers: int) -> Measured:
        def ask(request: int) -> None:
            (future,) = batcher.submit(loaded, [inputs[request % len(inputs)]])
            future.result()

        return called(callers, REQUESTS[callers] if number else callers, lambda: ask)

    yield Contestant(_rows("Lightbox, its batcher in process", loaded.choice.kind, ours=True), measure)
    batcher.stop()


@contextmanager
def _over_http(folder: Path) -> Iterator[Contestant]:
    """The whole of Lightbox, from `POST /api/v1/scans` to a kept result."""
    for left in HOME.iterdir() if HOME.exists() else []:
        if left.name != "networks":
            shutil.rmtree(left) if left.is_dir() else left.unlink()
    files = slices(folder / "slices", sum(REQUESTS.values()) * ROUNDS + sum(REQUESTS))
    with lightbox(HOME) as (server, token):
        headers = {"Authorization": f"Bearer {token}"}

        def measure(number: int, callers: int) -> Measured:
            requests = REQUESTS[callers] if number else callers
            fresh = [files.pop() for _ in range(requests)]
            path = "/api/v1/scans?name=slice.png&wait=60"
            return measured(Calls(server.port, path, headers, fresh, callers, requests, kept=True))

        kind = _chosen().choice.kind
        server.hold()
        yield Contestant(_rows("Lightbox, POST /scans to a kept result", kind, ours=True), measure, server)


@contextmanager
def _peer(which: Peer, kind: Kind, loaded: Loaded, folder: Path) -> Iterator[Contestant]:
    """A peer that runs the network in one way."""
    requests = PLAIN_REQUESTS if kind == EXACT else REQUESTS
    converted = HOME / "networks" / loaded.weights_sha256 / str(loaded.choice.network) / NETWORK
    network = str(converted) if kind.library is Library.OPENVINO else ""
    threads, home = network_threads(), folder / which.name / kind.library / kind.precision
    given = Given(0, str(TASK.folder), network, kind.precision, threads, BATCH, WAIT_MS)
    content = np.random.default_rng(0).random((TASK.channels, TASK.input_size, TASK.input_size), np.float32)
    body = home / "request"
    home.mkdir(parents=True)
    body.write_bytes(which.body(content.tobytes()))
    with peer(which, given, home) as server:

        def measure(number: int, callers: int) -> Measured:
            asked = requests[callers] if number else callers
            return measured(
                calls(which, server, [str(body)], content.nbytes // TASK.channels, callers, asked)
            )

        server.hold()
        yield Contestant(_rows(which.name, kind), measure, server)


def _rows(name: str, kind: Kind, *, ours: bool = False) -> tuple[Row, ...]:
    return tuple(Row(name, kind.words, callers, ours) for callers in REQUESTS)


def _print(rows: list[Row], forward: list[float], loaded: Loaded) -> None:
    print(f"\n{machine(_versions())}")
    print(
        f"bare forward pass of {FORWARD_BATCH} by {loaded.choice.kind.words}: "
        f"{median(forward):.1f} a second, rounds in turns: {ROUNDS}"
    )
    print(table(rows, forward))
    print("\n".join(verdicts(rows)))


def _versions() -> dict[str, str]:
    names = ("litserve", "ray", "bentoml", "mlflow", "openvino", "torch")
    asked = f"from importlib.metadata import version; print(*map(version, {names!r}))"
    said = subprocess.run([str(PYTHON), "-c", asked], capture_output=True, text=True, check=True).stdout
    return dict(zip(names, said.split(), strict=True))
