"""Ratios measured side by side in one run; nothing is asserted of them.

Whatever this machine would choose, each way of running a network is measured: medians of rounds in which all
take turns.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from data.labelled import phantoms
from data.labelled.phantoms import Look, PhantomLesion
from data.labelled.poses import Grid
from data.records import Role
from models import tasks, weights
from models.weights import network_of
from services.inference.backends.backend import EXACT, Backend, Kind, Precision
from services.inference.backends.conversion import convert
from services.inference.backends.openvino_backend import OpenVinoBackend, in_hardware
from services.inference.backends.torch_backend import TorchBackend
from services.inference.batcher import MicroBatcher
from services.inference.choice import NETWORK
from services.inference.engine import Engine, Output
from services.inference.threads import network_threads
from services.versions.registry import SHIPPED
from tests.services.real import person, running, send

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3600)]

INPUTS = 96
USERS = 8
ROUNDS = 5


def _networks(folder: Path, name: str) -> dict[Kind, Backend]:
    """A task's network by every way that this processor knows."""
    task = tasks.ALL[name]
    trained = weights.opened(task.folder)
    convert(
        network_of(task, trained),
        torch.rand(1, task.channels, task.input_size, task.input_size),
        folder / NETWORK,
    )
    made: dict[Kind, Backend] = {}
    for precision in (precision for precision in Precision if in_hardware(precision)):
        torch_backend = TorchBackend(network_of(task, trained), torch.device("cpu"), precision)
        made[torch_backend.kind] = torch_backend
        converted = OpenVinoBackend(folder / NETWORK, precision, network_threads())
        made[converted.kind] = converted
    return made


@pytest.mark.parametrize("name", tasks.ALL)
def test_processor_time_of_one_input_by_each_backend(name: str, tmp_path: Path) -> None:
    task, networks = tasks.ALL[name], _networks(tmp_path, name)
    for size in (1, 8, 32):
        batch = torch.rand(size, task.channels, task.input_size, task.input_size)
        took: dict[Kind, list[float]] = {kind: [] for kind in networks}
        for number in range(ROUNDS + 1):
            for kind, backend in networks.items():
                started = time.process_time()
                backend.run(batch)
                if number:  # the first round warms up
                    took[kind].append((time.process_time() - started) / size)
        exact = float(np.median(took[EXACT]))
        for kind, seconds in took.items():
            here = float(np.median(seconds))
            said = f"{1000 * here:.1f} ms, {exact / here:.2f} times as fast as trained"
            print(f"\n{name}, batch {size}, {kind.words}: {said}")


def test_a_hundred_slices_from_upload_to_result(tmp_path: Path) -> None:
    """Two whole houses in turns: one whose networks are run as they were trained, and one that chooses."""
    with running(tmp_path / "exact") as exact, running(tmp_path / "chosen", backend="auto") as chosen:
        engine = chosen.reading.engine
        while not all(choice.settled for choice in engine.choices().values()):
            time.sleep(1)
        took: dict[str, list[float]] = {"exact": [], "chosen": []}
        for number in range(ROUNDS + 1):
            for name, services in (("exact", exact), ("chosen", chosen)):
                content = _volume(number)
                user = person(services, Role.CLINICIAN, "ada")
                started = time.perf_counter()
                send(services, user, f"volume{number}.nii.gz", content)
                if number:
                    took[name].append(time.perf_counter() - started)
        medians = {name: float(np.median(seconds)) for name, seconds in took.items()}
        words = engine.choices()["brain-tumour"].kind.words
    print(
        f"\n100 slices, upload to kept result: {medians['exact']:.1f} s as trained, "
        f"{medians['chosen']:.1f} s by {words}: {medians['exact'] / medians['chosen']:.2f} times as fast"
    )


def _volume(number: int) -> bytes:
    """A head of 100 slices with a lesion, another one each time: the same scan is not read again."""
    look = Look(noise=0.02, bias=0.1, blur=0.5, gain=1000)
    head = phantoms.head(
        Grid(100, 240, 240, 1.5, 0.95), look, PhantomLesion(20, 0.8), np.random.default_rng(number)
    )
    return phantoms.nifti(head.voxels, head.affine, "FLAIR")


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
        for tensor in inputs:
            engine.run(loaded, [tensor])

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
        f"\n{name} on {engine.device_name}, {loaded.choice.kind.words}, {INPUTS} inputs: "
        f"batcher with {USERS} users {base / _seconds(many_users):.2f} of the raw forward pass's rate, "
        f"one input at a time {base / _seconds(one_at_a_time):.2f}"
    )
    batcher.stop()
