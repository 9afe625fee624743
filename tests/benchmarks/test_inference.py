"""Ratios measured side by side in one run; nothing is asserted of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from models import tasks, weights
from services.inference.batcher import MicroBatcher
from services.inference.engine import Engine, Output
from services.versions.registry import SHIPPED

pytestmark = pytest.mark.bench

INPUTS = 96
USERS = 8


def _seconds(work: Callable[[], object], rounds: int = 3) -> float:
    taken = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return float(np.median(taken))


@pytest.mark.parametrize("name", sorted(tasks.CLINICAL))
def test_batched_readings_against_the_raw_forward_pass(name: str) -> None:
    task = tasks.ALL[name]
    engine = Engine()
    loaded = engine.place(task, weights.opened(task.folder), SHIPPED)
    inputs = list(torch.rand(INPUTS, task.channels, task.input_size, task.input_size))
    batcher: MicroBatcher[torch.Tensor, Output] = MicroBatcher(engine.run, max_batch=16)
    batcher.start()

    def raw() -> None:
        for start in range(0, INPUTS, 16):
            engine.run(loaded, inputs[start : start + 16])

    def one_at_a_time() -> None:
        for one in inputs:
            engine.run(loaded, [one])

    def many_users() -> None:
        share = INPUTS // USERS

        def user(number: int) -> None:
            for future in batcher.submit(loaded, inputs[number * share : (number + 1) * share]):
                future.result()

        with ThreadPoolExecutor(USERS) as pool:
            list(pool.map(user, range(USERS)))

    raw()
    base = _seconds(raw)
    print(
        f"\n{name} on {engine.device_name}, {loaded.dtype_name}, {INPUTS} inputs: "
        f"batcher with {USERS} users {base / _seconds(many_users):.2f} of the raw forward pass's rate, "
        f"one input at a time {base / _seconds(one_at_a_time):.2f}"
    )
    batcher.stop()
