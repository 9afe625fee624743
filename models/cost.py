"""What a network costs on a device: time a picture, and memory at the worst moment."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

ROUNDS = 7
MB = 1e6
_MEMORY = "[memory]"


@dataclass(frozen=True)
class Measured:
    """Milliseconds a picture, and megabytes: of the weights, and at most beyond them."""

    picture_ms: float
    weights_mb: float
    peak_mb: float


@torch.inference_mode()
def measured(networks: Sequence[nn.Module], batch: Tensor) -> list[Measured]:
    """The cost of each network for `batch` (n, channels, size, size), in float32.

    They take turns, and the time is that of the quickest of seven rounds, for whatever else the machine
    does meanwhile only ever adds to it. Memory is what this thread's operations had allocated at most,
    on the device and off it, by torch's own account: what others do does not count.
    """
    seconds: list[list[float]] = [[] for _ in networks]
    for _ in range(ROUNDS):
        for place, network in enumerate(networks):
            started = time.perf_counter()
            _forward(network, batch)
            seconds[place].append(time.perf_counter() - started)
    return [
        Measured(
            min(taken) * 1000 / len(batch),
            sum(tensor.nbytes for tensor in (*network.parameters(), *network.buffers())) / MB,
            _peak_bytes(network, batch) / MB,
        )
        for taken, network in zip(seconds, networks, strict=True)
    ]


def _forward(network: nn.Module, batch: Tensor) -> None:
    device = next(network.parameters()).device
    network(batch.to(device, memory_format=torch.channels_last)).cpu()


def _peak_bytes(network: nn.Module, batch: Tensor) -> int:
    activities = [ProfilerActivity.CPU] + [ProfilerActivity.CUDA] * torch.cuda.is_available()
    with profile(activities=activities, profile_memory=True, acc_events=True) as seen:
        _forward(network, batch)
    results = seen.profiler.kineto_results
    changes = sorted(
        (event.start_ns(), event.nbytes()) for event in results.events() if event.name() == _MEMORY
    )
    held = highest = 0
    for _, change in changes:
        held += change
        highest = max(highest, held)
    return highest


def pictures(n: int, channels: int, size: int) -> Tensor:
    """Noise (n, channels, size, size): what a picture shows changes nothing of what it costs."""
    return torch.rand(n, channels, size, size, generator=torch.Generator().manual_seed(0))
