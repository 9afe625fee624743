"""From the upload to the kept result, in forward passes of the fastest way to run the network here.

Printed, never asserted: medians of rounds in which all kinds of scans take turns, on the wall and in the
processor's time of the server (the child that decodes is not in that).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from data.records import Role
from models import tasks
from services.assembly.container import Services
from tests.benchmarks.test_import import XRAYS, brain_slice
from tests.benchmarks.test_inference import _volume
from tests.services.imports import write_picture
from tests.services.real import person, running, send

pytestmark = [pytest.mark.bench, pytest.mark.timeout(7200)]

ROUNDS = 5
Seconds = NDArray[np.float64]


def test_upload_to_kept_result_in_forward_passes(tmp_path: Path) -> None:
    kinds = {"one slice": ("brain-tumour", 1), "100 slices": ("brain-tumour", 100)}
    films = sorted(XRAYS.rglob("*.jpg"))[: ROUNDS + 1]
    if films:
        kinds["one film"] = ("pneumonia", 1)
    with running(tmp_path / "home", backend="auto") as services:
        while not all(choice.settled for choice in services.reading.engine.choices().values()):
            time.sleep(1)
        took: dict[str, list[tuple[Seconds, Seconds]]] = {kind: [] for kind in kinds}
        for number in range(ROUNDS + 1):
            contents = {
                "one slice": ("slice.png", _slice(tmp_path, number)),
                "100 slices": ("volume.nii.gz", _volume(number)),
            } | ({"one film": ("film.jpg", films[number].read_bytes())} if films else {})
            for kind, (task, inputs) in kinds.items():
                measured = _both(services, *contents[kind], task, inputs)
                if number:  # the first round warms up
                    took[kind].append(measured)
        words = {task: services.reading.engine.choices()[task].kind.words for task, _ in kinds.values()}
    for kind, rounds in took.items():
        whole, raw = (np.median([side[part] for side in rounds], axis=0) for part in (0, 1))
        print(
            f"\n{kind}, upload to kept result: {whole[0]:.2f} s, {whole[0] / raw[0]:.2f} forward passes by "
            f"{words[kinds[kind][0]]} ({whole[1]:.2f} s of the processor, {whole[1] / raw[1]:.2f} passes)"
        )


def _slice(folder: Path, number: int) -> bytes:
    file = folder / f"{number}.png"
    write_picture(file, brain_slice(20, number))
    return file.read_bytes()


def _both(services: Services, name: str, content: bytes, task: str, inputs: int) -> tuple[Seconds, Seconds]:
    """The whole way of a scan, and the bare network of as many inputs, right after each other."""
    user = person(services, Role.CLINICIAN, "ada")
    value, loaded = tasks.ALL[task], services.reading.engine.loaded(task)
    batch = torch.rand(inputs, value.channels, value.input_size, value.input_size)
    return (
        _seconds(lambda: send(services, user, name, content)),
        _seconds(lambda: loaded.backend.run(batch)),
    )


def _seconds(work: Callable[[], object]) -> Seconds:
    """On the wall, and of the processor."""
    started = np.array([time.perf_counter(), time.process_time()])
    work()
    return np.array([time.perf_counter(), time.process_time()]) - started
