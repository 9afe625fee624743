"""What computes makes way for pages, and nobody who holds the interpreter's lock does."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from torch import nn

from data.priorities import NICENESS
from services.inference.backends.backend import Precision
from services.inference.backends.conversion import convert
from services.inference.backends.openvino_backend import OpenVinoBackend
from services.inference.backends.torch_backend import TorchBackend
from services.inference.batcher import MicroBatcher
from services.inference.threads import make_way

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has priorities of threads")


def _niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def test_a_thread_that_makes_way_and_those_that_it_starts_come_after_others() -> None:
    before, told = _niceness(), []

    def work() -> None:
        make_way()
        told.append(_niceness())
        child = threading.Thread(target=lambda: told.append(_niceness()))
        child.start()
        child.join()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert told == [NICENESS, NICENESS]
    assert _niceness() == before < NICENESS


class Noting(nn.Module):
    """Notes how nice whoever computes is."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[int] = []

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        self.seen.append(_niceness())
        return pictures


def test_pytorch_computes_after_pages_and_whoever_asks_it_does_not() -> None:
    network, before = Noting(), _niceness()
    backend = TorchBackend(network, torch.device("cpu"))
    backend.run(torch.zeros(1, 1, 2, 2))
    assert network.seen == [NICENESS]
    assert _niceness() == before


def test_openvino_computes_after_pages_and_whoever_asks_it_does_not(tmp_path: Path) -> None:
    inputs = torch.rand(4, 1, 256, 256)
    network = nn.Sequential(nn.Conv2d(1, 64, 9), nn.AdaptiveAvgPool2d(1)).eval()
    convert(network, inputs[:1], tmp_path / "network.xml")
    before, mine = _niceness(), threading.get_native_id()
    backend = OpenVinoBackend(tmp_path / "network.xml", Precision.FLOAT32, threads=2)
    backend.run(inputs)
    began = _computed()
    for _ in range(20):
        backend.run(inputs)
    worked = {thread: seconds - began.get(thread, 0.0) for thread, seconds in _computed().items()}
    nice = {thread for thread in worked if os.getpriority(os.PRIO_PROCESS, thread) == NICENESS}
    assert sum(worked[thread] for thread in nice) > 5 * worked[mine]
    assert _niceness() == before


def test_the_batcher_s_thread_is_not_kept_from_the_cores_while_it_holds_the_interpreter() -> None:
    batcher = MicroBatcher[int, int](lambda _key, inputs: [_niceness() for _ in inputs])
    batcher.start()
    (future,) = batcher.submit("network", [1])
    assert future.result(timeout=30) == _niceness()
    batcher.stop()


def _computed() -> dict[int, float]:
    """Seconds that each thread of this process has computed."""
    seconds = {}
    for place in Path("/proc/self/task").iterdir():
        with suppress(FileNotFoundError):
            seconds[int(place.name)] = int((place / "schedstat").read_text().split()[0]) / 1e9
    return seconds
