"""CUDA and the CPU say the same; readings a second on both."""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch

from models import tasks, weights
from models.overlap import dice
from services.inference.engine import Engine
from services.versions.registry import SHIPPED
from tests import phantoms

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device"),
]


@pytest.mark.parametrize("name", sorted(tasks.CLINICAL))
def test_masks_and_probabilities_agree(name: str) -> None:
    from data.records import Spacing

    task = tasks.ALL[name]
    trained = weights.opened(task.folder)
    volume = np.moveaxis(phantoms.brain(lesion_mm=20), 2, 0)[:, ::-1, ::-1].swapaxes(1, 2)
    answers = {}
    for device in ("cpu", "cuda"):
        engine = Engine(device)
        loaded = engine.place(task, trained, SHIPPED)
        prepared, placement = task.prepare(volume)
        inputs = list(prepared)
        engine.run(loaded, inputs[:8])
        started = time.perf_counter()
        outputs = np.stack(
            [
                output.raw
                for at in range(0, len(inputs), 16)
                for output in engine.run(loaded, inputs[at : at + 16])
            ]
        )
        print(f"{name} on {device}: {len(inputs) / (time.perf_counter() - started):.0f} inputs a second")
        reshaped = outputs.reshape(len(inputs), *outputs.shape[1:])
        answers[device] = task.answer(reshaped, placement, Spacing(), trained.decision)
    cpu, cuda = answers["cpu"], answers["cuda"]
    assert abs(cpu.probability - cuda.probability) < 0.01
    if cpu.mask is not None and cuda.mask is not None:
        assert dice(cpu.mask, cuda.mask) > 0.999
