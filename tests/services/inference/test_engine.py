"""The engine on the CPU, with the shipped networks."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from data.errors import ModelUnavailable
from models import weights
from models.metrics import dice
from models.tasks import ALL
from services.inference.engine import Engine
from services.registry import SHIPPED
from tests import phantoms


def _head(size: int) -> list[torch.Tensor]:
    volume = np.moveaxis(phantoms.brain(lesion_mm=18), 2, 0)[40:52, ::-1, ::-1].swapaxes(1, 2)
    task = next(task for task in ALL.values() if task.input_size == size)
    return list(task.prepare(volume)[0])


def test_nothing_is_answered_before_a_network_is_placed() -> None:
    with pytest.raises(ModelUnavailable):
        Engine("cpu").run("brain-tumour", [torch.zeros(3, 192, 192)])


def test_the_quick_number_format_draws_the_same_masks_as_float32() -> None:
    task = ALL["brain-tumour"]
    trained = weights.opened(task.folder)
    outputs = []
    for exact in (True, False):
        engine = Engine("cpu", exact=exact)
        loaded = engine.place(task, trained, SHIPPED)
        assert loaded.dtype is torch.float32 or not exact
        outputs.append(np.stack(engine.run(task.name, _head(192))))
    exact_mask, quick_mask = outputs[0] > 0, outputs[1] > 0
    assert exact_mask.any()
    assert dice(exact_mask, quick_mask) > 0.98


def test_a_batch_answers_each_input_as_if_it_were_alone() -> None:
    task = ALL["suitability"]
    engine = Engine("cpu", exact=True)
    engine.place(task, weights.opened(task.folder), SHIPPED)
    inputs = list(torch.rand(5, 1, 112, 112))
    together = engine.run(task.name, inputs)
    for one, answer in zip(inputs, together, strict=True):
        np.testing.assert_allclose(engine.run(task.name, [one])[0], answer, rtol=1e-3, atol=1e-3)


def test_a_version_that_cannot_load_leaves_the_old_one_serving(tmp_path: object) -> None:
    task = ALL["suitability"]
    engine = Engine("cpu", exact=True)
    engine.place(task, weights.opened(task.folder), "1")
    broken = weights.save(tmp_path, {"nothing": torch.zeros(1)}, weights.opened(task.folder).decision, {}, {})  # type: ignore[arg-type]
    with pytest.raises(RuntimeError):
        engine.place(task, broken, "2")
    assert engine.loaded(task.name).version == "1"
    assert len(engine.run(task.name, [torch.zeros(1, 112, 112)])) == 1
