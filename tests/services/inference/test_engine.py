"""The engine on the CPU, with the shipped networks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from data.errors import ModelUnavailable, UnusableModel
from models import weights
from models.tasks import ALL
from services.inference.engine import Engine
from services.versions.registry import SHIPPED


def test_nothing_is_answered_before_a_network_is_placed() -> None:
    with pytest.raises(ModelUnavailable):
        Engine("cpu").loaded("brain-tumour")


def test_a_batch_answers_each_input_as_if_it_were_alone() -> None:
    task = ALL["suitability"]
    engine = Engine("cpu")
    loaded = engine.place(task, weights.opened(task.folder), SHIPPED)
    inputs = list(torch.rand(5, 1, 112, 112))
    together = engine.run(loaded, inputs)
    for tensor, answer in zip(inputs, together, strict=True):
        np.testing.assert_allclose(engine.run(loaded, [tensor])[0].raw, answer.raw, rtol=1e-3, atol=1e-3)


def test_a_version_that_cannot_load_leaves_the_old_one_serving(tmp_path: object) -> None:
    task = ALL["suitability"]
    engine = Engine("cpu")
    engine.place(task, weights.opened(task.folder), "1")
    broken = weights.save(tmp_path, {"nothing": torch.zeros(1)}, weights.opened(task.folder).decision, {}, {})  # type: ignore[arg-type]
    with pytest.raises(UnusableModel, match="does not fit"):
        engine.place(task, broken, "2")
    assert engine.loaded(task.name).version == "1"
    assert len(engine.run(engine.loaded(task.name), [torch.zeros(1, 112, 112)])) == 1


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("can't allocate memory: 8 bytes")]
)
def test_without_memory_for_a_second_network_the_first_serves_on(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = ALL["suitability"]
    engine = Engine("cpu")
    engine.place(task, weights.opened(task.folder), "1")

    def too_large(*_: object) -> None:
        raise error

    monkeypatch.setattr("services.inference.engine.network_of", too_large)
    with pytest.raises(UnusableModel, match="not enough memory"):
        engine.place(task, weights.opened(task.folder), "2")
    assert engine.loaded(task.name).version == "1"


def test_a_network_that_answers_with_no_numbers_does_not_serve(tmp_path: Path) -> None:
    task = ALL["suitability"]
    engine = Engine("cpu")
    first = weights.opened(task.folder)
    engine.place(task, first, "1")
    state = {
        name: value * float("nan")
        for name, value in load_file(first.folder / weights.WEIGHTS).items()
        if value.dtype.is_floating_point
    }
    state |= {
        name: value
        for name, value in load_file(first.folder / weights.WEIGHTS).items()
        if not value.dtype.is_floating_point
    }
    spoilt = weights.save(tmp_path, state, first.decision, {}, {})
    with pytest.raises(UnusableModel, match="does not answer with numbers"):
        engine.place(task, spoilt, "2")
    assert engine.loaded(task.name).version == "1"


def test_who_comes_while_networks_load_may_wait_for_them() -> None:
    task = ALL["suitability"]
    engine = Engine("cpu")
    assert not engine.wait_until_loaded([task.name], 0.01)
    assert engine.wait_until_loaded([], 0)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(engine.wait_until_loaded, [task.name], 60)
        engine.place(task, weights.opened(task.folder), SHIPPED)
        assert waiting.result()
