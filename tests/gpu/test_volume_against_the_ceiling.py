"""How fast a volume is read by CUDA, against what the card can do in bfloat16; prints, asserts nothing.

No card was at hand when this was written: `python -m pytest -m gpu -s tests/gpu` where one is.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from data.labelled import phantoms
from data.labelled.phantoms import Look, PhantomLesion
from data.labelled.poses import Grid
from data.records import Spacing
from models import tasks, weights
from models.weights import network_of
from services.inference.backends.backend import Precision
from services.inference.backends.torch_backend import TorchBackend

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device"),
]

SHAPE = (155, 240, 240)
SIDE = 8192  # of the square matrices that the ceiling is measured with
ROUNDS = 5
BATCHES = (16, 32, 64)


def test_a_volume_of_155_slices() -> None:
    task = tasks.ALL["brain-tumour"]
    trained = weights.opened(task.folder)
    backend = TorchBackend(network_of(task, trained), torch.device("cuda"), Precision.BFLOAT16)
    look = Look(noise=0.02, bias=0.1, blur=0.5, gain=1000)
    head = phantoms.head(Grid(*SHAPE, 1.0, 1.0), look, PhantomLesion(20, 0.8), np.random.default_rng(0))
    volume = np.ascontiguousarray(head.voxels.transpose(2, 1, 0))
    inputs, placement = task.prepare(volume)
    ceiling = _operations_a_second()
    needed = _operations(network_of(task, trained), inputs[:1]) * len(inputs)
    for size in BATCHES:
        raw = [backend.run(part)[0] for part in inputs.split(size)]
        passed = _seconds(lambda size=size: [backend.run(part) for part in inputs.split(size)])
        print(
            f"\n{torch.cuda.get_device_name()}, batches of {size}: network {1000 * passed:.0f} ms, "
            f"{needed / passed / ceiling:.2f} of the measured ceiling ({ceiling / 1e12:.0f} TFLOP/s)"
        )
    prepared = _seconds(lambda: task.prepare(volume))
    logits = np.concatenate(raw)
    answered = _seconds(lambda: task.answer(logits, placement, Spacing(1, 1, 1), trained.decision))
    print(f"on the CPU: prepared in {1000 * prepared:.0f} ms, answered in {1000 * answered:.0f} ms")


def _operations_a_second() -> float:
    """Of a product of large square matrices in bfloat16: what the card is measured to be able to do."""
    matrix = torch.rand(SIDE, SIDE, device="cuda", dtype=torch.bfloat16)
    return 2 * SIDE**3 / _seconds(lambda: matrix @ matrix)


def _operations(network: torch.nn.Module, sample: torch.Tensor) -> int:
    """Floating point operations that one input takes: a multiplication and an addition are two."""
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        network(sample)
    return int(counter.get_total_flops())


def _seconds(work: Callable[[], object]) -> float:
    """The median of a few rounds, each waited for to its end."""
    took = []
    for number in range(ROUNDS + 1):
        torch.cuda.synchronize()
        started = time.perf_counter()
        work()
        torch.cuda.synchronize()
        if number:  # the first one warms up
            took.append(time.perf_counter() - started)
    return statistics.median(took)
